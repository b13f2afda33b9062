Use-Server
