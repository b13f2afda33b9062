# The examples of the help that need more than the engine (tests/RustFs.Kms.Module.Tests/Help/Pwsh.txt), as printed, each in a pwsh of its own.
# All others run in HelpExampleTests, with the same preludes.
BeforeDiscovery {
    $data = Join-Path $PSScriptRoot '../RustFs.Kms.Module.Tests/Help'
    $listed = @(Get-Content (Join-Path $data 'Pwsh.txt') | Where-Object { $_ -and $_ -notlike '#*' } | ForEach-Object {
            $page, $title = $_ -split ': ', 2
            @{ Page = $page; Title = $title }
        })
}

BeforeAll {
    $root = Split-Path (Split-Path $PSScriptRoot)
    $data = Join-Path $root 'tests/RustFs.Kms.Module.Tests/Help'
    $module = if ($env:RUSTFS_KMS_MODULE_PATH) { $env:RUSTFS_KMS_MODULE_PATH } else { Join-Path $root 'out/RustFs.Kms' }

    # The code of an example, or of a block of an about topic.
    function Get-Example([string] $Page, [string] $Title) {
        $text = [IO.File]::ReadAllText((Join-Path $root "docs/$Page.md")).Replace("`r", '')
        $code = '(?ms)^```powershell\n(.*?)\n```$'
        if ($Title -match '^block (\d+)$') {
            return [regex]::Matches($text, $code)[[int] $Matches[1] - 1].Groups[1].Value
        }

        $start = $text.IndexOf("### $Title`n")
        $start | Should -BeGreaterThan 0 -Because "docs/$Page.md has no such example"
        [regex]::Match($text.Substring($start), $code).Groups[1].Value
    }
}

Describe 'An example of the help that needs PowerShell itself' -Skip:($listed.Count -eq 0) {
    It '<page>: <title>' -ForEach $listed {
        $example = Get-Example $Page $Title
        $run = if ($example -match '(?m)^Describe ') {
            "`$result = Invoke-Pester -Container (New-PesterContainer -ScriptBlock {`n$example`n}) -PassThru -Output None`nif (`$result.FailedCount -or -not `$result.PassedCount) { throw `"`$(`$result.Failed.ErrorRecord)`" }"
        }
        else {
            $example
        }

        $prelude = Join-Path $data "Preludes/$Page.ps1"
        $script = Join-Path $TestDrive "$([Guid]::NewGuid().ToString('N')).ps1"
        Set-Content $script (@"
`$ErrorActionPreference = 'Stop'
`$ConfirmPreference = 'None'
Import-Module '$module/RustFs.Kms.psd1'
Set-Location (New-Item -ItemType Directory '$script.folder')
`$global:world = [pscustomobject] @{ Proxy = `$null }
`$world | Add-Member ScriptMethod Serve { param(`$hostName, `$endpoint) `$endpoint }
. '$data/Preludes/Common.ps1'
$(if (Test-Path $prelude) { ". '$prelude'" })
$run
'The example ran to its end.'
"@)
        $output = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -File $script 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$output"
        "$output" | Should -BeLike '*The example ran to its end.*'
    }
}
