# What every file of this suite starts with: the module as it is staged (or at RUSTFS_KMS_MODULE_PATH, as the package's jobs set it), a
# session that reads no settings of the person who runs the tests, and the few functions that tests share.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$RepositoryRoot = Split-Path (Split-Path $PSScriptRoot)
$ModulePath = if ($env:RUSTFS_KMS_MODULE_PATH) { $env:RUSTFS_KMS_MODULE_PATH } else { Join-Path $RepositoryRoot 'out/RustFs.Kms' }
$ManifestPath = Join-Path $ModulePath 'RustFs.Kms.psd1'
$Canary = 'canary-master-key-5c1e'

Get-ChildItem env: | Where-Object Name -Match '^(RUSTFS|AWS)_' | Where-Object Name -NE 'RUSTFS_KMS_MODULE_PATH' | ForEach-Object { Remove-Item "env:$($_.Name)" }
$PSStyle.OutputRendering = 'PlainText'

# By its name, other runspaces and processes find the very same module.
$parent = Split-Path $ModulePath
if (($env:PSModulePath -split [IO.Path]::PathSeparator) -notcontains $parent) {
    $env:PSModulePath = $parent + [IO.Path]::PathSeparator + $env:PSModulePath
}

Import-Module $ManifestPath

function ConvertTo-TestSecret([string] $Text) {
    $secret = [securestring]::new()
    $Text.ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
    , $secret
}

# A new key directory with these keys, as the default connection.
function Open-TestKeyDirectory([string] $Path, [string[]] $KeyId = 'app') {
    $connection = Connect-Kms $Path -Create -Name local -MasterKey (ConvertTo-TestSecret $Canary)
    $null = $KeyId | New-KmsKey
    $connection
}

# A file with the master key, that its owner alone can read.
function Save-TestMasterKey([string] $Path) {
    Set-Content $Path $Canary -NoNewline
    if (-not $IsWindows) {
        [IO.File]::SetUnixFileMode($Path, 'UserRead, UserWrite')
    }
}

# A pwsh of its own: what it wrote, and how it ended. What is given to -Answer is in its input; at a terminal, as if it were typed.
function Invoke-Pwsh([string] $Script, [string[]] $Answer = @(), [string[]] $Option = @(), [switch] $AtTerminal) {
    $line = @('-NoProfile', '-NoLogo', '-OutputFormat', 'Text') + $Option + @('-EncodedCommand', [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($Script)))
    $start = [Diagnostics.ProcessStartInfo]::new($AtTerminal ? 'script' : [Environment]::ProcessPath)
    $AtTerminal ? @('-qec', "'$([Environment]::ProcessPath)' $line", '/dev/null') : $line | ForEach-Object { $start.ArgumentList.Add($_) }
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $start.WorkingDirectory = $PWD.ProviderPath
    $start.Environment['NO_COLOR'] = '1'
    $process = [Diagnostics.Process]::Start($start)
    try {
        $output = $process.StandardOutput.ReadToEndAsync()
        $problems = $process.StandardError.ReadToEndAsync()
        $Answer | ForEach-Object { $process.StandardInput.WriteLine($_) }
        $process.StandardInput.Close()
        if (-not $process.WaitForExit(300000)) {
            $process.Kill($true)
            throw 'pwsh did not end after five minutes.'
        }

        [pscustomobject]@{ ExitCode = $process.ExitCode; Output = $output.Result; Problems = $problems.Result }
    }
    finally {
        $process.Dispose()
    }
}

# What objects show, as lines without trailing blanks.
function ConvertTo-TestLine([Parameter(ValueFromPipeline)] $InputObject, [int] $Width) {
    ($input | Out-String -Width $Width) -split '\r?\n' | ForEach-Object TrimEnd | Where-Object { $_ }
}

# The blocks of one language in a Markdown file.
function Get-CodeBlock([string] $Path, [string] $Language) {
    [regex]::Matches((Get-Content $Path -Raw).Replace("`r", ''), "(?ms)^``````$Language\n(.*?)^``````") | ForEach-Object { $_.Groups[1].Value }
}
