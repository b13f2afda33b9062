<#
.SYNOPSIS
    Sequences the steps of the build for people who have PowerShell. Each step is a `dotnet` command, or a script, that also runs alone.

.DESCRIPTION
    Several tasks run in the order in which they are given.

    Build    stages the module at out/RustFs.Kms.
    Test     runs the xunit tests, and the Pester suite where Pester 5 is installed.
    Help     makes the pages and the MAML anew (docs/build-help.ps1; needs Microsoft.PowerShell.PlatyPS).
    Analyze  checks the style of C#, and of scripts where PSScriptAnalyzer is installed.
    Package  makes out/RustFs.Kms.<version>.nupkg from a new release build; with -CertificateThumbprint, of signed files.
    Sign     signs the staged module. Windows only, as Set-AuthenticodeSignature is. Package does it where it belongs.
    Publish  sends the package that Package made, and builds nothing.

.PARAMETER Task
    What to do.

.PARAMETER Configuration
    Debug or Release, for Build and Test. A package is always made of a release build.

.PARAMETER CertificateThumbprint
    A code-signing certificate in the stores of this user or this machine. Our assemblies, the views, the types and the manifest are
    signed with it; the assemblies of others stay as they came.

.PARAMETER TimestampServer
    The address of a time-stamping service, so that the signatures outlive the certificate.

.PARAMETER ModulePath
    What Sign signs.

.PARAMETER Repository
    Where Publish sends the package: a repository that PSResourceGet knows, such as PSGallery.

.PARAMETER NuGetSource
    Where Publish sends the package: a folder, or the address of a NuGet v3 feed (.../index.json).

.PARAMETER ApiKey
    The key of the gallery or feed. In a pipeline, the environment variable RUSTFS_KMS_PUBLISH_KEY. It never becomes a process argument.

.EXAMPLE
    ./build.ps1 -Task Build, Test

.EXAMPLE
    ./build.ps1 -Task Package -CertificateThumbprint 0123456789ABCDEF0123456789ABCDEF01234567 -TimestampServer http://timestamp.example.com

.EXAMPLE
    ./build.ps1 -Task Publish -Repository PSGallery -ApiKey (Read-Host -AsSecureString) -WhatIf
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [ValidateSet('Build', 'Test', 'Help', 'Analyze', 'Package', 'Sign', 'Publish')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug',

    [ValidatePattern('^[0-9A-Fa-f]{40}$')]
    [string] $CertificateThumbprint,

    [uri] $TimestampServer,

    [string] $ModulePath = (Join-Path $PSScriptRoot 'out/RustFs.Kms'),

    [string] $Repository,

    [string] $NuGetSource,

    [securestring] $ApiKey
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$solution = Join-Path $PSScriptRoot 'RustFs.Kms.sln'
$moduleProject = Join-Path $PSScriptRoot 'src/RustFs.Kms.PowerShell'

# Arguments with a colon come in quotes: PowerShell would make two of -name:value.
function Invoke-DotNet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) {
        throw "dotnet $($args[0]) ended with exit code $LASTEXITCODE."
    }
}

function Invoke-PesterSuite {
    if (-not (Get-Module -ListAvailable Pester | Where-Object { $_.Version.Major -ge 5 })) {
        Write-Warning 'Pester 5 is not installed: the suite in tests/Pester was not run.'
        return
    }

    # In a process of its own: a module that is loaded here could not be replaced by the next build.
    & ([Environment]::ProcessPath) -NoProfile -File (Join-Path $PSScriptRoot 'tests/Pester/run.ps1')
    if ($LASTEXITCODE -ne 0) {
        throw "The Pester suite ended with exit code $LASTEXITCODE."
    }
}

function Invoke-Analysis {
    Invoke-DotNet format $solution --verify-no-changes
    if (-not (Get-Command Invoke-ScriptAnalyzer -ErrorAction Ignore)) {
        Write-Warning 'PSScriptAnalyzer is not installed: the scripts were not analyzed.'
        return
    }

    $findings = 'build.ps1', 'examples', 'tests/Pester', 'docs', 'out/RustFs.Kms/RustFs.Kms.psd1' |
        ForEach-Object { Invoke-ScriptAnalyzer -Path (Join-Path $PSScriptRoot $_) -Recurse -Severity Warning, Error -Settings (Join-Path $PSScriptRoot 'PSScriptAnalyzerSettings.psd1') }
    $findings
    if ($findings) {
        throw "PSScriptAnalyzer has $(@($findings).Count) findings."
    }
}

