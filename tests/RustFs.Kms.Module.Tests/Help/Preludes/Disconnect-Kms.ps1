Use-Server -Name prod-1
Use-KeyDirectory
