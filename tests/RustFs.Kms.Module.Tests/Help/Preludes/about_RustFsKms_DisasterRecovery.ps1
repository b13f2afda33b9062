Use-KeyDirectory
$wrapped = (New-KmsDataKey app -WithoutPlaintext).CiphertextBlobBase64
Disconnect-Kms local
Use-Server -NoConnection
$identity = 'emulator'
