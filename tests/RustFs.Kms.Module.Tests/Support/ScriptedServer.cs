using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Tests.Http;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>A KMS server that says what a test wants in the places where others' text stands, and a session connected to it as <c>server</c>.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly RawServer _server;

    /// <summary>Starts the server.</summary>
    /// <param name="text">What stands wherever text stands, as JSON has it, without quotes.</param>
    /// <param name="certificate">Its certificate; null for plain HTTP.</param>
    /// <param name="headers">Further headers of every answer.</param>
    /// <param name="reply">Answers instead, where it does not answer null.</param>
    internal ScriptedServer(
        string text = "text", X509Certificate2? certificate = null, string[]? headers = null, Func<RawRequest, RawReply?>? reply = null) =>
        _server = new RawServer((request, _) => reply?.Invoke(request) ?? Reply(request, text, headers ?? []), certificate);

    internal Uri Endpoint => _server.Endpoint;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>A session that is connected to it, without asking.</summary>
    internal ServerSession Connect(string parameters = "", RustFs.Kms.Console.ModuleHostOptions? options = null)
    {
        var session = new ServerSession("1", options);
        session.Require(
            $"param($endpoint, $credential) $null = Connect-Kms -Endpoint $endpoint -Credential $credential -Name server -ApiGeneration Current -RetryCount 0 -NoProxy {parameters}",
            Endpoint,
            new PSCredential("access", KmsSession.Secure("secret-key")));
        return session;
    }

    /// <summary>What a server that works answers.</summary>
    internal static RawReply UsualReply(RawRequest request) => Reply(request, "text", []);

    private static RawReply Reply(RawRequest request, string text, string[] headers)
    {
        string key =
            $$"""
            {"key_id":"k1","key_state":"Enabled","key_usage":"EncryptDecrypt","description":"{{text}}","created_by":"{{text}}","origin":"{{text}}",
             "key_manager":"{{text}}","algorithm":"{{text}}","creation_date":"2026-01-01T08:00:00Z","deletion_date":null,"tags":{"name":"k1","{{text}}":"{{text}}"} }
            """;
        return (request.Method, request.Operation) switch
        {
            ("GET", "service-status") => RawReply.Json(
                $$$"""
                {"status":"Running","backend_type":"{{{text}}}","healthy":true,"config_summary":{"backend_type":"{{{text}}}","default_key_id":"k1","timeout_seconds":30,
                 "retry_attempts":3,"enable_cache":true,"backend_summary":{"backend_type":"local","key_dir":"{{{text}}}","has_master_key":true,"address":"{{{text}}}",
                 "namespace":"{{{text}}}","auth_method_type":"{{{text}}}","mount_path":"{{{text}}}","region":"{{{text}}}"} } }
                """,
                200,
                headers),
            ("GET", "status") => RawReply.Json(
                $$$"""
                {"backend_type":"local","backend_status":"healthy","default_key_id":"k1","cache_enabled":true,"cache_stats":{"hit_count":1,"miss_count":500,"entry_count":1,
                 "eviction_count":7},"capabilities":{"generate_data_key":true},"cluster_config":{"consistent":false,
                 "nodes":[{"host":"{{{text}}}","config_fingerprint":"{{{text}}}","error":"{{{text}}}"},{"host":"local","config_fingerprint":"{{{text}}}","error":null}]} }
                """,
                200,
                headers),
            ("GET", "config") => RawReply.Json($$"""{"backend":"{{text}}","cache_enabled":true}""", 200, headers),
            ("GET", "backup") => RawReply.Json(
                $$"""
                {"success":true,"service_status":"{{text}}","backend":"{{text}}","responsibility":"{{text}}","export_supported":false,"deployment_identity":"{{text}}",
                 "backup_root":"{{text}}","backup_kek_id":"{{text}}","target_key_dir":"{{text}}","unavailable_reason":"{{text}}"}
                """,
                200,
                headers),
            ("GET", "keys") => RawReply.Json($$"""{"success":true,"message":"{{text}}","keys":[{{key}}],"truncated":false,"next_marker":null}""", 200, headers),
            ("GET", _) when request.Operation.StartsWith("keys/", StringComparison.Ordinal) && request.Target.Contains("impact", StringComparison.Ordinal) => RawReply.Json(
                $$"""
                {"success":true,"key_metadata":{{key}},"impact":{"key_id":"k1","completeness":"{{text}}","coverage":{"scanned":["{{text}}"],"not_scanned":["{{text}}"]},
                 "references":[{"kind":"{{text}}","id":"{{text}}","detail":"{{text}}"}]} }
                """,
                200,
                headers),
            ("GET", _) when request.Operation.StartsWith("keys/", StringComparison.Ordinal) => RawReply.Json(
                $$"""{"success":true,"message":"{{text}}","key_metadata":{{key}} }""", 200, headers),
            ("GET", _) when request.Path == "/" => RawReply.Json("{}", 200, headers),
            ("POST", "stop" or "start" or "clear-cache") => RawReply.Json($$"""{"success":true,"message":"{{text}}","status":{"Error":"{{text}}"} }""", 200, headers),
            _ => RawReply.Json($$"""{"success":false,"code":"{{text}}","message":"{{text}}","request_id":"{{text}}"}""", 500, headers),
        };
    }
}
