Use-KeyDirectory
$dataKey = New-KmsDataKey app
