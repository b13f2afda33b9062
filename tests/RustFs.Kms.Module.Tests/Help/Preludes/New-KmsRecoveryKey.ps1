$null = New-TextFile ./report.pdf
