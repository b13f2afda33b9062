<#
.SYNOPSIS
    Runs this suite, and ends with 1 when a test failed or none was run.

.DESCRIPTION
    Against the module at out/RustFs.Kms, or at the path in RUSTFS_KMS_MODULE_PATH.

.PARAMETER Path
    The test files; all of them by default, and the ones in examples/ci.

.PARAMETER ResultPath
    Where to write the results, in NUnit's format. Without it, nothing is written.
#>
[CmdletBinding()]
param(
    [string[]] $Path = @($PSScriptRoot, (Join-Path $PSScriptRoot '../../examples/ci')),

    [string] $ResultPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module Pester -MinimumVersion 5.5

# examples/ci has tests that expect a session with the module.
. (Join-Path $PSScriptRoot 'common.ps1')

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
if ($ResultPath) {
    $configuration.TestResult.Enabled = $true
    $configuration.TestResult.OutputPath = $ResultPath
}

$result = Invoke-Pester -Configuration $configuration
"pwsh $($PSVersionTable.PSVersion), Pester $((Get-Module Pester).Version): $($result.PassedCount) passed, $($result.FailedCount) failed, $($result.SkippedCount) skipped"
exit [int]($result.Result -ne 'Passed' -or $result.PassedCount -eq 0)
