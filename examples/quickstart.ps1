<#
.SYNOPSIS
    A first tour: keys and data keys in a new RustFS key directory, without a server.

.DESCRIPTION
    Makes a key directory under the temp folder, and in it keys with tags; lists and disables; makes a data key with an
    encryption context, opens it again and moves it to another key; schedules and cancels a deletion; verifies the directory.
    Each step is checked: the script exits with 1 when one did not do what it says. The directory is removed at the end.

    It runs in the console of this repository and in PowerShell 7.4 and newer:
        dotnet run --project src/RustFs.Kms.Console -- examples/quickstart.ps1
        pwsh -Command "Import-Module ./out/RustFs.Kms; ./examples/quickstart.ps1"

.PARAMETER KeyDirectory
    Where the key directory is made. It must not exist, or be empty.

.PARAMETER Keep
    Leaves the key directory there, to be looked at. Its master key is gone with the script.
#>
[CmdletBinding()]
param(
    [string] $KeyDirectory = [IO.Path]::Combine(
        [IO.Path]::GetTempPath(), 'rustfs-kms-quickstart-' + [guid]::NewGuid().ToString('n').Substring(0, 8)),
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
        throw "The tour failed: it is not true that $Claim."
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

# A master key of 256 random bits. At a prompt, leave -MasterKey out and Connect-Kms asks for it;
# in a pipeline, set RUSTFS_KMS_LOCAL_MASTER_KEY, the server's own variable.
$masterKey = [securestring]::new()
[Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32)).ToCharArray() |
    ForEach-Object { $masterKey.AppendChar($_) }

try {
    Show-Step "Make a key directory, and connect to it: $KeyDirectory"
    Connect-Kms -KeyDirectory $KeyDirectory -MasterKey $masterKey -Create -Name tour | Out-Host
    Assert-Step ((Get-KmsStatus).State -eq 'Running') 'the key directory is open, with no server anywhere'

    Show-Step 'Make three keys, with descriptions and tags'
    New-KmsKey app -Description 'Data of the app' -Tag @{ env = 'prod'; team = 'web' } | Out-Null
    New-KmsKey archive -Description 'Old data' -Tag @{ env = 'prod' } | Out-Null
    New-KmsKey scratch -Tag @{ env = 'test' } | Out-Null
    Get-KmsKey | Out-Host
    Assert-Step (@(Get-KmsKey).Count -eq 3) 'there are three keys'
    Assert-Step ((@(Get-KmsKey a* -Tag @{ env = 'prod' }) -join ' ') -eq 'app archive') 'keys are found by wildcard and tag'

    Show-Step 'Disable a key: it opens what it wrapped, and wraps nothing new'
    Get-KmsKey scratch | Disable-KmsKey -Confirm:$false -PassThru | Out-Host
    $refused = $null
    New-KmsDataKey scratch -ErrorAction SilentlyContinue -ErrorVariable refused | Out-Null
    Assert-Step ($refused.Count -eq 1 -and $refused[0].FullyQualifiedErrorId -like 'KmsPreconditionFailed,*') 'a disabled key makes no data key'

    Show-Step 'Get a data key, bound to what it is for; only its wrapped form is ever shown'
    $context = @{ bucket = 'photos'; object = '2026/a.jpg' }
    $dataKey = New-KmsDataKey app -EncryptionContext $context
    $dataKey | Out-Host
    Assert-Step ($dataKey.PlaintextLength -eq 32) 'the data key has 256 bits'

    Show-Step 'Open it again from its wrapped form, with the same context and not with another'
    $opened = Unprotect-KmsDataKey $dataKey.CiphertextBlobBase64 -EncryptionContext $context
    Assert-Step (Test-SameDataKey $dataKey $opened) 'the opened data key is the one that was made'
    Unprotect-KmsDataKey $dataKey.CiphertextBlob -EncryptionContext @{ bucket = 'other' } -ErrorAction SilentlyContinue -ErrorVariable refused
    Assert-Step ($refused.Count -eq 1 -and $refused[0].FullyQualifiedErrorId -like 'KmsIntegrity,*') 'another context opens nothing'

    Show-Step 'Move it to another key; a key directory does not rotate, so this is how a key is retired'
    $moved = $dataKey | Update-KmsDataKey -DestinationKeyId archive
    $reopened = $moved | Unprotect-KmsDataKey
    Assert-Step ($reopened.KeyId -eq 'archive' -and (Test-SameDataKey $dataKey $reopened)) 'the data key is the same, wrapped by the other key'

    Show-Step 'Schedule the deletion of a key, and think again'
    Remove-KmsKey app -PendingWindowInDays 7 -Confirm:$false
    Get-KmsKey app | Out-Host
    Assert-Step ((Get-KmsKey app).State -eq 'PendingDeletion') 'the key is pending deletion'
    Undo-KmsKeyRemoval app | Out-Null
    Assert-Step ((Get-KmsKey app).State -eq 'Enabled') 'the key is back'

    Show-Step 'Verify every record of the key directory'
    Test-KmsKeyStore | Out-Host
    Assert-Step (Test-KmsKeyStore -Quiet) 'a RustFS server would start on this directory'

    $dataKey, $opened, $reopened | ForEach-Object { $_.Dispose() }
    Assert-Step (-not $dataKey.HasPlaintext) 'the plaintext of the data key was wiped'
}
finally {
    if (Get-KmsConnection tour*) {
        Disconnect-Kms tour
    }

    if (-not $Keep -and [IO.Directory]::Exists($KeyDirectory)) {
        [IO.Directory]::Delete($KeyDirectory, $true)
    }
}

$Host.UI.WriteLine()
$Host.UI.WriteLine('All steps did what they say.')
