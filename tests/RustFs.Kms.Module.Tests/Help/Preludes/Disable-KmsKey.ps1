Use-Server -Name prod
