Use-KeyDirectory
$null = New-TextFile ./copy/broken.key '{'
