Use-KeyDirectory
$wrapped = (New-KmsDataKey app -EncryptionContext @{ bucket = 'photos' } -WithoutPlaintext).CiphertextBlobBase64
$null = Backup-KmsKeyStore -BackupId backup-1
