BeforeAll {
    . $PSScriptRoot/common.ps1
    $keys = Join-Path $TestDrive 'keys'
    $connection = Open-TestKeyDirectory $keys app
}

AfterAll {
    Disconnect-Kms -All
}

Describe 'More than one runspace' {
    It 'shares a connection with ForEach-Object -Parallel' {
        $made = 1..24 | ForEach-Object -Parallel { New-KmsKey "parallel-$_" -Connection $using:connection } -ThrottleLimit 8
        $made.KeyId | Sort-Object | Should -Be (1..24 | ForEach-Object { "parallel-$_" } | Sort-Object)
        @(Get-KmsKey 'parallel-*').Count | Should -Be 24
        Test-KmsKeyStore -Quiet | Should -BeTrue
    }

    It 'has no default connection in another runspace, and says how to get one' {
        $problem = 1 | ForEach-Object -Parallel { try { Get-KmsKey -ErrorAction Stop } catch { $_ } }
        $problem.FullyQualifiedErrorId | Should -BeLike 'KmsNotFound,*'
        $problem.ErrorDetails.RecommendedAction | Should -Match 'Connect-Kms'
    }

    It 'lets no iteration work on the connection of the one before it' {
        Save-TestMasterKey (Join-Path $TestDrive 'master-key')
        $places = $keys, (Join-Path $TestDrive 'nodir')
        $file = Join-Path $TestDrive 'master-key'
        $seen = $places | ForEach-Object -ThrottleLimit 1 -Parallel {
            $problem = try { $null = Connect-Kms $_ -MasterKeyFile $using:file } catch { $_ }
            $made = try { (New-KmsKey "made-for-$(Split-Path $_ -Leaf)").KeyId } catch { $_.FullyQualifiedErrorId }
            [pscustomobject]@{ Runspace = [runspace]::DefaultRunspace.InstanceId; Problem = $problem; Made = $made }
        }
        @($seen.Runspace | Select-Object -Unique).Count | Should -Be 1
        $seen[0].Made | Should -Be 'made-for-keys'
        $seen[1].Problem.FullyQualifiedErrorId | Should -BeLike 'KmsNotFound,*'
        $seen[1].Made | Should -BeLike 'KmsNotFound,*'
        Get-KmsKey made-for-nodir* | Should -BeNullOrEmpty
        Remove-KmsKey made-for-keys -Force
    }

    It 'keeps its connections when a script tidies up, and in scopes, modules and event actions' {
        $run = Invoke-Pwsh @"
Import-Module '$ManifestPath'
`$null = Connect-Kms '$keys' -MasterKeyFile '$(Join-Path $TestDrive 'master-key')'
Get-Variable | Remove-Variable -Force -ErrorAction Ignore
Remove-Variable * -Scope Global -Force -ErrorAction Ignore
Get-EventSubscriber -Force | Unregister-Event -Force
Import-Module '$ManifestPath'
Invoke-Command -NoNewScope { (Get-KmsKey app).KeyId }
& (New-Module { }) { (Get-KmsKey app).KeyId }
`$subscriber = Register-EngineEvent test -Action { (Get-KmsKey app).KeyId }
`$null = New-Event test
while (-not `$subscriber.HasMoreData) { Start-Sleep -Milliseconds 50 }
`$subscriber | Receive-Job
class Reader { [string] Read() { return (Get-KmsKey app).KeyId } }
[Reader]::new().Read()
"@
        $run.Problems | Should -BeNullOrEmpty
        @($run.Output.Trim() -split '\r?\n') | Should -Be (@('app') * 4)
    }

    It 'opens data keys in parallel that were made in this one' {
        $dataKeys = 1..16 | ForEach-Object { New-KmsDataKey app -WithoutPlaintext }
        $opened = $dataKeys | ForEach-Object -Parallel { $dataKey = Unprotect-KmsDataKey $_.CiphertextBlob -Connection $using:connection; $dataKey.PlaintextLength; $dataKey.Dispose() }
        $opened | Should -Be (@(32) * 16)
    }

    It 'works in a thread job' {
        $job = Start-ThreadJob { Get-KmsKey app -Connection $using:connection }
        $key = $job | Receive-Job -Wait -AutoRemoveJob
        $key | Should -BeOfType RustFs.Kms.KmsKey
        $key.State | Should -Be 'Enabled'
    }
}

Describe 'Jobs in processes of their own' {
    It 'give back keys as they show and with their values' {
        $env:RUSTFS_KMS_LOCAL_MASTER_KEY = $Canary
        try {
            $received = Start-Job { param($path) $null = Connect-Kms $path; Get-KmsKey app; New-KmsDataKey app } -ArgumentList $keys | Receive-Job -Wait -AutoRemoveJob
        }
        finally {
            Remove-Item env:RUSTFS_KMS_LOCAL_MASTER_KEY
        }

        $received[0].PSTypeNames | Should -Contain 'Deserialized.RustFs.Kms.KmsKey'
        $received[0].KeyId, $received[0].State.ToString() | Should -Be 'app', 'Enabled'
        ($received[0] | ConvertTo-TestLine -Width 100) -match '^KeyId +State' | Should -HaveCount 1

        # The wrapped form travels, and opens here; the plaintext stayed where it was made.
        $opened = Unprotect-KmsDataKey $received[1].CiphertextBlobBase64
        $opened.PlaintextLength | Should -Be 32
        $opened.Dispose()
    }
}
