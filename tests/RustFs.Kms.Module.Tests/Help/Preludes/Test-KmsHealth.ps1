Use-Server
Use-Server east rustfs-east.example.com
Use-KeyDirectory
$null = Connect-Kms -Endpoint https://rustfs.example.com:9000 -Credential $admin -Name server
