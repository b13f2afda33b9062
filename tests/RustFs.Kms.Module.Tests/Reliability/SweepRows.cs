using RustFs.Kms.Module.Tests.Support;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>One call of a cmdlet, as the last command of a script, in a <see cref="SweepSession"/>.</summary>
/// <param name="Cmdlet">The cmdlet.</param>
/// <param name="Script">The script.</param>
/// <param name="Fails">The error id that it ends in; null when it succeeds.</param>
internal sealed record SweepRow(string Cmdlet, string Script, string? Fails = null)
{
    /// <summary>The same call under the cmdlet's second name.</summary>
    internal SweepRow Second => this with { Cmdlet = CommandNames.Second(Cmdlet), Script = Script.Replace(Cmdlet + " ", CommandNames.Second(Cmdlet) + " ", StringComparison.Ordinal) };
}

/// <summary>
/// At least one success and one failure of every cmdlet, in an order in which they work one after the other. The sweeps compare it with
/// what the staged module exports: a cmdlet that is not here fails them.
/// </summary>
internal static class SweepRows
{
    /// <summary>What cannot fail in a way of its own: it gives back what there is, or says in rows what is wrong.</summary>
    internal static IReadOnlyList<string> Unfailing { get; } = ["Get-KmsEmulator", "Test-KmsHealth"];

