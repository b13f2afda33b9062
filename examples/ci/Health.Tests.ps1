# Environment checks with Pester: Invoke-Pester ./examples/ci/Health.Tests.ps1, in a session that has the module.
# RUSTFS_KMS_ENDPOINT and RUSTFS_KMS_ACCESS_KEY/_SECRET_KEY say which server; without them, an emulator stands in.
BeforeAll {
    if ($env:RUSTFS_KMS_ENDPOINT) {
        $null = Connect-Kms
    }
    else {
        $script:emulator = Start-KmsEmulator -Running
        $null = $emulator | Connect-Kms
        $null = New-KmsKey app
        Update-KmsConfiguration -DefaultKeyId app
    }
}

AfterAll {
    Disconnect-Kms -All
    if ($script:emulator) {
        Stop-KmsEmulator $script:emulator
    }
}

Describe 'The KMS' {
    It 'is healthy' {
        { Assert-KmsHealth -FailOnWarning } | Should -Not -Throw
    }

    It 'has a default key that makes data keys' {
        Test-KmsHealth -Check DefaultKey, RoundTrip -Quiet | Should -BeTrue
    }

    It 'says what is wrong, with one error' {
        { Assert-KmsHealth -MinimumCacheHitRatio 1 -Check Cache } | Should -Throw -ErrorId 'KmsUnhealthy,*'
    }
}
