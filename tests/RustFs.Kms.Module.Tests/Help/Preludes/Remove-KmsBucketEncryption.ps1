Use-Server
Set-KmsBucketEncryption logs -KeyId app
