<#
.SYNOPSIS
    Installs the package as people do, from a folder feed with PSResourceGet, and runs the Pester suite on what was installed.

.PARAMETER PackageFolder
    The folder with the .nupkg. It becomes the feed.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $PackageFolder
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$feed = 'rustfs-kms-package-under-test'
$package = @(Get-ChildItem $PackageFolder -Filter 'RustFs.Kms.*.nupkg')
if ($package.Count -ne 1) {
    throw "$PackageFolder holds $($package.Count) packages, and one is to be tested."
}

if (-not (Get-Module -ListAvailable Pester | Where-Object Version -GE 5.5)) {
    Install-PSResource Pester -Version '[5.5.0,6.0.0)' -Repository PSGallery -TrustRepository
}

Register-PSResourceRepository -Name $feed -Uri (Resolve-Path $PackageFolder).ProviderPath -Trusted -Force
try {
    $found = Find-PSResource RustFs.Kms -Repository $feed
    Install-PSResource RustFs.Kms -Repository $feed -Scope CurrentUser -Reinstall
    $installed = @(Get-InstalledPSResource RustFs.Kms -Version $found.Version -Scope CurrentUser)[0]
}
finally {
    Unregister-PSResourceRepository -Name $feed
}

$folder = Join-Path $installed.InstalledLocation "RustFs.Kms/$($found.Version)"
"Installed $($package.Name), SHA-256 $((Get-FileHash $package).Hash.ToLowerInvariant()), at $folder"

# Nothing of the package's own is left, and nothing of the module is missing; the installer adds one file that says where it came from.
Add-Type -AssemblyName System.IO.Compression.ZipFile
$zip = [IO.Compression.ZipFile]::OpenRead($package.FullName)
$expected = $zip.Entries.FullName | Where-Object { $_ -notmatch '^(_rels/|package/|\[Content_Types\]\.xml$|RustFs\.Kms\.nuspec$)' } | Sort-Object
$zip.Dispose()
$actual = Get-ChildItem $folder -File -Recurse -Force | ForEach-Object { [IO.Path]::GetRelativePath($folder, $_.FullName).Replace('\', '/') } |
    Where-Object { $_ -ne 'PSGetModuleInfo.xml' } | Sort-Object
if ($difference = Compare-Object $expected $actual) {
    $difference
    throw 'What was installed is not what the package holds.'
}

$env:RUSTFS_KMS_MODULE_PATH = $folder
& (Join-Path $PSScriptRoot '../tests/Pester/run.ps1')
exit $LASTEXITCODE
