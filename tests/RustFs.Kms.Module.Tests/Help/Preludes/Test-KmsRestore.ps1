Use-KeyDirectory
$null = Backup-KmsKeyStore -BackupId backup-1
