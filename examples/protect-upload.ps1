<#
.SYNOPSIS
    A third tour: protect a file, upload it to S3 with AWSSDK.S3, fetch it and open it again; then open it without the server.

.DESCRIPTION
    Starts an emulator of a RustFS server with a bucket. Protects a file with a data key of the server and a recovery key, and sees
    that the server's data key alone is refused, because no server opens its data keys again. Uploads the protected file, with the
    wrapped data key in the object's metadata; fetches it, and opens it with the recovery key. At last the server is gone, and its
    key directory opens the file too. Each step is checked: the script exits with 1 when one did not do what it says. Nothing is left
    behind.

    It uses AWSSDK.S3 as a program would. The module carries that package for itself, in a private load context, which is not for
    scripts: types from there do not fit those that other modules load. So the script loads the two assemblies once more, by their
    paths, into a load context of its own, where they meet neither the module's nor anybody else's, and makes its objects by
    reflection. A program of yours refers to the package AWSSDK.S3 instead, and ConvertTo-S3Object becomes a plain constructor.

    It runs in the console of this repository and in PowerShell 7.4 and newer:
        dotnet run --project src/RustFs.Kms.Console -- examples/protect-upload.ps1
        pwsh -Command "Import-Module ./out/RustFs.Kms; ./examples/protect-upload.ps1"

.PARAMETER AwsSdk
    The folder with AWSSDK.Core.dll and AWSSDK.S3.dll. Without it, the copies that the module carries are used.
#>
[CmdletBinding()]
param(
    [string] $AwsSdk = [IO.Path]::Combine((Get-Module RustFs.Kms).ModuleBase, 'lib')
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$bucket = 'photos'
$blobName = 'x-amz-meta-kms-ciphertext-blob'
$keyName = 'x-amz-meta-kms-key-id'

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

function Get-RandomSecret {
    $secret = [securestring]::new()
    [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32)).ToCharArray() |
        ForEach-Object { $secret.AppendChar($_) }
    $secret
}

function Get-FileHashText([string] $Path) {
    [Convert]::ToHexString([Security.Cryptography.SHA256]::HashData([IO.File]::ReadAllBytes($Path)))
}

# AWSSDK.S3 in a load context of its own. Core comes first, because S3 asks the context for it.
function Import-S3([string] $Folder) {
    $context = [Runtime.Loader.AssemblyLoadContext]::new('protect-upload')
    $null = $context.LoadFromAssemblyPath([IO.Path]::Combine($Folder, 'AWSSDK.Core.dll'))
    $context.LoadFromAssemblyPath([IO.Path]::Combine($Folder, 'AWSSDK.S3.dll'))
}

# An object of a type of AWSSDK.S3, with its properties.
function ConvertTo-S3Object([string] $TypeName, [hashtable] $Property = @{}, [object[]] $ArgumentList = @()) {
    $item = [Activator]::CreateInstance($sdk.GetType("Amazon.S3.$TypeName", $true), $ArgumentList)
    foreach ($name in $Property.Keys) {
        $item.$name = $Property[$name]
    }

    $item
}

# The SDK takes its credential as strings; a program reads them from where it keeps them.
function Get-S3Client([uri] $Endpoint, [pscredential] $Credential) {
    $settings = ConvertTo-S3Object AmazonS3Config @{
        ServiceURL                 = $Endpoint.AbsoluteUri
        AuthenticationRegion       = 'us-east-1'
        ForcePathStyle             = $true
        RequestChecksumCalculation = 'WHEN_REQUIRED' # servers other than AWS may not know the newer checksums
    }
    $account = $Credential.GetNetworkCredential()
    ConvertTo-S3Object AmazonS3Client -ArgumentList $account.UserName, $account.Password, $settings
}

