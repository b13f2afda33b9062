Use-KeyDirectory
$newPassphrase = New-Secret 'a new passphrase'
$null = New-TextFile ./report.pdf
Protect-KmsFile ./report.pdf -KeyId app
$null = New-TextFile ./mail/sent.txt
Protect-KmsFile ./mail/sent.txt -Passphrase $passphrase
$null = New-KmsRecoveryKey ./recovery.pem ./recovery.pub
