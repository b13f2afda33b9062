Use-Server
Use-KeyDirectory
