<#
.SYNOPSIS
    A second tour: administer the KMS of a RustFS server, for each generation of its API, against an emulator.

.DESCRIPTION
    Starts an emulator of a RustFS server, connects to it with a signed connection, configures and starts the KMS, makes, lists,
    tags, disables and (where possible) rotates keys, gets a data key, sets the default encryption of a bucket, clears the cache,
    makes a backup and stops the KMS. What a generation of the API lacks is a line, and it is checked that it is refused as such.
    Each step is checked: the script exits with 1 when one did not do what it says. Nothing is left behind.

    The same cmdlets work against a real server: leave the emulator out, and give Connect-Kms its address.

    It runs in the console of this repository and in PowerShell 7.4 and newer:
        dotnet run --project src/RustFs.Kms.Console -- examples/remote-admin.ps1
        pwsh -Command "Import-Module ./out/RustFs.Kms; ./examples/remote-admin.ps1"

.PARAMETER ApiGeneration
    The generations to go through: Current, Guide, Early. All of them when nothing is said.
#>
[CmdletBinding()]
param(
    [ValidateSet('Current', 'Guide', 'Early')]
    [string[]] $ApiGeneration = @('Current', 'Guide', 'Early')
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# What each generation cannot do. The emulator serves a key directory, and those do not rotate in any generation.
$lacks = @{
    Current = 'rotate'
    Guide   = 'rotate', 'tag', 'disable', 'backup'
    Early   = 'rotate', 'tag', 'start', 'data key', 'cache', 'backup', 'configuration'
}

function Show-Step([string] $Text) {
    $Host.UI.WriteLine()
    $Host.UI.WriteLine("# $Text")
}

function Assert-Step([bool] $Condition, [string] $Claim) {
    if (-not $Condition) {
        throw "The tour failed: it is not true that $Claim."
    }

    $Host.UI.WriteLine("  ok: $Claim")
}

# Whether the generation has an operation. When it has not, the cmdlet has to say so, as the error KmsUnsupported.
function Test-Has([string] $Operation, [scriptblock] $Refused) {
    if ($lacks[$generation] -notcontains $Operation) {
        return $true
    }

    $refusal = $null
    try {
        & $Refused | Out-Null
    }
    catch {
        $refusal = $_
    }

    if ($null -eq $refusal -or $refusal.FullyQualifiedErrorId -notlike 'KmsUnsupported,*') {
        throw "The tour failed: the $generation generation lacks '$Operation', and it was not refused as unsupported: $refusal"
    }

    $Host.UI.WriteLine("  not in this generation, or not with this backend ($Operation): $($refusal.Exception.Message)")
    return $false
}

function Get-RandomMasterKey {
    $key = [securestring]::new()
    [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32)).ToCharArray() |
        ForEach-Object { $key.AppendChar($_) }
    $key
}

# No cmdlet makes buckets. The emulator keeps them over a restart, so an unsigned run of it (on purpose, hence no warning) makes one.
function Initialize-Bucket([string] $Name, [string] $Directory, [securestring] $MasterKey) {
    $emulator = Start-KmsEmulator -KeyDirectory $Directory -MasterKey $MasterKey -AllowAnonymous -WarningAction SilentlyContinue
    $client = [Net.Http.HttpClient]::new()
    try {
        $client.PutAsync("$($emulator.Endpoint)$Name", $null).GetAwaiter().GetResult().EnsureSuccessStatusCode() | Out-Null
    }
    finally {
        $client.Dispose()
        Stop-KmsEmulator $emulator
    }
}

