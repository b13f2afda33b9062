Use-Server
Set-KmsBucketEncryption photos -KeyId app -Confirm:$false
