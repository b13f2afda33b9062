Use-Server -Name prod
Use-Server -Name staging -HostName rustfs2.example.com
$null = New-TextFile ./kms.psd1 "@{ backend_type = 'Local'; key_dir = '/var/lib/rustfs/kms'; default_key_id = 'app' }"
