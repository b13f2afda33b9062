<#
.SYNOPSIS
    What a pipeline does with a KMS: looks at its configuration before it is sent, sees to it that the key is there, and makes sure that
    everything is healthy. Ends with the exit code of the error when something is not.

.DESCRIPTION
    With -Endpoint (or RUSTFS_KMS_ENDPOINT), against a server. Without, against an emulator that lives as long as this script, so that the
    pipeline itself can be tried anywhere. On GitHub Actions and Azure Pipelines, annotations and a summary say what is wrong.

.PARAMETER Endpoint
    The server. Its credential comes from the environment: RUSTFS_KMS_ACCESS_KEY and RUSTFS_KMS_SECRET_KEY.

.PARAMETER KeyId
    The key that has to be there.

.PARAMETER BucketName
    The bucket for the smoke test. Without it, nothing is written.

.EXAMPLE
    ./examples/ci/checks.ps1

.EXAMPLE
    ./examples/ci/checks.ps1 -Endpoint https://rustfs.example.com:9000 -BucketName ci
#>
[CmdletBinding()]
param(
    [uri] $Endpoint = $env:RUSTFS_KMS_ENDPOINT,

    [string] $KeyId = 'app',

    [string] $BucketName
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$emulator = $null
try {
    # Before anything is sent: whether a server would take the configuration that is kept beside this script.
    $findings = @(Test-KmsConfiguration -Path ([IO.Path]::Combine($PSScriptRoot, 'kms.psd1')) | Where-Object Severity -EQ 'Error')
    if ($findings) {
        $findings | Out-Host
        exit 2
    }

    if ($Endpoint) {
        $null = Connect-Kms -Endpoint $Endpoint
    }
    else {
        $emulator = Start-KmsEmulator -Running
        $null = $emulator | Connect-Kms
    }

    # As often as you like: a key that is there stays as it is.
    $null = New-KmsKey $KeyId -IfNotExists
    if ($emulator) {
        Update-KmsConfiguration -DefaultKeyId $KeyId
    }

    $smoke = if ($BucketName) { @{ BucketName = $BucketName } } else { @{} }
    Assert-KmsHealth -CiReport -MaximumClockSkewSeconds 300 -MinimumDaysToDeletion 7 @smoke
    $Host.UI.WriteLine('The KMS is healthy.')
}
catch {
    $Host.UI.WriteErrorLine("$($_.FullyQualifiedErrorId.Split(',')[0]): $_")
    exit $(if ($_.Exception -is [RustFs.Kms.KmsException]) { $_.Exception.ExitCode } else { 1 })
}
finally {
    if ($emulator) {
        Stop-KmsEmulator $emulator
    }
}
