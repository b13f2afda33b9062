Use-Server -Name server
Use-KeyDirectory
$null = New-TextFile ./report.pdf
$null = New-TextFile ./documents/a.txt
$null = New-TextFile ./documents/old/b.txt
$null = New-KmsRecoveryKey ./given.pem ./recovery.pub
