BeforeDiscovery {
    # The program that gives another one a terminal: that of util-linux.
    $hasTerminals = $IsLinux -and (Get-Command script -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . $PSScriptRoot/common.ps1
    $keys = Join-Path $TestDrive 'keys'
    $null = Open-TestKeyDirectory $keys app, other
    Save-TestMasterKey (Join-Path $TestDrive 'master-key')
    $connect = "`$ErrorActionPreference = 'Stop'; Import-Module '$ManifestPath'; `$null = Connect-Kms '$keys' -MasterKeyFile '$(Join-Path $TestDrive 'master-key')'"
}

AfterAll {
    Disconnect-Kms -All
}

Describe 'Questions' {
    It 'asks before a removal, and <Answer> means <State>' -Skip:(-not $hasTerminals) -TestCases @(
        @{ Answer = 'n'; State = 'Enabled' }
        @{ Answer = 'y'; State = 'PendingDeletion' }
    ) {
        $run = Invoke-Pwsh "$connect; Remove-KmsKey app; `"state `$((Get-KmsKey app).State)`"" -Answer $Answer -AtTerminal
        $run.Output | Should -Match 'Are you sure'
        $run.Output | Should -Match "key 'app'"
        $run.Output | Should -Match "state $State"
        $null = Undo-KmsKeyRemoval app -ErrorAction Ignore
    }

    It 'asks with -Confirm where it would not by itself' -Skip:(-not $hasTerminals) {
        (Invoke-Pwsh "$connect; New-KmsKey asked -Confirm" -Answer 'n' -AtTerminal).Output | Should -Match 'Are you sure'
        Get-KmsKey asked* | Should -BeNullOrEmpty
    }

    It 'asks no more after "Yes to All"' -Skip:(-not $hasTerminals) {
        $run = Invoke-Pwsh "$connect; 'app', 'other' | Disable-KmsKey; `"now `$(Get-KmsKey | ForEach-Object State)`"" -Answer 'a' -AtTerminal
        @([regex]::Matches($run.Output, 'Are you sure')).Count | Should -Be 1
        $run.Output | Should -Match 'now Disabled Disabled'
        'app', 'other' | Enable-KmsKey
    }

    It 'takes no answer from <What>, and says what would have answered' -TestCases @(
        @{ What = 'an input that has ended'; Answer = @() }
        @{ What = 'an empty line in a pipe'; Answer = '' }
        @{ What = 'a line in a pipe'; Answer = 'y', 'y' }
    ) {
        foreach ($command in 'Remove-KmsKey app', "'app', 'other' | Disable-KmsKey", 'New-KmsKey asked -Confirm', '$ConfirmPreference = "Low"; Set-KmsKey app -Description asked') {
            $run = Invoke-Pwsh "$connect; $command" -Answer $Answer
            $run.ExitCode | Should -Be 1
            $run.Problems | Should -Match 'Confirm:\$false'
            $run.Problems -match 'or -Force' | Should -Be ($command -match 'Remove|Disable')
            $run.Output | Should -Not -Match 'Are you sure'
        }

        Get-KmsKey | ForEach-Object { "$($_.KeyId) $($_.State) $($_.Description)" } | Should -Be 'app Enabled ', 'other Enabled '
    }

    It 'asks nothing there that is not to be asked' {
        $run = Invoke-Pwsh "$connect; New-KmsKey silent; Set-KmsKey silent -Description said -Confirm:`$false; Remove-KmsKey silent -WhatIf; `$ConfirmPreference = 'None'; Remove-KmsKey silent; (Get-KmsKey silent).State"
        $run.ExitCode | Should -Be 0
        $run.Output | Should -Match 'PendingDeletion'
        $null = Remove-KmsKey silent -Immediate -ConfirmKeyId silent -Force
    }

    It '<Silencer> answers for a script' -TestCases @{ Silencer = '-Force' }, @{ Silencer = '-Confirm:$false' } {
        $run = Invoke-Pwsh "$connect; Disable-KmsKey other $Silencer; `"now `$((Get-KmsKey other).State)`"" -Option '-NonInteractive'
        $run.ExitCode, $run.Output.Trim() | Should -Be 0, 'now Disabled'
        Enable-KmsKey other
    }

    It 'does nothing where pwsh may not ask, and pwsh says so' -Skip:(-not $hasTerminals) {
        $run = Invoke-Pwsh "$connect; Remove-KmsKey app" -Option '-NonInteractive' -AtTerminal
        $run.ExitCode | Should -Be 1
        $run.Output | Should -Match 'NonInteractive'
        (Get-KmsKey app).State | Should -Be 'Enabled'
    }

    It 'asks nobody for a master key either, and says what to give' {
        $run = Invoke-Pwsh "`$ErrorActionPreference = 'Stop'; Import-Module '$ManifestPath'; Connect-Kms '$keys'" -Option '-NonInteractive'
        $run.ExitCode | Should -Be 1
        $run.Problems | Should -Match '-MasterKey'
        $run.Problems | Should -Match 'RUSTFS_KMS_LOCAL_MASTER_KEY'
    }
}

Describe '-WhatIf' {
    It 'says what would happen, and nothing happens' {
        $before = Get-ChildItem $keys -File -Force | Get-FileHash | ForEach-Object { "$($_.Path) $($_.Hash)" }
        $run = Invoke-Pwsh @"
$connect
New-KmsKey new -WhatIf
Get-KmsKey app | Disable-KmsKey -WhatIf
Remove-KmsKey app -Force -WhatIf
Add-KmsKeyTag app @{ a = 1 } -WhatIf
Protect-KmsFile '$PSCommandPath' '$(Join-Path $TestDrive 'never.kms')' -KeyId app -WhatIf
New-KmsRecoveryKey '$(Join-Path $TestDrive 'never.pem')' -WhatIf
"@
        $run.ExitCode | Should -Be 0
        @([regex]::Matches($run.Output, '(?m)^What if: ')).Count | Should -Be 6
        Get-ChildItem $keys -File -Force | Get-FileHash | ForEach-Object { "$($_.Path) $($_.Hash)" } | Should -Be $before
        Get-ChildItem $TestDrive -Filter 'never*' | Should -BeNullOrEmpty
    }

    It 'holds for a whole session with $WhatIfPreference' {
        $run = Invoke-Pwsh "$connect; `$WhatIfPreference = `$true; New-KmsKey new; Remove-KmsKey app -Force"
        @([regex]::Matches($run.Output, '(?m)^What if: ')).Count | Should -Be 2
        (Get-KmsKey).KeyId | Should -Be 'app', 'other'
        (Get-KmsKey app).State | Should -Be 'Enabled'
    }
}
