Use-Server -NoConnection
Use-KeyDirectory
Disconnect-Kms -All
