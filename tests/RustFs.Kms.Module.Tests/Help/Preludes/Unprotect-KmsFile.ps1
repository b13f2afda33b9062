Use-KeyDirectory
$null = New-TextFile ./report.pdf
$null = New-TextFile ./opened/readme.txt
$recovery = New-KmsRecoveryKey ./recovery.pem
Protect-KmsFile ./report.pdf -KeyId app -RecoveryRecipient $recovery -EncryptionContext @{ project = 'alpha' }
