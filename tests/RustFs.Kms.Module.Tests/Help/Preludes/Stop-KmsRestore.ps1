Use-Server
Stop-KmsService -Force
$null = New-TextFile ./restored/.restore-commit.json ('{"format_version":1,"backup_id":"b1","manifest_digest":{"algorithm":"sha-256","hex":"' + '0' * 64 + '"},"files":["app.key"]}')
