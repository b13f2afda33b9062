Use-Server -Name prod
Use-KeyDirectory
