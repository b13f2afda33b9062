Use-KeyDirectory
$wrapped = (New-KmsDataKey app -EncryptionContext @{ bucket = 'photos' } -WithoutPlaintext).CiphertextBlobBase64
$stored = 1..3 | ForEach-Object { (New-KmsDataKey app -EncryptionContext @{ bucket = 'photos' } -WithoutPlaintext).CiphertextBlobBase64 }
