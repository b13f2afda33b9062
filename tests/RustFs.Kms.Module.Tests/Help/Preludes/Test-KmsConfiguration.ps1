Use-Server -Name prod
$null = New-TextFile ./kms.psd1 "@{ backend_type = 'VaultTransit'; address = 'https://vault.example.com:8200'; auth_method = @{ Kubernetes = @{ role = 'rustfs' } }; default_key_id = 'app' }"
