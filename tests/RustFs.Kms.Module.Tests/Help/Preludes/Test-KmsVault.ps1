Use-Vault
Use-Server
New-SecretFile ./vault.token 'hvs.example'
