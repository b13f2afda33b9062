<#
.SYNOPSIS
    Sequences the steps of the build for people who have PowerShell. Each step is an ordinary `dotnet` command.

.PARAMETER Task
    Build stages the module at out/RustFs.Kms. Test runs the tests. Analyze checks the style of C# and scripts.

.PARAMETER Configuration
    Debug or Release.
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Analyze')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$solution = Join-Path $PSScriptRoot 'RustFs.Kms.sln'
$manifest = Join-Path $PSScriptRoot 'out/RustFs.Kms/RustFs.Kms.psd1'

function Invoke-DotNet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) {
        throw "dotnet $($args[0]) ended with exit code $LASTEXITCODE."
    }
}

switch ($Task) {
    'Build' {
        Invoke-DotNet build $solution --configuration $Configuration
        $null = Test-ModuleManifest $manifest
    }
    'Test' {
        Invoke-DotNet test $solution --configuration $Configuration
    }
    'Analyze' {
        Invoke-DotNet format $solution --verify-no-changes
        if (Get-Command Invoke-ScriptAnalyzer -ErrorAction Ignore) {
            $findings = 'build.ps1', 'examples', 'out/RustFs.Kms/RustFs.Kms.psd1' |
                ForEach-Object { Invoke-ScriptAnalyzer -Path (Join-Path $PSScriptRoot $_) -Recurse -Severity Warning, Error }
            $findings
            if ($findings) {
                throw "PSScriptAnalyzer has $(@($findings).Count) findings."
            }
        }
        else {
            Write-Warning 'PSScriptAnalyzer is not installed: the scripts were not analyzed.'
        }
    }
}
