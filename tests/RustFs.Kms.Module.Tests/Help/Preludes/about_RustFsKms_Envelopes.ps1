Use-KeyDirectory
$env:RUSTFS_KMS_LOCAL_MASTER_KEY = 'example-master-key'
$null = New-TextFile ./report.pdf
$null = New-TextFile ./old
$null = New-TextFile ./a
$null = New-TextFile ./opened/there
$null = New-KmsRecoveryKey ./given.pem ./recovery.pub
Protect-KmsFile old -KeyId app
Protect-KmsFile a -KeyId app -Passphrase (New-Secret 'Y')
Disconnect-Kms -All
Copy-ExampleFolder ./keys ./copy-of-keys
