<#
.SYNOPSIS
    A drill: a RustFS key directory is lost, and nothing that its keys protected is.

.DESCRIPTION
    Makes a key directory with keys, wraps data keys with them, and backs it up. Then destroys it, and recovers: first single data
    keys straight from the bundle, as one does while the data cannot wait; then the whole directory, restored elsewhere. Each step is
    checked, the refusals too: the script exits with 1 when one did not do what it says. What it made is removed at the end.

    It runs in the console of this repository and in PowerShell 7.4 and newer:
        dotnet run --project src/RustFs.Kms.Console -- examples/disaster-recovery.ps1
        pwsh -Command "Import-Module ./out/RustFs.Kms; ./examples/disaster-recovery.ps1"

    The steps are those of about_RustFsKms_DisasterRecovery.

.PARAMETER Folder
    Where the drill takes place. It must not exist, or be empty.

.PARAMETER Keep
    Leaves the folder there, to be looked at. The keys to it are gone with the script.
#>
[CmdletBinding()]
param(
    [string] $Folder = [IO.Path]::Combine(
        [IO.Path]::GetTempPath(), 'rustfs-kms-drill-' + [guid]::NewGuid().ToString('n').Substring(0, 8)),
    [switch] $Keep
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Show-Step([string] $Text) {
    $Host.UI.WriteLine()
    $Host.UI.WriteLine("# $Text")
}

function Assert-Step([bool] $Condition, [string] $Claim) {
    if (-not $Condition) {
        throw "The drill failed: it is not true that $Claim."
    }

    $Host.UI.WriteLine("  ok: $Claim")
}

# Compares two data keys without showing either, as a program uses one: a buffer of its own, wiped when done.
function Test-SameDataKey($First, $Second) {
    $one = [byte[]]::new($First.PlaintextLength)
    $other = [byte[]]::new($Second.PlaintextLength)
    try {
        $First.CopyPlaintextTo($one)
        $Second.CopyPlaintextTo($other)
        [Security.Cryptography.CryptographicOperations]::FixedTimeEquals($one, $other)
    }
    finally {
        [Array]::Clear($one)
        [Array]::Clear($other)
    }
}

# 256 random bits in Base64. A server has the one in RUSTFS_KMS_LOCAL_MASTER_KEY and the other in RUSTFS_KMS_BACKUP_KEK, and
# Connect-Kms and Restore-KmsKeyStore read those variables too.
function Get-RandomSecret {
    $secret = [securestring]::new()
    [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32)).ToCharArray() |
        ForEach-Object { $secret.AppendChar($_) }
    $secret
}

function Clear-Folder([string] $Path) {
    [IO.Directory]::Delete($Path, $true)
}

# Every file below a folder: its name, its bytes, and when it was written.
function Get-Trace([string] $Path) {
    [IO.Directory]::GetFiles($Path, '*', 'AllDirectories') | ForEach-Object {
        "$_ $([IO.File]::GetLastWriteTimeUtc($_).Ticks) $([Convert]::ToHexString([IO.File]::ReadAllBytes($_)))"
    }
}

if ([IO.Directory]::Exists($Folder) -and [IO.Directory]::GetFileSystemEntries($Folder)) {
    throw "The folder '$Folder' is not empty. Nothing was touched."
}

$keys = [IO.Path]::Combine($Folder, 'keys')
$backups = [IO.Path]::Combine($Folder, 'backups')
$elsewhere = [IO.Path]::Combine($Folder, 'keys-restored')
$masterKey = Get-RandomSecret
$backupKey = Get-RandomSecret
$dataKeys = @()