# Ours only, and everything of ours that PowerShell checks under AllSigned, with the assemblies.
function Invoke-Signing {
    if (-not $IsWindows) {
        throw 'Signing needs Windows: Set-AuthenticodeSignature is not there elsewhere. The package can be made, unsigned.'
    }

    $certificate = Get-ChildItem Cert:\CurrentUser\My, Cert:\LocalMachine\My -CodeSigningCert |
        Where-Object Thumbprint -EQ $CertificateThumbprint | Select-Object -First 1
    if (-not $certificate) {
        throw "There is no code-signing certificate '$CertificateThumbprint' in the stores of this user and this machine."
    }

    $options = @{ Certificate = $certificate; HashAlgorithm = 'SHA256'; IncludeChain = 'NotRoot' }
    if ($TimestampServer) {
        $options.TimestampServer = $TimestampServer.AbsoluteUri
    }

    $files = @(Get-ChildItem $ModulePath -File | Where-Object Extension -In '.dll', '.ps1xml', '.psd1') +
        @(Get-ChildItem (Join-Path $ModulePath 'lib/RustFs.Kms.*.dll'))
    foreach ($file in $files) {
        $signature = Set-AuthenticodeSignature -LiteralPath $file.FullName @options -Confirm:$false -WhatIf:$false
        if ($signature.Status -notin 'Valid', 'UnknownError') {
            throw "$($file.Name) was not signed: $($signature.StatusMessage)"
        }

        Write-Verbose "Signed $($file.Name): $($signature.StatusMessage)"
    }
}

function Invoke-Packaging {
    if ($CertificateThumbprint) {
        Invoke-DotNet build $moduleProject --configuration Release '-t:UnstageModule;Build'
        Invoke-Signing
        Invoke-DotNet build $moduleProject --configuration Release '-t:PackageModule' '-p:PackageStaged=true'
    }
    else {
        Invoke-DotNet build $moduleProject --configuration Release '-t:PackageModule'
    }
}

function Get-PublishKey {
    $text = if ($ApiKey) { ConvertFrom-SecureString $ApiKey -AsPlainText } else { $env:RUSTFS_KMS_PUBLISH_KEY }
    if (-not $text) {
        throw 'Publishing needs a key: -ApiKey, or the environment variable RUSTFS_KMS_PUBLISH_KEY.'
    }

    $text
}

# The protocol's own push: `dotnet nuget push` takes the key as a process argument, which everybody on the machine can read.
function Send-Package([IO.FileInfo] $Package, [uri] $Index) {
    if ($Index.Scheme -ne 'https' -and -not $Index.IsLoopback) {
        throw "The key would travel in clear to $Index. Name the feed by https."
    }

    $push = (Invoke-RestMethod $Index -MaximumRedirection 0).resources | Where-Object '@type' -EQ 'PackagePublish/2.0.0' | Select-Object -First 1
    if (-not $push) {
        throw "$Index names no resource 'PackagePublish/2.0.0': it takes no packages."
    }

    $target = [uri] $push.'@id'
    if ($target.Scheme -ne $Index.Scheme) {
        throw "The feed wants packages at $target, which is not $($Index.Scheme)."
    }

    $null = Invoke-RestMethod $target -Method Put -Headers @{ 'X-NuGet-ApiKey' = Get-PublishKey } -Form @{ package = $Package } -MaximumRedirection 0
}

function Invoke-Publishing {
    [CmdletBinding(SupportsShouldProcess)]
    param()

    if ([bool] $Repository -eq [bool] $NuGetSource) {
        throw 'Say where to publish: -Repository <name>, or -NuGetSource <folder or address>.'
    }

    $version = (Import-PowerShellDataFile (Join-Path $PSScriptRoot 'RustFs.Kms.psd1')).ModuleVersion
    $package = Get-Item (Join-Path $PSScriptRoot "out/RustFs.Kms.$version.nupkg") -ErrorAction Ignore
    if (-not $package) {
        throw "out/RustFs.Kms.$version.nupkg is not there. Make it first: ./build.ps1 -Task Package"
    }

    $address = $NuGetSource -as [uri]
    $isFolder = $NuGetSource -and -not ($address.IsAbsoluteUri -and $address.Scheme -in 'http', 'https')
    if (-not $isFolder -and (Select-String -LiteralPath (Join-Path $PSScriptRoot 'CHANGELOG.md') -SimpleMatch "## $version (not yet released)" -Quiet)) {
        throw "CHANGELOG.md says that $version is not yet released. Put the date there, and make the package again."
    }

    $hash = (Get-FileHash $package -Algorithm SHA256).Hash.ToLowerInvariant()
    if (-not $PSCmdlet.ShouldProcess("$Repository$NuGetSource", "Publish $($package.Name) (SHA-256 $hash)")) {
        return
    }

    if ($isFolder) {
        Copy-Item $package $NuGetSource
    }
    elseif ($NuGetSource) {
        Send-Package $package $address
    }
    elseif ((Get-Command Publish-PSResource).Parameters.ContainsKey('NupkgPath')) {
        Publish-PSResource -NupkgPath $package.FullName -Repository $Repository -ApiKey (Get-PublishKey)
    }
    else {
        throw 'This Publish-PSResource cannot send a package that is made already: PSResourceGet 1.1 can.'
    }

    "Published $($package.Name) to $Repository$NuGetSource, SHA-256 $hash"
}

switch ($Task) {
    'Build' {
        Invoke-DotNet build $solution --configuration $Configuration
        $null = Test-ModuleManifest (Join-Path $PSScriptRoot 'out/RustFs.Kms/RustFs.Kms.psd1')
    }
    'Test' {
        Invoke-DotNet test $solution --configuration $Configuration
        Invoke-PesterSuite
    }
    'Help' { & (Join-Path $PSScriptRoot 'docs/build-help.ps1') }
    'Analyze' { Invoke-Analysis }
    'Package' { Invoke-Packaging }
    'Sign' { Invoke-Signing }
    'Publish' { Invoke-Publishing }
}