$folder = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'rustfs-kms-upload-' + [guid]::NewGuid().ToString('n').Substring(0, 8))
$null = [IO.Directory]::CreateDirectory($folder)
$file = [IO.Path]::Combine($folder, 'photo.raw')
$fetched = [IO.Path]::Combine($folder, 'fetched.raw.kms')
$keys = [IO.Path]::Combine($folder, 'keys')
$s3 = $null
try {
    Show-Step 'Start a server, with a KMS that runs on a key directory, and connect to it'
    $masterKey = Get-RandomSecret
    $emulator = Start-KmsEmulator -KeyDirectory $keys -MasterKey $masterKey -Running
    $emulator | Connect-Kms -Name upload | Out-Host
    New-KmsKey app -Connection upload | Out-Null
    $sdk = Import-S3 $AwsSdk
    $s3 = Get-S3Client $emulator.Endpoint $emulator.Credential
    $null = $s3.PutBucketAsync($bucket).GetAwaiter().GetResult()
    Assert-Step ((Get-KmsStatus upload).Healthy) 'the KMS runs and is healthy'

    Show-Step 'Make a recovery key: its private half is for a safe place, far from the server'
    $recovery = New-KmsRecoveryKey ([IO.Path]::Combine($folder, 'recovery.pem'))
    $recovery | Out-Host

    Show-Step 'Protect a file'
    [IO.File]::WriteAllBytes($file, [Security.Cryptography.RandomNumberGenerator]::GetBytes(3MB + 7))
    $refusal = $null
    try {
        Protect-KmsFile $file -KeyId app -Connection upload
    }
    catch {
        $refusal = $_
    }

    Assert-Step ("$($refusal.FullyQualifiedErrorId)" -like 'KmsUsage,*') 'a key of a server alone is refused: no server opens its data keys again'
    $context = @{ bucket = $bucket; object = 'photo.raw' }
    $protected = Protect-KmsFile $file -KeyId app -Connection upload -EncryptionContext $context -RecoveryRecipient $recovery -PassThru
    $protected | Out-Host
    Assert-Step ($protected.Wraps.Count -eq 2) 'with the recovery key, there are two ways in'

    Show-Step 'Upload it, with the wrapped data key in the metadata'
    $wrap = $protected.Wraps | Where-Object { $_.Kind -eq 'Kms' }
    $put = ConvertTo-S3Object Model.PutObjectRequest @{ BucketName = $bucket; Key = 'photo.raw.kms'; FilePath = $protected.Destination }
    $put.Metadata.Add($blobName, $wrap.CiphertextBlobBase64)
    $put.Metadata.Add($keyName, $wrap.KeyId)
    $null = $s3.PutObjectAsync($put).GetAwaiter().GetResult()
    [IO.File]::Delete($protected.Destination)
    Assert-Step (-not [IO.File]::Exists($protected.Destination)) 'the protected file is in the bucket only'

    Show-Step 'Fetch it'
    $object = $s3.GetObjectAsync($bucket, 'photo.raw.kms').GetAwaiter().GetResult()
    try {
        $null = $object.WriteResponseStreamToFileAsync($fetched, $false, [Threading.CancellationToken]::None).GetAwaiter().GetResult()
        $blob = $object.Metadata[$blobName]
    }
    finally {
        $object.Dispose()
    }

    $envelope = Get-KmsEnvelope $fetched
    $envelope | Out-Host
    Assert-Step ($blob -eq ($envelope.Wraps | Where-Object { $_.Kind -eq 'Kms' }).CiphertextBlobBase64) 'the metadata and the file hold the same wrapped data key'

    Show-Step 'Open it with the recovery key'
    $opened = Unprotect-KmsFile $fetched -RecoveryKeyFile $recovery.Path -EncryptionContext $context -PassThru
    $opened | Out-Host
    Assert-Step ($opened.Wraps[0].Kind -eq 'RecoveryKey') 'it was the recovery key that opened it'
    Assert-Step ((Get-FileHashText $opened.Destination) -eq (Get-FileHashText $file)) 'what came back is what was protected'

    Show-Step 'The server is gone; open it with its key directory'
    Disconnect-Kms upload
    Stop-KmsEmulator $emulator
    Connect-Kms -KeyDirectory $emulator.KeyDirectory -MasterKey $masterKey -Name upload-keys -WarningAction SilentlyContinue | Out-Null
    $again = Unprotect-KmsFile $fetched -Destination ([IO.Path]::Combine($folder, 'again.raw')) -PassThru
    $again | Out-Host
    Assert-Step ($again.Wraps[0].Kind -eq 'Kms') "it was the server's key that opened it"
    Assert-Step ((Get-FileHashText $again.Destination) -eq (Get-FileHashText $file)) 'what came back is what was protected'
}
finally {
    if ($s3) {
        $s3.Dispose()
    }

    Get-KmsConnection upload* | Disconnect-Kms
    Stop-KmsEmulator
    foreach ($left in $folder, "$keys.backup") {
        if ([IO.Directory]::Exists($left)) {
            [IO.Directory]::Delete($left, $true)
        }
    }
}

$Host.UI.WriteLine()
$Host.UI.WriteLine('All steps did what they say.')
