Use-Server -Name setup
$null = Backup-KmsKeyStore -BackupId backup-1
Disconnect-Kms setup
Use-KeyDirectory
$null = Backup-KmsKeyStore -BackupId backup-1
$wrapped = (New-KmsDataKey app).CiphertextBlobBase64
$identity = 'example'
Disconnect-Kms -All
Copy-ExampleFolder ./keys ./copy
