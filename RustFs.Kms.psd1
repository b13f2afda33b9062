@{
    RootModule           = 'RustFs.Kms.PowerShell.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '7f052466-b8f9-4574-bf37-1103cb77f30f'
    Author               = 'RustFs.Kms contributors'
    CompanyName          = 'RustFs.Kms contributors'
    Copyright            = '(c) RustFs.Kms contributors. Apache-2.0.'
    Description          = 'Administers the KMS (key management service) of RustFS, an S3-compatible object store: keys, data keys and key directories, offline and in the same cmdlets everywhere. PowerShell 7.4 and newer; Windows PowerShell 5.1 is not supported.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('RustFs.Kms.Types.ps1xml')
    FormatsToProcess     = @('RustFs.Kms.Format.ps1xml')
    FunctionsToExport    = @()
    VariablesToExport    = @()
    CmdletsToExport      = @(
        'Add-KmsKeyTag'
        'Connect-Kms'
        'Disable-KmsKey'
        'Disconnect-Kms'
        'Enable-KmsKey'
        'Get-KmsConnection'
        'Get-KmsKey'
        'Get-KmsStatus'
        'Invoke-KmsKeyRotation'
        'New-KmsDataKey'
        'New-KmsKey'
        'Remove-KmsKey'
        'Remove-KmsKeyTag'
        'Set-KmsKey'
        'Test-KmsKey'
        'Test-KmsKeyStore'
        'Undo-KmsKeyRemoval'
        'Unprotect-KmsDataKey'
        'Update-KmsDataKey'
    )
    AliasesToExport      = @(
        'Add-RustFsKmsKeyTag'
        'Connect-RustFsKms'
        'Disable-RustFsKmsKey'
        'Disconnect-RustFsKms'
        'Enable-RustFsKmsKey'
        'Get-RustFsKmsConnection'
        'Get-RustFsKmsKey'
        'Get-RustFsKmsStatus'
        'Invoke-RustFsKmsKeyRotation'
        'New-RustFsKmsDataKey'
        'New-RustFsKmsKey'
        'Remove-RustFsKmsKey'
        'Remove-RustFsKmsKeyTag'
        'Set-RustFsKmsKey'
        'Test-RustFsKmsKey'
        'Test-RustFsKmsKeyStore'
        'Undo-RustFsKmsKeyRemoval'
        'Unprotect-RustFsKmsDataKey'
        'Update-RustFsKmsDataKey'
    )
    PrivateData          = @{
        PSData = @{
            Tags         = @('RustFS', 'KMS', 'S3', 'Encryption', 'SSE', 'KeyManagement', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            LicenseUri   = 'https://www.apache.org/licenses/LICENSE-2.0'
            ProjectUri   = 'https://github.com/rustfs/rustfs'
            ReleaseNotes = 'First release: keys and data keys in a RustFS key directory, offline. See CHANGELOG.md.'
        }
    }
}
