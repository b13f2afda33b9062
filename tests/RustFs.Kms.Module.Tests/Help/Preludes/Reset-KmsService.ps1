Use-Server -Name prod -Unconfigured
Set-KmsConfiguration -KeyDirectory /var/lib/rustfs/kms -MasterKey $masterKey -Start
$null = New-TextFile ./kms.psd1 "@{ backend_type = 'Local'; key_dir = '/var/lib/rustfs/kms'; default_key_id = 'app' }"
