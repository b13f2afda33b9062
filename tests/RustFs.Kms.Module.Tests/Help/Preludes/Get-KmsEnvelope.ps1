Use-KeyDirectory
$null = New-TextFile ./report.pdf
Protect-KmsFile ./report.pdf -KeyId app
