using System.Text.Json;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Backends.Wire;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>Generations, service, status, configuration, the check of a connection and AWS profiles.</summary>
public sealed class ServiceTests
{
    private const string Unknown = "NoRoute";
    private const string Denied = "Denied";
    private const string Running = """{"status":"Running","backend_type":"Local","healthy":true,"config_summary":null}""";

    // http-api.md 3.5: what a server answers to service-status, key/list and backup, and which generation that is.
    [Theory]
    [InlineData(Running, Unknown, """{"service_status":"Running"}""", KmsApiGeneration.Current)]
    [InlineData(Running, Unknown, Denied, KmsApiGeneration.Current)]
    [InlineData(Denied, Unknown, Denied, KmsApiGeneration.Current)]
    [InlineData(Running, Unknown, Unknown, KmsApiGeneration.Guide)]
    [InlineData(Denied, Unknown, Unknown, KmsApiGeneration.Guide)]
    [InlineData(Unknown, """{"keys":[]}""", Unknown, KmsApiGeneration.Early)]
    [InlineData(Unknown, """{"code":"KMSNotConfigured","message":"KMS is not configured"}""", Unknown, KmsApiGeneration.Early)]
    [InlineData(Unknown, Unknown, Unknown, null)]
    public async Task A_generation_is_found_out_by_reads_once(string serviceStatus, string keyList, string backup, KmsApiGeneration? expected)
    {
        await using var server = new RawServer((request, _) => Reply(request.Operation switch
        {
            "service-status" => serviceStatus,
            "key/list" => keyList,
            "backup" => backup,
            _ => throw new InvalidOperationException(request.Operation),
        }));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Auto);

