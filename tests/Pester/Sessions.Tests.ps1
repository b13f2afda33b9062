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
