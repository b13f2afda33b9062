BeforeAll {
    . $PSScriptRoot/common.ps1
    $keys = Join-Path $TestDrive 'keys'
    $null = Open-TestKeyDirectory $keys app
    $dataKey = New-KmsDataKey app -EncryptionContext @{ bucket = 'photos' }
    $emulator = Start-KmsEmulator -Running
    $server = $emulator | Connect-Kms -Name server -NoDefault

    # Every form in which a trace of a secret could be read: as text, as Base64, as hexadecimal, and as the list of numbers of a JSON array.
    $plaintext = [byte[]]::new($dataKey.PlaintextLength)
    $dataKey.CopyPlaintextTo($plaintext)
    $traces = @(
        $Canary
        [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Canary))
        [Convert]::ToBase64String($plaintext)
        [Convert]::ToHexString($plaintext)
        $plaintext[0..7] -join ','
        $emulator.Credential.GetNetworkCredential().Password
    )

    function Assert-NoSecret([string] $Text) {
        $Text.Length | Should -BeGreaterThan 20
        $bare = $Text -replace '\s', ''
        # A trace is never part of a failure's message.
        @($traces | Where-Object { $bare.Contains($_, [StringComparison]::OrdinalIgnoreCase) }).Count | Should -Be 0 -Because 'no secret may be in it'
    }
}

AfterAll {
    $dataKey.Dispose()
    Disconnect-Kms -All
    Stop-KmsEmulator $emulator
}

Describe 'What is never written' {
    It 'is found by this very test when it is there' {
        foreach ($trace in $traces) {
            { Assert-NoSecret "A text that is long enough: $trace" } | Should -Throw
        }
    }

    It 'is not in the JSON of <_>' -ForEach 'a data key', 'a connection to a key directory', 'a connection to a server', 'an emulator', 'a key' {
        $subject = switch ($_) {
            'a data key' { $dataKey }
            'a connection to a key directory' { Get-KmsConnection local }
            'a connection to a server' { $server }
            'an emulator' { $emulator }
            'a key' { Get-KmsKey app }
        }
        Assert-NoSecret ($subject | ConvertTo-Json -Depth 6 -WarningAction Ignore)
    }

    It 'is not in CLIXML, and comes back as something that still shows' {
        $path = Join-Path $TestDrive 'export.xml'
        $dataKey, (Get-KmsConnection), $emulator, (Get-KmsKey app), (Get-KmsStatus) | Export-Clixml $path -Depth 6
        Assert-NoSecret (Get-Content $path -Raw)
        $back = Import-Clixml $path
        $back[0].CiphertextBlobBase64 | Should -Be $dataKey.CiphertextBlobBase64
        $back[0].PSObject.Properties.Name | Should -Not -Contain 'Plaintext'
        $back[0] | ConvertTo-TestLine -Width 100 | Should -Not -BeNullOrEmpty
    }

    It 'is not in CSV, in lists of everything, or in strings' {
        Assert-NoSecret ($dataKey | ConvertTo-Csv | Out-String)
        Assert-NoSecret ($dataKey, $emulator, (Get-KmsConnection) | Format-List * -Force | Out-String)
        Assert-NoSecret "$dataKey and $emulator and $(Get-KmsConnection)"
    }

    It 'is not in a transcript of a whole session, with every stream shown' {
        $transcript = Join-Path $TestDrive 'transcript.txt'
        $run = Invoke-Pwsh @"
`$null = Start-Transcript '$transcript'
`$VerbosePreference = `$DebugPreference = `$InformationPreference = 'Continue'
Import-Module '$ManifestPath'
`$env:RUSTFS_KMS_LOCAL_MASTER_KEY = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('$([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Canary)))'))
Connect-Kms '$keys'
`$opened = Unprotect-KmsDataKey '$($dataKey.CiphertextBlobBase64)' -EncryptionContext @{ bucket = 'photos' }
`$opened
`$opened | Format-List *
Unprotect-KmsDataKey '$($dataKey.CiphertextBlobBase64)' -EncryptionContext @{ bucket = 'other' }
Get-KmsKey
Connect-Kms '$keys' -Name wrong -MasterKey ([securestring]::new())
`$Error | Format-List * -Force
`$null = Stop-Transcript
"@
        $run.Output | Should -Match 'Transcript|KeyId'
        $text = Get-Content $transcript -Raw
        $text | Should -Match 'KmsIntegrity'

        # The script itself is in a transcript's head when it is a command line; only this line of ours holds the canary, encoded.
        $own = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Canary))
        Assert-NoSecret (($text -split '\r?\n' | Where-Object { -not ($_.Contains($own) -or $_ -match '^Host Application') }) -join "`n")
    }
}
