BeforeAll {
    . $PSScriptRoot/common.ps1
}

Describe 'Importing' {
    It 'exports what the manifest lists, in this pwsh' {
        $manifest = Import-PowerShellDataFile $ManifestPath
        $module = Get-Module RustFs.Kms
        $module.ExportedCmdlets.Keys | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
        $module.ExportedAliases.Keys | Sort-Object | Should -Be ($manifest.AliasesToExport | Sort-Object)
        Test-ModuleManifest $ManifestPath -ErrorAction Stop | Should -Not -BeNullOrEmpty
    }

    It 'says nothing, in strict mode too' {
        $run = Invoke-Pwsh "Set-StrictMode -Version Latest; Import-Module '$ManifestPath' 3>&1 4>&1"
        $run.ExitCode, $run.Output, $run.Problems | Should -Be 0, '', ''
    }

    It 'loads nothing of lib, which is what keeps it short' {
        $run = Invoke-Pwsh @"
`$time = [Diagnostics.Stopwatch]::StartNew()
Import-Module '$ManifestPath'
`$time.Stop()
[AppDomain]::CurrentDomain.GetAssemblies().Where{ -not `$_.IsDynamic -and `$_.Location.StartsWith('$ModulePath') }.ForEach{ Split-Path `$_.Location -Leaf } | Sort-Object
"`$([int]`$time.Elapsed.TotalMilliseconds) ms"
"@
        $lines = $run.Output -split '\r?\n' | Where-Object { $_ }
        $lines[0..1] | Should -Be 'RustFs.Kms.dll', 'RustFs.Kms.PowerShell.dll'
        $lines.Count | Should -Be 3
        $Host.UI.WriteLine("        Import-Module took $($lines[2]).")
    }

    It 'can be undone and done again, with new connections' {
        $run = Invoke-Pwsh @"
`$ErrorActionPreference = 'Stop'
Import-Module '$ManifestPath'
`$null = Start-KmsEmulator -Running | Connect-Kms
Remove-Module RustFs.Kms
"`$(@(Get-Command *-Kms*, *-RustFsKms* -ListImported).Count) commands"
Import-Module '$ManifestPath'
"`$(@(Get-KmsConnection).Count) connections, `$(@(Get-KmsEmulator).Count) emulators"
Import-Module '$ManifestPath' -Force
`$null = Start-KmsEmulator -Running | Connect-Kms
(New-KmsKey app).State
"@
        $run.Output -split '\r?\n' | Where-Object { $_ } | Should -Be '0 commands', '0 connections, 0 emulators', 'Enabled'
        $run.Problems | Should -BeNullOrEmpty
    }

    It 'takes a prefix, as any module' {
        $run = Invoke-Pwsh "Import-Module '$ManifestPath' -Prefix My; (Get-Command Get-MyKmsKey).Source; @(Get-MyKmsConnection).Count"
        $run.Output -split '\r?\n' | Where-Object { $_ } | Should -Be 'RustFs.Kms', '0'
    }

    It 'works where scripts may do little: constrained language mode' {
        $keys = Join-Path $TestDrive 'constrained'
        Save-TestMasterKey (Join-Path $TestDrive 'master-key')
        $run = Invoke-Pwsh @"
`$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'
Import-Module '$ManifestPath'
`$null = Connect-Kms '$keys' -Create -MasterKeyFile '$(Join-Path $TestDrive 'master-key')'
New-KmsKey app -Tag @{ env = 'prod' } | ForEach-Object { "`$_ is `$(`$_.State)" }
"`$(`$ExecutionContext.SessionState.LanguageMode)"
Get-KmsKey
try { [IO.File]::Exists('x') } catch { `$_.FullyQualifiedErrorId }
"@
        $run.Problems | Should -BeNullOrEmpty
        $run.Output | Should -Match 'app is Enabled'
        $run.Output | Should -Match '(?m)^ConstrainedLanguage'
        $run.Output | Should -Match '(?m)^app +Enabled'
        $run.Output | Should -Match 'MethodInvocationNotSupportedInConstrainedLanguage'
    }

    It 'goes beside AWS.Tools.KeyManagementService, whichever comes first' {
        if (-not (Get-Module -ListAvailable AWS.Tools.KeyManagementService)) {
            Set-ItResult -Skipped -Because 'AWS.Tools.KeyManagementService is not on this machine'
        }

        foreach ($order in @('AWS.Tools.KeyManagementService', $ManifestPath), @($ManifestPath, 'AWS.Tools.KeyManagementService')) {
            $run = Invoke-Pwsh @"
Import-Module '$($order[0])' 3>`$null; Import-Module '$($order[1])' 3>`$null
`$null = Start-KmsEmulator -Running | Connect-Kms
(New-RustFsKmsKey app).State
(RustFs.Kms\Get-KmsKey app).State
(Get-Command AWS.Tools.KeyManagementService\Get-KMSKey).Source
"@
            $run.Output -split '\r?\n' | Where-Object { $_ } | Should -Be 'Enabled', 'Enabled', 'AWS.Tools.KeyManagementService'
        }
    }

    It 'imports under AllSigned once it is signed, and not before' {
        if (-not $IsWindows) {
            Set-ItResult -Skipped -Because 'only Windows has execution policies and Set-AuthenticodeSignature'
        }
        elseif (-not [Security.Principal.WindowsPrincipal]::new([Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole('Administrators')) {
            Set-ItResult -Skipped -Because 'trusting a certificate that was made here takes an administrator'
        }

        $signed = Join-Path $TestDrive 'signed/RustFs.Kms'
        Copy-Item $ModulePath $signed -Recurse
        $certificate = New-SelfSignedCertificate -Subject 'CN=RustFs.Kms test' -Type CodeSigningCert -CertStoreLocation Cert:\LocalMachine\My
        $trusted = @()
        try {
            $run = Invoke-Pwsh "Import-Module '$signed'" -Option '-ExecutionPolicy', 'AllSigned', '-NonInteractive'
            $run.Problems | Should -Match 'not digitally signed'

            foreach ($store in 'Root', 'TrustedPublisher') {
                $trusted += Export-Certificate $certificate (Join-Path $TestDrive 'c.cer') | Import-Certificate -CertStoreLocation "Cert:\LocalMachine\$store"
            }

            & (Join-Path $RepositoryRoot 'build.ps1') -Task Sign -ModulePath $signed -CertificateThumbprint $certificate.Thumbprint
            $run = Invoke-Pwsh "Import-Module '$signed'; (Get-Module RustFs.Kms).Name" -Option '-ExecutionPolicy', 'AllSigned', '-NonInteractive'
            $run.Problems | Should -BeNullOrEmpty
            $run.Output.Trim() | Should -Be 'RustFs.Kms'
        }
        finally {
            Remove-Item $certificate.PSPath -ErrorAction Ignore
            $trusted | ForEach-Object { Remove-Item $_.PSPath -ErrorAction Ignore }
        }
    }
}
