Use-Server
$null = Backup-KmsKeyStore -BackupId backup-1
Use-KeyDirectory
$null = Backup-KmsKeyStore -BackupId backup-1