        if (expected is null)
        {
            await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => backend.DialectAsync(default).AsTask());
            return;
        }

        KmsDialect[] dialects = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => backend.DialectAsync(default).AsTask()));
        Assert.All(dialects, dialect => Assert.Equal(expected, dialect.Generation));
        Assert.Equal(2, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.Equal("GET", request.Method));
    }

    [Theory]
    [InlineData(403, "SignatureDoesNotMatch", KmsErrorCode.KmsAuthentication)]
    [InlineData(403, "InvalidAccessKeyId", KmsErrorCode.KmsAuthentication)]
    [InlineData(503, "ServiceUnavailable", KmsErrorCode.KmsServerError)]
    public async Task A_generation_is_not_guessed_from_a_failure_and_asked_for_again(int status, string code, KmsErrorCode expected)
    {
        bool better = false;
        await using var server = new RawServer((_, _) => better ? RawReply.Json(Running) : RawReply.Xml(status, code, "no"));
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(server.Endpoint, KmsApiGeneration.Auto) with { RetryCount = 0 });

        await HttpTest.FailsAsync(expected, () => backend.GetKeyAsync("a", default));
        better = true;

        Assert.Equal(KmsApiGeneration.Current, (await backend.DialectAsync(default)).Generation);
    }

    [Fact]
    public async Task A_web_page_is_not_a_KMS()
    {
        await using var server = new RawServer(RawReply.Of(200, "<!doctype html><title>RustFS Console</title>"));

        KmsException exception = await HttpTest.FailsAsync(
            KmsErrorCode.KmsProtocol, () => KmsBackends.OpenEndpointAsync(HttpTest.Options(server.Endpoint, KmsApiGeneration.Auto), default));

        Assert.Contains("console", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seed_4_GET_status_with_everything_a_current_server_tells()
    {
        const string Status =
            """
            {"backend_type":"local","backend_status":"healthy","cache_enabled":true,
             "cache_stats":{"hit_count":5,"miss_count":2,"entry_count":1,"eviction_count":0},"default_key_id":"master",
             "capabilities":{"encrypt":true,"decrypt":true,"generate_data_key":true,"rotate":false,"enable_disable":true,"schedule_deletion":true,
              "versioning":false,"physical_delete":true,"update_key_metadata":true,"rewrap":true,"levitate":true},
             "cluster_config":{"consistent":false,"nodes":[{"host":"local","config_fingerprint":"aa"},{"host":"b\u001b[2J","config_fingerprint":null,"error":"down"}]}}
            """;
        await using var server = new RawServer((request, _) => RawReply.Of(200, request.Operation == "status" ? Status : Running));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsStatus status = await backend.GetStatusAsync(default);

        Assert.Equal(("Running", "Local", true, "master"), (status.State, status.Backend, status.Healthy, status.DefaultKeyId));
        Assert.Equal((5, 2, 1, 0), (status.CacheHits, status.CacheMisses, status.CacheEntries, status.CacheEvictions));
        Assert.Equal((false, 2, "b [2J", "down"), (status.ClusterConsistent, status.ClusterNodes.Count, status.ClusterNodes[1].Host, status.ClusterNodes[1].Error));
        Assert.Contains("nodes", status.Problem, StringComparison.Ordinal);
        Assert.Equal(KmsApiGeneration.Current, status.ApiGeneration);

        // No server opens data keys over HTTP, whatever its backend could do.
        Assert.Equal((true, false, false, false), (status.Capabilities.GenerateDataKey, status.Capabilities.Rotate, status.Capabilities.UnwrapDataKey, status.Capabilities.RewrapDataKey));
        Assert.Equal(status.Capabilities, await backend.GetCapabilitiesAsync(default));
    }

    [Theory]
    [InlineData("""{"status":"NotConfigured","backend_type":null,"healthy":null,"config_summary":null}""", "NotConfigured", null, "not configured")]
    [InlineData("""{"status":"Configured","backend_type":"Local","healthy":null}""", "Configured", null, "does not run")]
    [InlineData("""{"status":{"Error":"Health check failed: sealed"},"healthy":null}""", "Error", null, "Health check failed: sealed")]
    [InlineData("""{"status":"Stopped"}""", "Configured", null, "does not run")]
    [InlineData("""{"status":"Dreaming"}""", "Dreaming", null, null)]
    [InlineData("""{}""", "Unknown", null, null)]
    public async Task The_status_is_an_object_in_every_state(string body, string state, bool? healthy, string? problem)
    {
        await using var server = new RawServer(RawReply.Of(200, body));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsStatus status = await backend.GetStatusAsync(default);

        Assert.Equal((state, healthy), (status.State, status.Healthy));
        Assert.True(problem is null ? status.Problem is null : status.Problem!.Contains(problem, StringComparison.Ordinal));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_service_that_stops_between_two_questions_is_still_described()
    {
        await using var server = new RawServer((request, _) => request.Operation == "status"
            ? RawReply.Xml(500, "InternalError", "KMS service not initialized")
            : RawReply.Of(200, """{"status":"Running","backend_type":"Local","healthy":false}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsStatus status = await backend.GetStatusAsync(default);

        Assert.Equal(("Running", false), (status.State, status.Healthy));
        Assert.NotNull(status.Problem);
    }

    [Theory]
    [InlineData("""{"success":false,"message":"KMS service is already running. Use force=true to restart.","status":"Running"}""", KmsErrorCode.KmsConflict)]
    [InlineData("""{"success":false,"message":"Failed to start or restart KMS service: Configuration error: Cannot start KMS: no configuration provided","status":{"Error":"x"}}""", KmsErrorCode.KmsNotConfigured)]
    [InlineData("""{"success":false,"message":"Failed to start or restart KMS service: Backend error: sealed"}""", KmsErrorCode.KmsServerError)]
    public async Task Success_false_under_200_is_an_error(string body, KmsErrorCode code)
    {
        await using var server = new RawServer(RawReply.Of(200, body));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(code, () => backend.StartAsync(force: false, default));

        Assert.Equal(200, exception.HttpStatus);
    }

    [Fact]
    public async Task The_configuration_is_read_with_its_fingerprint_and_without_secrets()
    {
        const string Status = """{"cluster_config":{"consistent":true,"nodes":[{"host":"other","config_fingerprint":"bb"},{"host":"local","config_fingerprint":"aa"}]}}""";
        await using var server = new RawServer((request, _) => request.Operation switch
        {
            "service-status" => RawReply.Of(200, $$"""{"status":"Running","backend_type":"VaultTransit","config_summary":{{HttpTest.Snapshot("kms_vault_transit_config_summary")}} }"""),
            "config" => RawReply.Xml(403, "AccessDenied", "Access Denied"),
            _ => RawReply.Json(Status),
        });
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsConfiguration configuration = await backend.GetConfigurationAsync(default);

        Assert.Equal(
            (KmsBackendType.VaultTransit, "VaultTransit", "http://127.0.0.1:8200", "token", true, "tenant-a", "transit", false, "aa"),
            (configuration.Backend, configuration.BackendText, configuration.Address, configuration.AuthMethod, configuration.HasStoredCredentials,
                configuration.Namespace, configuration.MountPath, configuration.SkipTlsVerify, configuration.Fingerprint));
        Assert.Equal(
            ("rustfs-master-key", 30, 3, true, 1000, 300),
            (configuration.DefaultKeyId, configuration.TimeoutSeconds, configuration.RetryAttempts, configuration.EnableCache, configuration.MaxCachedKeys, configuration.CacheTtlSeconds));
    }

    // http-api.md 2.9, step 2.
    [Theory]
    [InlineData(KmsBackendType.Local, "/keys", null, null, null)]
    [InlineData(KmsBackendType.Local, "/keys", 384L, null, null)]
    [InlineData(KmsBackendType.Local, "/keys", null, "", null)]
    [InlineData(KmsBackendType.Local, "/other", null, null, "key directory is '/keys'")]
    [InlineData(KmsBackendType.Local, "/keys", 256L, null, "mode")]
    [InlineData(KmsBackendType.Local, "/keys", null, "the right one", "master key")]
    [InlineData(KmsBackendType.VaultKv2, null, null, null, "another backend")]
    public async Task What_a_local_server_never_changes_is_said_before_anything_is_changed(
        KmsBackendType type, string? directory, long? mode, string? masterKey, string? why)
    {
        await using var server = new RawServer(RawReply.Json(
            """{"status":"Configured","backend_type":"Local","config_summary":{"backend_type":"Local","backend_summary":{"backend_type":"local","key_dir":"/keys","has_master_key":true,"file_permissions":384}}}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        using var request = new KmsConfigurationRequest
        {
            Backend = type,
            KeyDirectory = directory,
            FilePermissions = mode,
            Address = type == KmsBackendType.Local ? null : "https://v",
            MasterKey = masterKey is null ? null : KmsSecret.CopyOf(System.Text.Encoding.UTF8.GetBytes(masterKey)),
        };

        if (why is null)
        {
            await backend.CheckConfigurationAsync(request, default);
        }
        else
        {
            KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsPreconditionFailed, () => backend.CheckConfigurationAsync(request, default));
            Assert.Contains(why, exception.Message, StringComparison.Ordinal);
        }

        Assert.All(server.Requests, sent => Assert.Equal("GET", sent.Method));
    }

    [Theory]
    [InlineData(KmsApiGeneration.Current, 400, "")]
    [InlineData(KmsApiGeneration.Guide, 400, "")]
    [InlineData(KmsApiGeneration.Early, 500, """{"code":"ConfigurationFailed","message":"MESSAGE"}""")]
    [InlineData(KmsApiGeneration.Current, 200, """{"success":false,"message":"MESSAGE"}""")]
    public async Task A_server_that_repeats_the_request_does_not_get_its_secret_into_the_error(KmsApiGeneration generation, int status, string form)
    {
        const string Secret = "hvs.very-secret-token";
        await using var server = new RawServer((request, _) =>
        {
            string echo = "cannot read " + request.Body;
            return RawReply.Of(status, form.Length == 0 ? echo : form.Replace("MESSAGE", echo.Replace("\"", "'", StringComparison.Ordinal), StringComparison.Ordinal));
        });
        await using HttpKmsBackend backend = HttpTest.Backend(server, generation);
        using var request = new KmsConfigurationRequest
        {
            Backend = KmsBackendType.VaultKv2,
            Address = "https://v",
            Login = KmsVaultLogin.Token,
            LoginSecret = KmsSecret.CopyOf(System.Text.Encoding.UTF8.GetBytes(Secret)),
        };

        KmsException exception = await Assert.ThrowsAsync<KmsException>(() => backend.ConfigureAsync(request, default));

        Assert.Contains(Secret, server.Requests[0].Body, StringComparison.Ordinal);
        Assert.Contains("cannot read", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    public async Task A_server_that_repeats_the_session_token_does_not_get_it_into_the_error(int status)
    {
        const string Token = "canary-session-token/4+7=";
        await using var server = new RawServer((request, _) => RawReply.Of(status, "refused: " + request.Headers["X-Amz-Security-Token"]));
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(server.Endpoint) with { Credential = HttpTest.Credential(Token) });

        KmsException exception = await Assert.ThrowsAsync<KmsException>(() => backend.GetStatusAsync(default));

        Assert.Equal(Token, server.Requests[0].Headers["X-Amz-Security-Token"]);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    // http-api.md 2.9: the optional numbers of the ways to log in.
    [Theory]
    [InlineData(KmsVaultLogin.TokenFile, """{"TokenFile":{"path":"/t","poll_interval_secs":5,"refresh_safety_window_secs":9}}""")]
    [InlineData(KmsVaultLogin.AppRole, """{"AppRole":{"role_id":"r","secret_id_file":"/s","refresh_safety_window_secs":9}}""")]
    [InlineData(KmsVaultLogin.Kubernetes, """{"Kubernetes":{"role":"k","refresh_safety_window_secs":9}}""")]
    public async Task A_login_is_sent_with_all_its_settings(KmsVaultLogin login, string expected)
    {
        await using var server = new RawServer(RawReply.Json("""{"success":true,"message":"ok","status":"Configured"}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        using var request = new KmsConfigurationRequest
        {
            Backend = KmsBackendType.VaultTransit,
            Address = "https://v",
            Login = login,
            TokenFile = login == KmsVaultLogin.TokenFile ? "/t" : null,
            PollIntervalSeconds = login == KmsVaultLogin.TokenFile ? 5 : null,
            RoleId = login == KmsVaultLogin.AppRole ? "r" : null,
            SecretIdFile = login == KmsVaultLogin.AppRole ? "/s" : null,
            KubernetesRole = login == KmsVaultLogin.Kubernetes ? "k" : null,
            RefreshSafetyWindowSeconds = 9,
        };

        _ = await backend.ConfigureAsync(request, default);

        Assert.Equal($$"""{"backend_type":"VaultTransit","address":"https://v","auth_method":{{expected}}}""", server.Requests[0].Body);
    }

    [Fact]
    public async Task What_a_backend_can_do_is_asked_for_each_time()
    {
        await using var server = new RawServer(
            RawReply.Json("""{"capabilities":{"rotate":false}}"""), RawReply.Json("""{"capabilities":{"rotate":true}}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        Assert.False((await backend.GetCapabilitiesAsync(default)).Rotate);
        Assert.True((await backend.GetCapabilitiesAsync(default)).Rotate); // somebody else configured another backend
    }

    public static TheoryData<KmsApiGeneration, string> RefusedSettings { get; } = new()
    {
        { KmsApiGeneration.Current, nameof(KmsConfigurationRequest.Address) }, // Local has none
        { KmsApiGeneration.Current, nameof(KmsConfigurationRequest.Region) },
        { KmsApiGeneration.Current, nameof(KmsConfigurationRequest.RoleId) },
        { KmsApiGeneration.Guide, nameof(KmsConfigurationRequest.AllowInsecureDevDefaults) },
        { KmsApiGeneration.Early, nameof(KmsConfigurationRequest.KeyDirectory) },
        { KmsApiGeneration.Early, nameof(KmsConfigurationRequest.DefaultKeyId) },
        { KmsApiGeneration.Early, nameof(KmsConfigurationRequest.EnableCache) },
    };

    [Theory]
    [MemberData(nameof(RefusedSettings))]
    public async Task A_setting_that_would_be_dropped_or_refused_is_refused_before_it_is_sent(KmsApiGeneration generation, string setting)
    {
        bool early = generation == KmsApiGeneration.Early;
        using var request = new KmsConfigurationRequest
        {
            Backend = KmsBackendType.Local,
            KeyDirectory = early && setting != nameof(KmsConfigurationRequest.KeyDirectory) ? null : "/k",
            Address = setting == nameof(KmsConfigurationRequest.Address) ? "https://v" : null,
            Region = setting == nameof(KmsConfigurationRequest.Region) ? "eu" : null,
            RoleId = setting == nameof(KmsConfigurationRequest.RoleId) ? "r" : null,
            AllowInsecureDevDefaults = setting == nameof(KmsConfigurationRequest.AllowInsecureDevDefaults) ? true : null,
            DefaultKeyId = setting == nameof(KmsConfigurationRequest.DefaultKeyId) ? "d" : null,
            EnableCache = setting == nameof(KmsConfigurationRequest.EnableCache) ? true : null,
        };
        await using var server = new RawServer(RawReply.Json("{}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server, generation);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => backend.ConfigureAsync(request, default));

        Assert.Contains(setting, exception.Message, StringComparison.Ordinal);
        Assert.Equal(setting, exception.Target);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_configuration_that_cannot_be_whole_is_not_sent()
    {
        await using var server = new RawServer(RawReply.Json("{}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        foreach ((KmsConfigurationRequest request, KmsErrorCode code) in ((KmsConfigurationRequest, KmsErrorCode)[])
                 [
                     (new() { Backend = KmsBackendType.Local }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.VaultKv2 }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.Aws }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.Unknown }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.Static }, KmsErrorCode.KmsUnsupported),
                     (new() { Backend = KmsBackendType.VaultKv2, Address = "https://v", Login = KmsVaultLogin.AppRole }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.VaultKv2, Address = "https://v", Login = KmsVaultLogin.AppRole, RoleId = "r" }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.VaultKv2, Address = "https://v", PollIntervalSeconds = 5 }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.VaultKv2, Address = "https://v", Login = KmsVaultLogin.TokenFile }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.VaultTransit, Address = "https://v", KvMount = "secret" }, KmsErrorCode.KmsUsage),
                     (new() { Backend = KmsBackendType.Local, KeyDirectory = "half \uD83D" }, KmsErrorCode.KmsUsage),
                 ])
        {
            await HttpTest.FailsAsync(code, () => backend.ConfigureAsync(request, default));
        }

        Assert.Empty(server.Requests);
    }

    // The guides document spellings that no server ever read; a server that cannot read them is asked in its own, and remembered.
    [Fact]
    public async Task What_a_guide_s_server_cannot_read_is_said_in_its_own_words_from_then_on()
    {
        await using var server = new RawServer((request, _) =>
            request.Body.Contains("AES_256", StringComparison.Ordinal) ? RawReply.Xml(400, "InvalidRequest", "invalid JSON: unknown variant `AES_256`")
            : request.Body.Contains("\"auth_method\":{\"token\"", StringComparison.Ordinal) ? RawReply.Of(400, "Invalid JSON: unknown variant `token`")
            : request.Operation == "generate-data-key" ? RawReply.Json($$"""{"key_id":"a","plaintext_key":"{{Convert.ToBase64String(new byte[32])}}","ciphertext_blob":"AAAA"}""")
            : RawReply.Of(200, """{"success":true,"message":"ok","status":"Configured"}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        for (int time = 0; time < 2; time++)
        {
            using KmsDataKey key = await backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "a" }, default);
        }

        using var request = new KmsConfigurationRequest { Backend = KmsBackendType.VaultKv2, Address = "https://v", LoginSecret = KmsSecret.CopyOf("t"u8) };
        _ = await backend.ConfigureAsync(request, default);

        Assert.Equal(
            ["AES_256", "Aes256", "Aes256", "Token"],
            server.Requests.Select(sent => ((string[])["AES_256", "Aes256", "Token"]).First(word => sent.Body.Contains(word, StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_refusal_for_another_reason_is_not_said_again_in_other_words()
    {
        await using var server = new RawServer(RawReply.Xml(400, "InvalidRequest", "missing"));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "a" }, default));

        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("aws_backend_capabilities")]
    [InlineData("local_backend_capabilities")]
    [InlineData("static_backend_capabilities")]
    [InlineData("vault_kv2_backend_capabilities")]
    [InlineData("vault_transit_backend_capabilities")]
    public void The_snapshot_of_each_backend_s_capabilities_is_read(string name)
    {
        using var document = JsonDocument.Parse(HttpTest.Snapshot(name));
        var json = new WireJson(document.RootElement);
        KmsCapabilities capabilities = WireService.Capabilities(json);

        Assert.Equal(
            (json.Flag("rotate"), json.Flag("enable_disable"), json.Flag("schedule_deletion"), json.Flag("physical_delete"), json.Flag("update_key_metadata"), json.Flag("versioning"), json.Flag("generate_data_key")),
            (capabilities.Rotate, capabilities.EnableDisable, capabilities.ScheduleDeletion, capabilities.PhysicalDelete, capabilities.UpdateKeyMetadata, capabilities.Versioning, capabilities.GenerateDataKey));
    }

    // Which operation reads which snapshot, and what of it must show in the result.
    public static TheoryData<string, string> Snapshots { get; } = new()
    {
        { "kms_admin_cancel_key_deletion_response", "cancel" },
        { "kms_admin_clear_cache_response", "cache" },
        { "kms_admin_create_key_api_response", "create" },
        { "kms_admin_create_key_response", "create" },
        { "kms_admin_delete_key_response", "schedule" },
        { "kms_admin_delete_key_response_without_impact", "!KmsServerError" },
        { "kms_admin_describe_key_api_response", "describe" },
        { "kms_admin_describe_key_response", "describe" },
        { "kms_admin_describe_key_response", "impact" },
        { "kms_admin_describe_key_response_missing", "!KmsServerError" },
        { "kms_admin_key_metadata_response", "tag" },
        { "kms_admin_key_metadata_response_without_metadata", "!KmsServerError" },
        { "kms_admin_list_keys_api_response_with_unreadable_keys", "list" },
        { "kms_admin_list_keys_response_with_unreadable_keys", "list" },
        { "kms_admin_list_keys_api_response", "page" },
        { "kms_admin_list_keys_response", "page" },
        { "kms_configure_response", "configure" },
        { "kms_start_response", "start" },
        { "kms_stop_response", "stop" },
        { "kms_status_response", "status" },
        { "kms_tag_key_response", "tag" },
        { "kms_untag_key_response", "tag" },
        { "kms_update_key_description_response", "tag" },
    };

    [Theory]
    [MemberData(nameof(Snapshots))]
    public async Task Every_snapshot_is_read(string name, string operation)
    {
        string snapshot = HttpTest.Snapshot(name);
        await using var server = new RawServer((request, count) => operation == "page" && count > 1
            ? RawReply.Json("""{"keys":[],"truncated":false}""")
            : RawReply.Of(200, snapshot));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        switch (operation)
        {
            case "cancel":
                KmsKey cancelled = await backend.CancelKeyDeletionAsync("key-a", default);
                Assert.Equal((KmsKeyState.Enabled, "2026-02-01T00:00:00+00:00[UTC]", "RUSTFS_KMS"), (cancelled.State, cancelled.DeletionDateText, cancelled.Origin));
                break;
            case "cache":
                await backend.ClearCacheAsync(default);
                break;
            case "create":
                Assert.Equal("snapshot key", (await backend.CreateKeyAsync(new KmsKeyCreation(), default)).Description);
                break;
            case "schedule":
                KmsKey scheduled = await backend.ScheduleKeyDeletionAsync("key-a", 7, default);
                Assert.Equal(new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), scheduled.DeletionDate);
                break;
            case "describe":
                KmsKey key = await backend.GetKeyAsync("key-a", default);
                Assert.Equal(("key-a", KmsKeyUsage.EncryptDecrypt, "key-a", "RUSTFS"), (key.KeyId, key.Usage, key.Tags["name"], key.KeyManager));
                break;
            case "impact":
                KmsKeyImpact impact = await backend.GetKeyImpactAsync("key-a", default);
                Assert.Equal(("exact", 2, 2, "bucket-default-encryption:sse-bucket"), (impact.Completeness, impact.Scanned.Count, impact.NotScanned.Count, impact.References[0].ToString()));
                break;
            case "tag":
                Assert.Equal("key-a", (await backend.AddKeyTagsAsync("key-a", new Dictionary<string, string> { ["a"] = "b" }, default)).KeyId);
                break;
            case "list" or "page":
                var keys = new List<KmsKey>();
                await foreach (KmsKey item in backend.ListKeysAsync(new KmsKeyQuery(), default))
                {
                    keys.Add(item);
                }

                Assert.Equal(operation == "list" ? ["key-a", "key-c"] : ["key-a"], keys.Select(each => each.KeyId));
                Assert.Equal((KmsKeyState.Enabled, "Active", true, "age", 1L), (keys[0].State, keys[0].StateText, keys[0].RotationDue, keys[0].RotationDueReason, keys[0].Version));
                Assert.True(operation == "page" || !keys[1].IsReadable);
                break;
            case "configure":
                using (var request = new KmsConfigurationRequest { Backend = KmsBackendType.Local, KeyDirectory = "/k" })
                {
                    Assert.Equal("Configured", (await backend.ConfigureAsync(request, default)).State);
                }

                break;
            case "start":
                Assert.Equal("kms started", (await backend.StartAsync(force: false, default)).Message);
                break;
            case "stop":
                Assert.Equal("Configured", (await backend.StopAsync(default)).State);
                break;
            case "status":
                Assert.Equal("VaultTransit", (await backend.GetStatusAsync(default)).Backend);
                break;
            default:
                await HttpTest.FailsAsync(Enum.Parse<KmsErrorCode>(operation[1..]), () => backend.GetKeyAsync("key-a", default));
                break;
        }
    }

    [Fact]
    public async Task The_snapshot_of_a_data_key_is_refused_because_it_is_none()
    {
        // Its plaintext says "plaintext-placeholder": 21 bytes.
        await using var server = new RawServer(RawReply.Json(HttpTest.Snapshot("kms_admin_generate_data_key_api_response")));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "key-a" }, default));

        Assert.Contains("has 21", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backup_and_restore_are_read()
    {
        await using var server = new RawServer((request, _) => RawReply.Json(request.Operation switch
        {
            "backup" when request.Method == "GET" =>
                """{"service_status":"Running","backend":"local","responsibility":"full-material","export_supported":true,"deployment_identity":"d","backup_root":"/b","backup_kek_configured":true,"backup_kek_id":"k","backup_kek_version":1,"target_key_dir":"/k"}""",
            "backup" => """{"backup_id":"weekly","snapshot_generation":42,"deployment_identity":"d","artifact_count":3,"manifest_digest":"ab","backup_kek_id":"k","backup_kek_version":1,"sanitized_config_included":true}""",
            "restore/dry-run" =>
                """{"report":{"backup_id":"weekly","target_deployment_identity":"d","blockers":[{"code":"wrong-backup-kek","detail":"no"}],"conflicts":[{"key_id":"a","kind":"key-already-exists","detail":"there"}],"external_mismatches":[{"dependency":"v","expected":"1","observed":"2"}]},"config_comparison":{"identical":false}}""",
            "restore" => """{"backup_id":"weekly","snapshot_generation":42,"restored_key_ids":["a","b"],"salt_restored":true,"resumed":false}""",
            _ => """{"target_key_dir":"/k","aborted":true}""",
        }));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsBackupStatus status = await backend.GetBackupStatusAsync(default);
        Assert.Equal((true, "full-material", "/k", 1L), (status.ExportSupported, status.Responsibility, status.TargetKeyDirectory, status.KekVersion));
        KmsBackup backup = await backend.BackupAsync(null, default);
        Assert.Equal(("weekly", 42L, 3L, true), (backup.BackupId, backup.SnapshotGeneration, backup.ArtifactCount, backup.ConfigurationIncluded));
        KmsRestorePlan plan = await backend.PlanRestoreAsync("weekly", null, default);
        Assert.False(plan.IsPermitted);
        Assert.Equal(("wrong-backup-kek: no", "a: key-already-exists: there", "v: 1: 2", false), (plan.Blockers[0], plan.Conflicts[0], plan.ExternalMismatches[0], plan.ConfigurationIdentical));
        KmsRestoreResult restored = await backend.RestoreAsync("weekly", "weekly", "fail", 1, default);
        Assert.Equal(["a", "b"], restored.RestoredKeyIds);
        KmsRestoreAbort abort = await backend.AbortRestoreAsync("/k", default);
        Assert.Equal(("/k", null, null), (abort.KeyDirectory, abort.Deleted, abort.MovedAside)); // a server does not say
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"report":{}}""")]
    [InlineData("""{"report":{"blockers":[],"conflicts":[]}}""")]
    public async Task A_plan_that_is_not_whole_permits_nothing(string body)
    {
        await using var server = new RawServer(RawReply.Json(body));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.PlanRestoreAsync("weekly", null, default));
    }

    private static RawReply Reply(string answer) => answer switch
    {
        Unknown => RawReply.Xml(501, "NotImplemented"),
        Denied => RawReply.Xml(403, "AccessDenied", "Access Denied"),
        _ => RawReply.Of(answer.Contains("KMSNotConfigured", StringComparison.Ordinal) ? 503 : 200, answer),
    };
}
