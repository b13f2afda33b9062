using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>How a cmdlet says that a server fails.</summary>
internal enum RemoteAnswer
{
    /// <summary>In one error with the id of the failure.</summary>
    Error,

    /// <summary>In rows: that is what it is for.</summary>
    Rows,

    /// <summary>In its own error, over whatever failed: not healthy, or not in time.</summary>
    Verdict,
}

/// <summary>One call of a cmdlet against a server, over the connection <c>server</c>.</summary>
internal sealed record RemoteCall(string Cmdlet, string Script, RemoteAnswer Answer = RemoteAnswer.Error)
{
    private static readonly string[] s_readers = ["Get-", "Test-", "Assert-", "Wait-", "Compare-", "New-KmsDataKey", "Protect-", "Update-KmsEnvelope"];

    /// <summary>Whether it sends a request that changes something.</summary>
    internal bool Changes => !s_readers.Any(reader => Cmdlet.StartsWith(reader, StringComparison.Ordinal));
}

/// <summary>At least one call of every cmdlet that reaches a server. A cmdlet with -Connection that is neither here nor exempt fails a test.</summary>
internal static class RemoteCalls
{
    /// <summary>Cmdlets with -Connection that send nothing, and why.</summary>
    internal static IReadOnlyDictionary<string, string> Exempt { get; } = new Dictionary<string, string>
    {
        ["Disconnect-Kms"] = "forgets a connection",
        ["Test-KmsKeyStore"] = "looks at a key directory",
        ["Test-KmsVault"] = "reaches a Vault: VaultPreflightTests",
        ["Unprotect-KmsDataKey"] = "no server opens a data key: refused before anything is sent",
        ["Update-KmsDataKey"] = "the same",
        ["Unprotect-KmsFile"] = "the same",
        ["Export-KmsSupportBundle"] = "writes down what cannot be had, and succeeds: SupportBundleTests",
    };

    internal static IReadOnlyList<RemoteCall> All { get; } =
    [
        new("Get-KmsStatus", "Get-KmsStatus"),
        new("Get-KmsConfiguration", "Get-KmsConfiguration"),
        new("Get-KmsKey", "Get-KmsKey"),
        new("Get-KmsKey", "Get-KmsKey k1"),
        new("Get-KmsKeyImpact", "Get-KmsKeyImpact k1"),
        new("Get-KmsBackup", "Get-KmsBackup"),
        new("Get-KmsBucketEncryption", "Get-KmsBucketEncryption photos"),
        new("Test-KmsKey", "Test-KmsKey k1"),
        new("Test-KmsHealth", "Test-KmsHealth", RemoteAnswer.Rows),
        new("Test-KmsConnection", "Test-KmsConnection server", RemoteAnswer.Rows),
        new("Assert-KmsHealth", "Assert-KmsHealth", RemoteAnswer.Verdict),
        new("Wait-KmsService", "Wait-KmsService -TimeoutSeconds 1", RemoteAnswer.Verdict),
        new("Compare-KmsConfiguration", "Compare-KmsConfiguration -KeyDirectory /keys -DefaultKeyId other"),
        new("Test-KmsRestore", "Test-KmsRestore x"),
        new("New-KmsDataKey", "New-KmsDataKey k1"),
        new("Protect-KmsFile", "Protect-KmsFile $plain \"$plain.$([guid]::NewGuid().ToString('n'))\" -KeyId k1 -AllowServerOnlyWrap"),
        new("Update-KmsEnvelope", "Update-KmsEnvelope $envelope -AddKeyId k1 -Passphrase $passphrase"),
        new("New-KmsKey", "New-KmsKey another"),
        new("Set-KmsKey", "Set-KmsKey k1 -Description x"),
        new("Add-KmsKeyTag", "Add-KmsKeyTag k1 @{ a = 1 }"),
        new("Remove-KmsKeyTag", "Remove-KmsKeyTag k1 a"),
        new("Enable-KmsKey", "Enable-KmsKey k1"),
        new("Disable-KmsKey", "Disable-KmsKey k1 -Force"),
        new("Remove-KmsKey", "Remove-KmsKey k1 -Force"),
        new("Undo-KmsKeyRemoval", "Undo-KmsKeyRemoval k1"),
        new("Invoke-KmsKeyRotation", "Invoke-KmsKeyRotation k1"),
        new("Start-KmsService", "Start-KmsService"),
        new("Stop-KmsService", "Stop-KmsService -Force"),
        new("Restart-KmsService", "Restart-KmsService -Force"),
        new("Reset-KmsService", "Reset-KmsService -KeyDirectory /keys -Force"),
        new("Clear-KmsCache", "Clear-KmsCache"),
        new("Set-KmsConfiguration", "Set-KmsConfiguration -KeyDirectory /keys"),
        new("Update-KmsConfiguration", "Update-KmsConfiguration -RetryAttempts 7 -Confirm:$false"),
        new("Set-KmsBucketEncryption", "Set-KmsBucketEncryption photos SseS3"),
        new("Remove-KmsBucketEncryption", "Remove-KmsBucketEncryption photos -Force"),
        new("Backup-KmsKeyStore", "Backup-KmsKeyStore"),
        new("Restore-KmsKeyStore", "Restore-KmsKeyStore x -ConfirmBackupId x -ConflictPolicy RestoreIntoEmptyTarget -Force"),
        new("Stop-KmsRestore", "Stop-KmsRestore -ConfirmTargetKeyDirectory /keys -Force"),
    ];

    /// <summary>What a server answers that has nothing against any of them: a new key is not there yet, it rotates, and a bundle is in order.</summary>
    internal static RawReply UsualReply(RawRequest request) => (request.Method, request.Operation) switch
    {
        ("GET", _) when request.Target.Contains("another", StringComparison.Ordinal) => RawReply.Json("""{"success":false,"message":"Key not found: another"}""", 404),
        ("GET", "status") => RawReply.Json("""{"backend_type":"vault-kv2","backend_status":"healthy","cache_enabled":true,"capabilities":{"generate_data_key":true,"rotate":true,"enable_disable":true,"schedule_deletion":true,"update_key_metadata":true}}"""),
        ("GET", "service-status") => RawReply.Json(
            """{"status":"Running","healthy":true,"backend_type":"VaultKV2","config_summary":{"backend_type":"VaultKV2","backend_summary":{"backend_type":"vault-kv2","address":"https://v","auth_method_type":"token","has_stored_credentials":true}}}"""),
        ("POST", "restore/dry-run") => RawReply.Json("""{"success":true,"message":"ok","report":{"backup_id":"x","blockers":[],"conflicts":[],"external_mismatches":[]}}"""),
        _ => ScriptedServer.UsualReply(request),
    };

    /// <summary>Routes that may be sent again, because doing them twice is doing them once.</summary>
    internal static bool MayRepeat(string method, string path) =>
        method is "GET" or "HEAD" || !path.Contains("/kms/", StringComparison.Ordinal) // a bucket's setting
        || s_idempotent.Any(operation => path.Contains("/kms/" + operation, StringComparison.Ordinal));

    /// <summary>Whether a request changes nothing, whatever its method.</summary>
    internal static bool IsReading(string method, string path) =>
        method is "GET" or "HEAD" || path.EndsWith("/restore/dry-run", StringComparison.Ordinal) || path.EndsWith("/generate-data-key", StringComparison.Ordinal);

    private static readonly string[] s_idempotent =
        ["clear-cache", "keys/enable", "keys/disable", "keys/tag", "keys/untag", "keys/update-description", "restore/dry-run", "generate-data-key"];
}
