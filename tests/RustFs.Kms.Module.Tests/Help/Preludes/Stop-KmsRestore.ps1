Use-Server
Stop-KmsService -Force
$null = New-TextFile ./restored/.restore-commit.json '{}'
