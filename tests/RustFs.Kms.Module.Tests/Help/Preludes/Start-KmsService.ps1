Use-Server -Name prod
Stop-KmsService -Force
