Use-Server
Update-KmsConfiguration -DefaultKeyId app
