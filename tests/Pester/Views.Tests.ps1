BeforeAll {
    . $PSScriptRoot/common.ps1
    $null = Open-TestKeyDirectory (Join-Path $TestDrive 'keys') app, a-key-with-a-rather-long-name-that-no-column-was-made-for
    Set-KmsKey app -Description ('A description that goes on and on, as descriptions do when nobody stops them. ' * 2)
    Add-KmsKeyTag app @{ env = 'prod'; owner = 'the people who write the photo service' }
    $emulator = Start-KmsEmulator -Running
    $null = $emulator | Connect-Kms -Name server -NoDefault
    Set-Content (Join-Path $TestDrive 'report.txt') 'Quarter 3'
    Protect-KmsFile (Join-Path $TestDrive 'report.txt') -KeyId app
}

AfterAll {
    Disconnect-Kms -All
    Stop-KmsEmulator $emulator
}

Describe 'Views' {
    It '<Command> fits <Width> columns, under its heading' -ForEach @(
        foreach ($width in 80, 120) {
            @{ Width = $width; Command = 'Get-KmsKey'; Heading = 'KeyId' }
            @{ Width = $width; Command = 'Get-KmsConnection'; Heading = 'Name' }
            @{ Width = $width; Command = 'Get-KmsStatus'; Heading = '' }
            @{ Width = $width; Command = 'Get-KmsStatus server'; Heading = '' }
            @{ Width = $width; Command = 'New-KmsDataKey app'; Heading = '' }
            @{ Width = $width; Command = 'Test-KmsKeyStore'; Heading = 'Severity' }
            @{ Width = $width; Command = 'Test-KmsKey app'; Heading = '' }
            @{ Width = $width; Command = 'Test-KmsHealth server'; Heading = '' }
            @{ Width = $width; Command = 'Get-KmsEmulator'; Heading = 'Endpoint' }
            @{ Width = $width; Command = 'Get-KmsConfiguration server'; Heading = '' }
            @{ Width = $width; Command = "Get-KmsEnvelope (Join-Path `$TestDrive 'report.txt.kms')"; Heading = '' }
            @{ Width = $width; Command = "Resolve-KmsError -Message 'Vault is sealed'"; Heading = '' }
        }
    ) {
        $lines = @(& ([scriptblock]::Create($Command)) | ConvertTo-TestLine -Width $Width)
        $lines.Count | Should -BeGreaterThan 1
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual $Width -Because $_ }
        $lines[0..1] -match "^$Heading" | Should -Not -BeNullOrEmpty -Because $lines[0]
        $lines -join "`n" | Should -Not -Match ([char]27)
    }

    It 'loses no column of the keys at 80' {
        $heading = @(Get-KmsKey | ConvertTo-TestLine -Width 80) -match '^KeyId'
        $heading | Should -Match '^KeyId +State'
    }

    It 'neutralises what others wrote after another type''s object, too' {
        $hostile = "harmless`n::error title=forged::pwned`n##vso[task.complete]done`e[31mred"
        Set-KmsKey app -Description $hostile
        $shown = @(Get-KmsConnection; Get-KmsKey app; Get-KmsStatus; Get-KmsKey app)
        foreach ($text in ($shown | Out-String), ($shown | Format-Custom | Out-String), ($shown | Format-Wide | Out-String)) {
            $text | Should -Not -Match '(?m)^\s*::error|##vso\[|\e'
        }

        $shown | Out-String | Should -Match 'harmless\\x0A'
        (Get-KmsKey app).Description | Should -BeExactly $hostile
    }

    It 'has colour only where the host wants it' {
        $PSStyle.OutputRendering = 'Ansi'
        try {
            (Get-KmsConnection | Out-String) | Should -Match ([char]27)
        }
        finally {
            $PSStyle.OutputRendering = 'PlainText'
        }

        (Get-KmsConnection | Out-String) | Should -Not -Match ([char]27)
    }
}

Describe 'Tab' {
    It 'completes <Line> to <Expected>' -ForEach @(
        @{ Line = 'Get-KmsKey ap'; Expected = 'app' }
        @{ Line = 'New-KmsDataKey -KeyId a-'; Expected = 'a-key-with-a-rather-long-name-that-no-column-was-made-for' }
        @{ Line = 'Get-KmsKey -Connection ser'; Expected = 'server' }
        @{ Line = 'Disconnect-Kms lo'; Expected = 'local' }
        @{ Line = 'Get-KmsKey -State PendingD'; Expected = 'PendingDeletion' }
        @{ Line = 'Remove-KmsKeyTag app en'; Expected = 'env' }
        @{ Line = 'New-KmsDataKey app -KeySpec Cha'; Expected = 'ChaCha20' }
        @{ Line = 'Connect-K'; Expected = 'Connect-Kms' }
        @{ Line = 'New-RustFsKmsK'; Expected = 'New-RustFsKmsKey' }
        @{ Line = 'Get-KmsKey -Desc'; Expected = $null }
    ) {
        (TabExpansion2 $Line -cursorColumn $Line.Length).CompletionMatches | Select-Object -First 1 -ExpandProperty CompletionText | Should -Be $Expected
    }

    It 'is silent when the server is gone' {
        $gone = Start-KmsEmulator -Running
        $null = $gone | Connect-Kms -Name gone -NoDefault
        Stop-KmsEmulator $gone
        $Error.Clear()
        (TabExpansion2 'Get-KmsKey -Connection gone x' -cursorColumn 29).CompletionMatches | Should -BeNullOrEmpty
        $Error | Should -BeNullOrEmpty
    }
}
