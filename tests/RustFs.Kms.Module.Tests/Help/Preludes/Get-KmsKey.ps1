Use-KeyDirectory
Set-KmsKey app 'Photos' -Confirm:$false
Add-KmsKeyTag app @{ env = 'prod' }
Remove-KmsKey old -Force
