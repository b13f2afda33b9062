Use-Server
$null = New-TextFile ./logs/rustfs.log 'started'
