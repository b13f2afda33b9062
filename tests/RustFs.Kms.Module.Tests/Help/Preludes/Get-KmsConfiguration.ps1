Use-Server -Name prod
Use-Server -Name staging -HostName rustfs2.example.com
