# What is typed at the questions for the master key is in the variable here; passphrases are the answers.
$PSDefaultParameterValues.Clear()
[Environment]::SetEnvironmentVariable('RUSTFS_KMS_LOCAL_MASTER_KEY', 'example-master-key')
Use-KeyDirectory
Disconnect-Kms local
$null = New-TextFile ./report.pdf
$null = New-TextFile ./opened/readme.txt
$null = New-TextFile ./a
$null = New-TextFile ./old
$null = New-KmsRecoveryKey ./given.pem ./recovery.pub