try {
    Show-Step 'Before: a key directory with keys, and data keys that they wrapped'
    Connect-Kms -KeyDirectory $keys -MasterKey $masterKey -Create -Name drill -BackupDirectory $backups -BackupKey $backupKey `
        -BackupKeyId drill-1 -DeploymentIdentity drill | Out-Null
    'photos', 'invoices', 'old' | ForEach-Object { New-KmsKey $_ | Out-Null }
    $dataKeys = @(
        New-KmsDataKey photos -EncryptionContext @{ bucket = 'photos'; object = '2026/a.jpg' }
        New-KmsDataKey invoices
        New-KmsDataKey old
    )
    Disable-KmsKey old -Force
    Get-KmsKey | Out-Host
    Assert-Step ($dataKeys.Count -eq 3) 'three objects have a data key each, wrapped by three keys'

    Show-Step 'Back up: one bundle, sealed, in the format of the RustFS server'
    Get-KmsBackup | Out-Host
    $backup = Backup-KmsKeyStore
    $backup | Out-Host
    $bundle = [IO.Path]::Combine($backups, $backup.BackupId)
    Assert-Step ($backup.ArtifactCount -eq 4) 'the bundle holds three keys and the salt'
    $trace = Get-Trace $backups

    Show-Step 'The disaster: the key directory is gone'
    Disconnect-Kms drill
    Clear-Folder $keys
    $errorId = try { Connect-Kms -KeyDirectory $keys -MasterKey $masterKey } catch { $_.FullyQualifiedErrorId }
    Assert-Step ($errorId -like 'KmsNotFound,*') 'there is nothing to connect to'

    Show-Step 'What cannot wait: a data key, straight from the bundle'
    $opened = $dataKeys[0].CiphertextBlobBase64 | Unprotect-KmsDataKey -Bundle $bundle -BackupKey $backupKey -MasterKey $masterKey
    $opened | Out-Host
    Assert-Step (Test-SameDataKey $dataKeys[0] $opened) 'it is the data key that was made, and no key directory was needed'
    $opened.Dispose()

    Show-Step 'The dry run: everything in the bundle is verified, and nothing is written'
    $target = @{ Bundle = $bundle; KeyDirectory = $elsewhere; MasterKey = $masterKey; BackupKey = $backupKey }
    $plan = Test-KmsRestore @target
    $plan | Out-Host
    Assert-Step $plan.IsPermitted 'nothing stands in the way'
    Assert-Step ((@($plan.Differences | ForEach-Object Action) -join ' ') -eq 'Restore Restore Restore') 'all three keys would be restored'
    $confirmed = $target + @{ ConfirmBackupId = $plan.BackupId; ConflictPolicy = 'RestoreIntoEmptyTarget' }
    Restore-KmsKeyStore @confirmed -WhatIf
    Assert-Step (-not [IO.Directory]::Exists($elsewhere)) 'with -WhatIf, not even the directory was made'

    Show-Step 'What must be refused: another key, and a bundle with one altered byte'
    $wrong = $target + @{}
    $wrong.BackupKey = Get-RandomSecret
    Assert-Step ("$((Test-KmsRestore @wrong).Blockers)" -like 'wrong-backup-kek: *') 'another backup key opens nothing'
    $copy = [IO.Path]::Combine($Folder, 'damaged')
    [IO.Directory]::CreateDirectory([IO.Path]::Combine($copy, 'artifacts', 'keys')) | Out-Null
    [IO.Directory]::GetFiles($bundle, '*', 'AllDirectories') |
        ForEach-Object { [IO.File]::Copy($_, [IO.Path]::Combine($copy, [IO.Path]::GetRelativePath($bundle, $_))) }
    $artifact = [IO.Path]::Combine($copy, 'artifacts', 'keys', 'invoices.key.enc')
    $bytes = [IO.File]::ReadAllBytes($artifact)
    $bytes[40] = $bytes[40] -bxor 1
    [IO.File]::WriteAllBytes($artifact, $bytes)
    $damaged = $target + @{}
    $damaged.Bundle = $copy
    $blockers = (Test-KmsRestore @damaged).Blockers
    $blockers | ForEach-Object { $Host.UI.WriteLine("  $_") }
    Assert-Step ("$blockers" -like "*'artifacts/keys/invoices.key.enc'*altered*") 'the altered file is named'

    Show-Step 'Restore, elsewhere'
    Restore-KmsKeyStore @confirmed -Force | Out-Host
    $refused = $null
    Restore-KmsKeyStore @confirmed -Force -ErrorAction SilentlyContinue -ErrorVariable refused | Out-Null
    Assert-Step ($refused[-1].FullyQualifiedErrorId -like 'KmsConflict,*') 'a second restore goes over nothing'

    Show-Step 'The proof: the restored directory opens every data key'
    Connect-Kms -KeyDirectory $elsewhere -MasterKey $masterKey -Name drill | Out-Null
    $dataKeys | ForEach-Object {
        $opened = Unprotect-KmsDataKey $_.CiphertextBlob -EncryptionContext $_.EncryptionContext
        Assert-Step (Test-SameDataKey $_ $opened) "the data key wrapped by '$($_.KeyId)' is the one that was made"
        $opened.Dispose()
    }
    Assert-Step ((Get-KmsKey old).State -eq 'Disabled') 'the key that was disabled still is'
    Test-KmsKeyStore | Out-Host
    Assert-Step (Test-KmsKeyStore -Quiet) 'a RustFS server would start on the restored directory'
    Assert-Step ((Get-Trace $backups) -join "`n" -ceq ($trace -join "`n")) 'not one byte of the bundle changed in all this'
}
finally {
    $dataKeys | ForEach-Object { $_.Dispose() }
    if (Get-KmsConnection drill*) {
        Disconnect-Kms drill
    }

    if (-not $Keep -and [IO.Directory]::Exists($Folder)) {
        Clear-Folder $Folder
    }
}

$Host.UI.WriteLine()
$Host.UI.WriteLine('All steps did what they say.')
