BeforeAll {
    . $PSScriptRoot/common.ps1
    $null = Open-TestKeyDirectory (Join-Path $TestDrive 'keys') app, a-key-with-a-rather-long-name-that-no-column-was-made-for
    Set-KmsKey app -Description ('A description that goes on and on, as descriptions do when nobody stops them. ' * 2)
    Add-KmsKeyTag app @{ env = 'prod'; owner = 'the people who write the photo service' }
    $emulator = Start-KmsEmulator -Running
    $null = $emulator | Connect-Kms -Name server -NoDefault
    $null = New-KmsKey app -Connection server
    Set-Content (Join-Path $TestDrive 'report.txt') 'Quarter 3'
    Protect-KmsFile (Join-Path $TestDrive 'report.txt') -KeyId app -EncryptionContext @{ report = '3' }
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

    It 'lists of a key what there is to know, and nothing that is not' {
        $hostile = "$([char]27)[31mred`r`n##vso[task.complete]"
        $null = New-KmsKey listed -Description $hostile -Tag @{ env = $hostile }
        foreach ($where in 'local', 'server') {
            $lines = @(Get-KmsKey app -Connection $where | Format-List | ConvertTo-TestLine -Width 100) -ne ''
            $lines | Should -Not -Match '^\w+ +: *$' -Because 'an empty line says nothing'
            foreach ($name in 'KeyId', 'State', 'Usage', 'Tags', 'CreatedAt', 'Connection') {
                $lines -match "^$name +: \S" | Should -HaveCount 1 -Because $name
            }
        }

        $text = Get-KmsKey listed | Format-List | Out-String -Width 100
        $text | Should -Match ([regex]::Escape('\x1B[31m'))
        $text | Should -Not -Match "$([char]27)|##vso\["
    }

    It 'loses no column of the keys at 80' {
        $heading = @(Get-KmsKey | ConvertTo-TestLine -Width 80) -match '^KeyId'
        $heading | Should -Match '^KeyId +State'
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

Describe 'JSON' {
    # about_RustFsKms_Pipelines says what a lesser depth leaves out. Several objects are a level of their own.
    It '<Command> is whole at depth <Depth>, and no lesser one' -ForEach @(
        @{ Depth = 2; Command = 'Get-KmsKey'; Expected = '"env":"prod"' }
        @{ Depth = 1; Command = 'Get-KmsConnection local'; Expected = '"MasterKey":' }
        @{ Depth = 2; Command = 'Get-KmsStatus server'; Expected = '"ConfigurationFingerprint":' }
        @{ Depth = 3; Command = 'Get-KmsStatus local, server'; Expected = '"ConfigurationFingerprint":' }
        @{ Depth = 1; Command = 'Get-KmsKeyImpact app -Connection server'; Expected = '"object-envelopes"' }
        @{ Depth = 1; Command = "New-KmsDataKey app -EncryptionContext @{ bucket = 'photos' }"; Expected = '"bucket":"photos"' }
        @{ Depth = 2; Command = 'Get-KmsEmulator'; Expected = '"Length":40' }
        @{ Depth = 1; Command = "Resolve-KmsError -Message 'Vault is sealed'"; Expected = '"vault operator unseal"' }
        @{ Depth = 3; Command = "Get-KmsEnvelope (Join-Path `$TestDrive 'report.txt.kms')"; Expected = '"EncryptionContext":{"report":"3"}' }
        @{ Depth = 4; Command = "Get-KmsEnvelope (Join-Path `$TestDrive 'report.txt.kms'), (Join-Path `$TestDrive 'report.txt.kms')"; Expected = '"EncryptionContext":{"report":"3"}' }
    ) {
        $output = & ([scriptblock]::Create($Command))
        $output | ConvertTo-Json -Depth $Depth -Compress -WarningVariable warnings -WarningAction SilentlyContinue | Should -BeLike "*$Expected*"
        $warnings | Should -BeNullOrEmpty
        $output | ConvertTo-Json -Depth ($Depth - 1) -Compress -WarningVariable warnings -WarningAction SilentlyContinue | Should -Not -BeLike "*$Expected*"
        $warnings | Should -Not -BeNullOrEmpty
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
