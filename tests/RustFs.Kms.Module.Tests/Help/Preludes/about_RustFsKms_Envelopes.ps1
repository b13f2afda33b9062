# A person types the master key; here it is in the variable. Passphrases are what is answered to every question.
$PSDefaultParameterValues.Clear()
Use-KeyDirectory
$null = New-TextFile ./report.pdf
$null = New-TextFile ./opened/readme.txt
$null = New-TextFile ./old
Protect-KmsFile ./old -KeyId app
Protect-KmsFile ./old ./sent.kms -Passphrase (New-Secret 'Y')
$null = New-KmsRecoveryKey ./given.pem ./recovery.pub
Disconnect-Kms local
[Environment]::SetEnvironmentVariable('RUSTFS_KMS_LOCAL_MASTER_KEY', 'example-master-key')
$path = $ExecutionContext.SessionState.Path
$copy = [IO.Directory]::CreateDirectory($path.GetUnresolvedProviderPathFromPSPath('./copy-of-keys')).FullName
[IO.Directory]::GetFiles($path.GetUnresolvedProviderPathFromPSPath('./keys')) | ForEach-Object { [IO.File]::Copy($_, [IO.Path]::Combine($copy, [IO.Path]::GetFileName($_))) }
