BeforeAll {
    . $PSScriptRoot/common.ps1
    $blocks = @(Get-CodeBlock (Join-Path $RepositoryRoot 'README.md') powershell)
    $files = @($blocks -match '^# \S+\.ps1: ')
    $typed = @($blocks -notmatch '^# \S+\.ps1: ')

    # A checkout, as far as the README uses one.
    Copy-Item (Join-Path $RepositoryRoot 'README.md') $TestDrive
    $null = New-Item (Join-Path $TestDrive 'out') -ItemType Directory
    $null = New-Item (Join-Path $TestDrive 'out/RustFs.Kms') -Target $ModulePath -ItemType ($IsWindows ? 'Junction' : 'SymbolicLink')
    Push-Location $TestDrive
}

AfterAll {
    Pop-Location
}

Describe 'README.md' {
    It 'has blocks to type and blocks to keep in files' {
        $typed.Count | Should -BeGreaterOrEqual 5
        $files.Count | Should -Be 2
        $typed -match 'Import-Module' | Should -HaveCount 1
    }

    It 'can be typed from top to bottom' {
        # The import comes first in pwsh; before it, the page is in the console, which has imported the module.
        $import = @($typed -match 'Import-Module')
        $script = "`$ErrorActionPreference = 'Stop'`n`$env:PSModulePath = ''`n" + (($import + @($typed -notmatch 'Import-Module')) -join "`n") + "`n'the end'"
        $env:RUSTFS_KMS_LOCAL_MASTER_KEY = $Canary
        try {
            $run = Invoke-Pwsh $script -Answer 'y'
        }
        finally {
            Remove-Item env:RUSTFS_KMS_LOCAL_MASTER_KEY
        }

        $run.Problems | Should -BeNullOrEmpty
        $run.ExitCode | Should -Be 0
        $run.Output | Should -Match 'the end'
        $run.Output | Should -Match '32 bytes, wiped afterwards'
        @([regex]::Matches($run.Output, 'Are you sure')).Count | Should -Be 1
        (Get-FileHash README.back.md).Hash | Should -Be (Get-FileHash README.md).Hash
    }

    It 'has a script for pipelines that ends with 0, and with 3 when the server is not there' {
        $script = @($files -match '^# kms\.ps1: ')[0]
        Set-Content kms.ps1 $script
        (Invoke-Pwsh "& ./kms.ps1; exit `$LASTEXITCODE").ExitCode | Should -Be 0
        $env:RUSTFS_KMS_ENDPOINT = 'http://127.0.0.1:1'
        $env:RUSTFS_KMS_ACCESS_KEY = 'access'
        $env:RUSTFS_KMS_SECRET_KEY = $Canary
        try {
            $run = Invoke-Pwsh "& ./kms.ps1; exit `$LASTEXITCODE"
        }
        finally {
            Remove-Item env:RUSTFS_KMS_ENDPOINT, env:RUSTFS_KMS_ACCESS_KEY, env:RUSTFS_KMS_SECRET_KEY
        }

        $run.ExitCode | Should -Be 3
        $run.Problems + $run.Output | Should -Not -Match $Canary
    }

    It 'has Pester tests that pass' {
        Set-Content kms.Tests.ps1 @($files -match '^# kms\.Tests\.ps1: ')[0]
        $run = Invoke-Pwsh "Import-Module Pester -MinimumVersion 5.5; `$result = Invoke-Pester ./kms.Tests.ps1 -PassThru -Output None; `"`$(`$result.PassedCount) of `$(`$result.TotalCount)`"; `$result.Failed.ErrorRecord"
        $run.Output.Trim() | Should -Be '4 of 4'
    }
}