    internal static IReadOnlyList<SweepRow> All { get; } =
    [
        new("Connect-Kms", "Connect-Kms \"$root/keys\" -MasterKey $masterKey -Name again -NoDefault"),
        new("Connect-Kms", "Connect-Kms -Endpoint $emulator.Endpoint -Credential $admin -Name twice -NoDefault"),
        new("Connect-Kms", "Connect-Kms \"$root/none\" -MasterKey $masterKey -Name nowhere -NoDefault", "KmsNotFound"),
        new("Connect-Kms", "Connect-Kms \"$root/keys\" -MasterKey $vaultToken -Name wrong -NoDefault", "KmsAuthentication"),
        new("Connect-Kms", "Connect-Kms -Endpoint $emulator.Endpoint -Credential $stranger -Name refused -NoDefault", "KmsAuthentication"),
        new("Connect-Kms", "Connect-Kms -Endpoint $emulator.Endpoint -Credential $admin -SessionToken $sessionToken -Name token -NoDefault", "KmsAuthentication"),
        new("Connect-Kms", "Connect-Kms -Endpoint http://rustfs.test:9000 -Credential $admin -Proxy http://127.0.0.1:1 -ProxyCredential $proxyCredential -RetryCount 0 -Name proxied -NoDefault", "KmsNetwork"),
        new("Connect-Kms", "Connect-Kms -Endpoint $urlWithPassword -Credential $admin -Name address -NoDefault", "KmsUsage"),
        new("Connect-Kms", "Connect-Kms -Endpoint $emulator.Endpoint -Credential $admin -Proxy $urlWithPassword -Name address -NoDefault", "KmsUsage"),
        new("Get-KmsConnection", "Get-KmsConnection"),
        new("Get-KmsConnection", "Get-KmsConnection nope", "KmsNotFound"),
        new("Test-KmsConnection", "Test-KmsConnection server"),
        new("Test-KmsConnection", "Test-KmsConnection -Endpoint $emulator.Endpoint -Credential $stranger"),
        new("Test-KmsConnection", "Test-KmsConnection -Endpoint $urlWithPassword -Credential $admin", "KmsUsage"),
        new("Get-KmsStatus", "Get-KmsStatus server, local"),
        new("Get-KmsStatus", "Get-KmsStatus nope", "KmsNotFound"),

        new("New-KmsKey", "New-KmsKey made -Tag @{ a = 1 }"),
        new("New-KmsKey", "New-KmsKey made -Connection server"),
        new("New-KmsKey", "New-KmsKey app", "KmsConflict"),
        new("Get-KmsKey", "Get-KmsKey -Connection local, server"),
        new("Get-KmsKey", "Get-KmsKey nope", "KmsKeyNotFound"),
        new("Set-KmsKey", "Set-KmsKey app -Description d -PassThru"),
        new("Set-KmsKey", "Set-KmsKey app -Description d -Connection server"),
        new("Set-KmsKey", "Set-KmsKey nope -Description d", "KmsKeyNotFound"),
        new("Add-KmsKeyTag", "Add-KmsKeyTag app @{ a = 1 } -PassThru"),
        new("Add-KmsKeyTag", "Add-KmsKeyTag app @{ a = 1 } -Connection server"),
        new("Add-KmsKeyTag", "Add-KmsKeyTag app @{ name = 1 }", "KmsUsage"),
        new("Remove-KmsKeyTag", "Remove-KmsKeyTag app a -PassThru"),
        new("Remove-KmsKeyTag", "Remove-KmsKeyTag app a -Connection server"),
        new("Remove-KmsKeyTag", "Remove-KmsKeyTag nope a", "KmsKeyNotFound"),
        new("Disable-KmsKey", "Disable-KmsKey other -Force -PassThru"),
        new("Disable-KmsKey", "Disable-KmsKey other -Force -Connection server"),
        new("Disable-KmsKey", "Disable-KmsKey nope -Force", "KmsKeyNotFound"),
        new("Enable-KmsKey", "Enable-KmsKey other -PassThru"),
        new("Enable-KmsKey", "Enable-KmsKey other -Connection server"),
        new("Enable-KmsKey", "Enable-KmsKey nope", "KmsKeyNotFound"),
        new("Remove-KmsKey", "Remove-KmsKey gone -Force -PassThru"),
        new("Remove-KmsKey", "Remove-KmsKey gone -Force -Connection server"),
        new("Remove-KmsKey", "Remove-KmsKey nope -Force", "KmsKeyNotFound"),
        new("Undo-KmsKeyRemoval", "Undo-KmsKeyRemoval going"),
        new("Undo-KmsKeyRemoval", "Undo-KmsKeyRemoval going -Connection server"),
        new("Undo-KmsKeyRemoval", "Undo-KmsKeyRemoval app", "KmsPreconditionFailed"),
        new("Invoke-KmsKeyRotation", "Invoke-KmsKeyRotation app", "KmsUnsupported"),
        new("Invoke-KmsKeyRotation", "Invoke-KmsKeyRotation app -Connection server", "KmsUnsupported"),
        new("Get-KmsKeyImpact", "Get-KmsKeyImpact app -Connection server"),
        new("Get-KmsKeyImpact", "Get-KmsKeyImpact nope -Connection server", "KmsKeyNotFound"),
        new("Test-KmsKey", "Test-KmsKey app, off, nope -RoundTrip"),
        new("Test-KmsKey", "Test-KmsKey app -RoundTrip -Connection server"),
        new("Test-KmsKey", "Test-KmsKey app -Connection nope", "KmsNotFound"),

        new("New-KmsDataKey", "New-KmsDataKey app -EncryptionContext @{ a = 1 } -OutVariable global:dataKey"),
        new("New-KmsDataKey", "New-KmsDataKey app -Connection server -KeySpec Aes128 -OutVariable global:serverKey"),
        new("New-KmsDataKey", "New-KmsDataKey off", "KmsPreconditionFailed"),
        new("Unprotect-KmsDataKey", "Unprotect-KmsDataKey $dataKey[0].CiphertextBlob -EncryptionContext @{ a = 1 }"),
        new("Unprotect-KmsDataKey", "Unprotect-KmsDataKey $dataKey[0].CiphertextBlob -EncryptionContext @{ a = 2 }", "KmsIntegrity"),
        new("Unprotect-KmsDataKey", "Unprotect-KmsDataKey $dataKey[0].CiphertextBlob[0..99]", "KmsIntegrity"),
        new("Update-KmsDataKey", "$dataKey[0].CiphertextBlobBase64 | Update-KmsDataKey other -EncryptionContext @{ a = 1 }"),
        new("Update-KmsDataKey", "$dataKey[0].CiphertextBlobBase64 | Update-KmsDataKey nope -EncryptionContext @{ a = 1 }", "KmsKeyNotFound"),

        new("New-KmsRecoveryKey", "New-KmsRecoveryKey \"$root/recovery.pem\" -Passphrase $passphrase"),
        new("New-KmsRecoveryKey", "New-KmsRecoveryKey \"$root/in/clear.pem\" -Passphrase $passphrase", "KmsConflict"),
        new("Protect-KmsFile", "Protect-KmsFile \"$root/plain\" \"$root/made.kms\" -KeyId app -Passphrase $passphrase -RecoveryRecipient $recipient -PassThru"),
        new("Protect-KmsFile", "Protect-KmsFile \"$root/plain\" \"$root/server.kms\" -KeyId app -Connection server -AllowServerOnlyWrap"),
        new("Protect-KmsFile", "Protect-KmsFile \"$root/nope\" -Passphrase $passphrase", "KmsNotFound"),
        new("Get-KmsEnvelope", "Get-KmsEnvelope \"$root/ready.kms\""),
        new("Get-KmsEnvelope", "Get-KmsEnvelope \"$root/plain\"", "KmsUsage"),
        new("Unprotect-KmsFile", "Unprotect-KmsFile \"$root/ready.kms\" \"$root/opened\" -Passphrase $passphrase -PassThru"),
        new("Unprotect-KmsFile", "Unprotect-KmsFile \"$root/ready.kms\" \"$root/opened2\" -RecoveryKeyFile \"$root/in/clear.pem\""),
        new("Unprotect-KmsFile", "Unprotect-KmsFile \"$root/ready.kms\" \"$root/opened3\" -RecoveryKeyFile \"$root/in/locked.pem\" -RecoveryKeyPassphrase $masterKey", "KmsAuthentication"),
        new("Unprotect-KmsFile", "Unprotect-KmsFile \"$root/sealed.kms\" \"$root/opened4\" -Passphrase $vaultToken", "KmsIntegrity"),
        new("Update-KmsEnvelope", "Update-KmsEnvelope \"$root/ready.kms\" -AddKeyId other -PassThru"),
        new("Update-KmsEnvelope", "Update-KmsEnvelope \"$root/sealed.kms\" -RemoveWrap 9 -Passphrase $passphrase", "KmsNotFound"),

        new("Set-KmsConfiguration", "Set-KmsConfiguration -Connection fresh -KeyDirectory \"$root/fresh\" -MasterKey $serverMaster"),
        new("Set-KmsConfiguration", "Set-KmsConfiguration -Connection server -VaultKv2 -Address https://vault.test -Token $vaultToken", "KmsPreconditionFailed"),
        new("Set-KmsConfiguration", "Set-KmsConfiguration -Connection fresh -Path \"$root/in/vault.json\"", "KmsUsage"),
        new("Get-KmsConfiguration", "Get-KmsConfiguration server"),
        new("Get-KmsConfiguration", "Get-KmsConfiguration nope", "KmsNotFound"),
        new("Test-KmsConfiguration", "Test-KmsConfiguration -VaultKv2 -Address https://vault.test -RoleId r -SecretId $roleSecret"),
        new("Test-KmsConfiguration", "Test-KmsConfiguration -Path \"$root/in/none.json\"", "KmsNotFound"),
        new("Compare-KmsConfiguration", "Compare-KmsConfiguration -Connection server -KeyDirectory /other -MasterKey $masterKey"),
        new("Compare-KmsConfiguration", "Compare-KmsConfiguration -Connection nope -KeyDirectory /other -MasterKey $masterKey", "KmsNotFound"),
        new("Update-KmsConfiguration", "Update-KmsConfiguration -Connection server -CacheTtlSeconds 77"),
        new("Update-KmsConfiguration", "Update-KmsConfiguration -Connection nope -MasterKey $masterKey", "KmsNotFound"),
        new("Start-KmsService", "Start-KmsService fresh"),
        new("Start-KmsService", "Start-KmsService nope", "KmsNotFound"),
        new("Wait-KmsService", "Wait-KmsService server -TimeoutSeconds 30"),
        new("Wait-KmsService", "Wait-KmsService server -State NotConfigured -TimeoutSeconds 1", "KmsTimeout"),
        new("Clear-KmsCache", "Clear-KmsCache server"),
        new("Clear-KmsCache", "Clear-KmsCache nope", "KmsNotFound"),
        new("Restart-KmsService", "Restart-KmsService fresh -Force"),
        new("Restart-KmsService", "Restart-KmsService nope -Force", "KmsNotFound"),
        new("Reset-KmsService", "Reset-KmsService -Connection fresh -KeyDirectory \"$root/fresh\" -Force"),
        new("Reset-KmsService", "Reset-KmsService -Connection nope -KeyDirectory /x -MasterKey $serverMaster -Force", "KmsNotFound"),
        new("Stop-KmsService", "Stop-KmsService fresh -Force"),
        new("Stop-KmsService", "Stop-KmsService nope -Force", "KmsNotFound"),

        new("Set-KmsBucketEncryption", "Set-KmsBucketEncryption photos SseKms -KeyId app -Connection server -PassThru"),
        new("Set-KmsBucketEncryption", "Set-KmsBucketEncryption nope SseS3 -Connection server", "KmsNotFound"),
        new("Get-KmsBucketEncryption", "Get-KmsBucketEncryption -Connection server"),
        new("Get-KmsBucketEncryption", "Get-KmsBucketEncryption nope -Connection server", "KmsNotFound"),
        new("Remove-KmsBucketEncryption", "Remove-KmsBucketEncryption photos -Force -Connection server"),
        new("Remove-KmsBucketEncryption", "Remove-KmsBucketEncryption nope -Force -Connection server", "KmsNotFound"),

        new("Get-KmsBackup", "Get-KmsBackup server"),
        new("Get-KmsBackup", "Get-KmsBackup nope", "KmsNotFound"),
        new("Backup-KmsKeyStore", "Backup-KmsKeyStore server -BackupId one"),
        new("Backup-KmsKeyStore", "Backup-KmsKeyStore local -BackupId one"),
        new("Backup-KmsKeyStore", "Backup-KmsKeyStore server -BackupId ../one", "KmsUsage"),
        new("Test-KmsRestore", "Test-KmsRestore tour -Connection server"),
        new("Test-KmsRestore", "Test-KmsRestore a/b -Connection server", "KmsUsage"),
        new("Restore-KmsKeyStore", "Restore-KmsKeyStore \"$root/backups/tour\" -KeyDirectory \"$root/target\" -MasterKey $masterKey -BackupKey $backupKey -ConfirmBackupId tour -ConflictPolicy RestoreIntoEmptyTarget -Force"),
        new("Restore-KmsKeyStore", "Restore-KmsKeyStore tour -Connection server -ConfirmBackupId other -ConflictPolicy Fail -Force", "KmsUsage"),
        new("Stop-KmsRestore", "Stop-KmsRestore -KeyDirectory \"$root/half\" -Force"),
        new("Stop-KmsRestore", "Stop-KmsRestore -Connection server -ConfirmTargetKeyDirectory /elsewhere -Force", "KmsUsage"),
        new("Test-KmsKeyStore", "Test-KmsKeyStore -Repair"),
        new("Test-KmsKeyStore", "Test-KmsKeyStore -KeyDirectory \"$root/none\" -MasterKey $masterKey"),
        new("Test-KmsKeyStore", "Test-KmsKeyStore -Connection nope", "KmsNotFound"),

        new("Test-KmsHealth", "Test-KmsHealth server"),
        new("Test-KmsHealth", "Test-KmsHealth nope"),
        new("Assert-KmsHealth", "Assert-KmsHealth server -Check Reachable"),
        new("Assert-KmsHealth", "Assert-KmsHealth fresh", "KmsUnhealthy"),
        new("Test-KmsVault", "Test-KmsVault http://127.0.0.1:1 VaultKv2 -Token $vaultToken -NoProxy"),
        new("Test-KmsVault", "Test-KmsVault http://127.0.0.1:1 VaultKv2 -RoleId r -SecretId $roleSecret -SecretIdFile x -NoProxy", "KmsUsage"),
        new("Resolve-KmsError", "Resolve-KmsError -Message '{\"success\":false,\"message\":\"Key not found: app\"}'"),
        new("Resolve-KmsError", "Resolve-KmsError -Message ''", "KmsUsage"),
        new("Export-KmsSupportBundle", "Export-KmsSupportBundle \"$root/bundle.zip\" -Connection server, local -LogPath \"$root/in/rustfs.log\" -Header @{ 'x-amz-server-side-encryption-customer-key' = $customerKey }"),
        new("Export-KmsSupportBundle", "Export-KmsSupportBundle /nowhere/at/all/b.zip", "KmsNotFound"),

        new("Start-KmsEmulator", "Start-KmsEmulator -Credential $admin -KeyDirectory \"$root/third\" -MasterKey $serverMaster -Running -OutVariable global:third"),
        new("Start-KmsEmulator", "Start-KmsEmulator -Credential $admin -SessionToken $sessionToken"),
        new("Start-KmsEmulator", "Start-KmsEmulator -KeyDirectory \"$root/plain\" -MasterKey $serverMaster -Running", "KmsStorage"),
        new("Get-KmsEmulator", "Get-KmsEmulator"),
        new("Stop-KmsEmulator", "$spare | Stop-KmsEmulator"),
        new("Stop-KmsEmulator", "Stop-KmsEmulator 'nope'", "CannotConvertArgumentNoMessage"),
        new("Disconnect-Kms", "Connect-Kms \"$root/keys\" -MasterKey $masterKey -Name last -NoDefault | Out-Null; Disconnect-Kms last"),
        new("Disconnect-Kms", "Disconnect-Kms nope", "KmsNotFound"),
    ];
}