function Invoke-Tour([string] $Directory) {
    Show-Step "The $generation generation: start an emulator, and connect to it"
    $masterKey = Get-RandomMasterKey
    Initialize-Bucket photos $Directory $masterKey
    $emulator = Start-KmsEmulator -KeyDirectory $Directory -MasterKey $masterKey -ApiGeneration $generation
    $connection = $emulator | Connect-Kms -Name tour
    $connection | Out-Host
    Test-KmsConnection | Out-Host
    Assert-Step (Test-KmsConnection -Quiet) 'every step of the way to the server succeeds'
    Assert-Step ((Get-KmsStatus).ApiGeneration -eq $generation) 'the generation was found out'
    Assert-Step ((Get-KmsStatus).State -eq 'NotConfigured') 'the KMS is not configured yet, which is an answer and no error'

    Show-Step 'Configure the KMS: a key directory on the server'
    # Below the temp folder, servers take a key directory for development only.
    switch ($generation) {
        Current { Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -MasterKey $masterKey -AllowInsecureDevDefaults -DefaultKeyId app }
        Guide { Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -DefaultKeyId app }
        Early { Set-KmsConfiguration -Local }
    }

    Assert-Step ((Get-KmsStatus).State -ne 'NotConfigured') 'the KMS is configured'
    if (Test-Has 'configuration' { Get-KmsConfiguration }) {
        Get-KmsConfiguration | Out-Host
        Assert-Step ((Get-KmsConfiguration).DefaultKeyId -eq 'app') 'the configuration can be read, without its secrets'
    }

    Show-Step 'Start the KMS'
    if (Test-Has 'start' { Start-KmsService }) {
        Start-KmsService -Wait
    }

    Wait-KmsService -Healthy -TimeoutSeconds 30 | Out-Host
    Assert-Step ((Get-KmsStatus).Healthy) 'the KMS runs and is healthy'

    Show-Step 'Make keys and list them'
    New-KmsKey app | Out-Null
    New-KmsKey archive | Out-Null
    Get-KmsKey | Out-Host
    Assert-Step ((@(Get-KmsKey a*) -join ' ') -eq 'app archive') 'both keys are listed'

    Show-Step 'Rotate a key'
    if (Test-Has 'rotate' { Invoke-KmsKeyRotation app }) {
        Assert-Step ((Invoke-KmsKeyRotation app).Version -eq 2) 'the key has new material'
    }

    Show-Step 'Tag a key'
    if (Test-Has 'tag' { Add-KmsKeyTag app @{ env = 'prod' } }) {
        Add-KmsKeyTag app @{ env = 'prod' }
        Assert-Step ((Get-KmsKey app).Tags['env'] -eq 'prod') 'the key has the tag'
    }

    Show-Step 'Disable a key, and enable it again'
    if (Test-Has 'disable' { Disable-KmsKey archive -Force }) {
        Disable-KmsKey archive -Force
        Assert-Step ((Get-KmsKey archive).State -eq 'Disabled') 'the key is disabled'
        Enable-KmsKey archive
        Assert-Step ((Get-KmsKey archive).State -eq 'Enabled') 'the key is enabled again'
    }

    Show-Step 'Get a data key; only its wrapped form is ever shown'
    if (Test-Has 'data key' { New-KmsDataKey app }) {
        $dataKey = New-KmsDataKey app -EncryptionContext @{ bucket = 'photos' }
        $dataKey | Out-Host
        Assert-Step ($dataKey.PlaintextLength -eq 32) 'the data key has 256 bits'
        $dataKey.Dispose()
        Assert-Step (-not $dataKey.HasPlaintext) 'its plaintext was wiped'
    }

    Show-Step 'Set the default encryption of a bucket'
    Assert-Step ((Get-KmsBucketEncryption photos).Algorithm -eq 'NotConfigured') 'the bucket has none yet'
    Set-KmsBucketEncryption photos SseKms -KeyId app
    Get-KmsBucketEncryption | Out-Host
    Assert-Step ((Get-KmsBucketEncryption photos).KeyId -eq 'app') 'the bucket encrypts with the key'
    Remove-KmsBucketEncryption photos -Force
    Assert-Step ((Get-KmsBucketEncryption photos).Algorithm -eq 'NotConfigured') 'the bucket has none again'

    Show-Step 'Clear the cache'
    if (Test-Has 'cache' { Clear-KmsCache }) {
        Clear-KmsCache
        Assert-Step ((Get-KmsStatus).State -eq 'Running') 'the cache was cleared, and the KMS runs on'
    }

    Show-Step 'Back the keys up, and see what a restore would do'
    if (Test-Has 'backup' { Backup-KmsKeyStore }) {
        $backup = Backup-KmsKeyStore -BackupId tour
        $backup | Out-Host
        Assert-Step ($backup.BackupId -eq 'tour' -and $backup.ArtifactCount -gt 2) 'a bundle was made'
        $plan = Test-KmsRestore tour
        Assert-Step (-not $plan.IsPermitted -and $plan.Conflicts.Count -gt 0) 'it would not be restored over keys that are there'
    }

    Show-Step 'Stop the KMS'
    if (Test-Has 'start' { Stop-KmsService -Force }) {
        Stop-KmsService -Force
        Assert-Step ((Get-KmsStatus).State -eq 'Configured') 'the KMS is stopped, and keeps its configuration'
    }
}

foreach ($generation in $ApiGeneration) {
    $directory = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'rustfs-kms-remote-' + [guid]::NewGuid().ToString('n').Substring(0, 8))
    try {
        Invoke-Tour $directory
    }
    finally {
        if (Get-KmsConnection tour*) {
            Disconnect-Kms tour
        }

        Stop-KmsEmulator
        foreach ($left in $directory, "$directory.backup") {
            if ([IO.Directory]::Exists($left)) {
                [IO.Directory]::Delete($left, $true)
            }
        }
    }
}

$Host.UI.WriteLine()
$Host.UI.WriteLine('All steps did what they say.')
