Use-Server -Name prod -Unconfigured
$secretId = New-Secret 'an-approle-secret-id'
$null = New-TextFile ./kms.psd1 "@{ backend_type = 'Local'; key_dir = '/var/lib/rustfs/kms'; default_key_id = 'app' }"
