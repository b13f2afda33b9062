Use-KeyDirectory
Remove-KmsKey old -Force
