Use-KeyDirectory
New-KmsDataKey old, nosuchkey -ErrorAction SilentlyContinue -ErrorVariable global:failures
