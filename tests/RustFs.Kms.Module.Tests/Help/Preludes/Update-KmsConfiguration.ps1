Use-Server -Name prod -Unconfigured
Set-KmsConfiguration -KeyDirectory /var/lib/rustfs/kms -MasterKey $masterKey -Start
$null = New-KmsKey app
