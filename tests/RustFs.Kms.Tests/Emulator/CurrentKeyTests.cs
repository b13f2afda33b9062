using System.Text;
using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>Today's key routes. http-api.md 2.13 to 2.21, and the route rules of 1.1.</summary>
public sealed class CurrentKeyTests : IAsyncLifetime
{
    private static readonly string[] s_metadata =
        ["key_id", "key_state", "key_usage", "description", "creation_date", "deletion_date", "origin", "key_manager", "tags"];

    private EmulatorHost _host = null!;

    public async Task InitializeAsync() => _host = await EmulatorHost.StartAsync(options => options with { Running = true });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Creating_answers_in_two_families()
    {
        RawAnswer modern = await _host.AdminAsync("POST", "/kms/keys", """{"key_usage":"EncryptDecrypt","description":"first","tags":{"name":"a","team":"x"}}""");
        Assert.Equal((200, "application/json"), (modern.Status, modern.ContentType));
        Assert.Equal(["success", "message", "key_id", "key_metadata"], Names(modern.Json));
        Assert.Equal("key created successfully", modern.Json.GetProperty("message").GetString());
        JsonElement metadata = modern.Json.GetProperty("key_metadata");
        Assert.Equal(s_metadata, Names(metadata));
        Assert.Equal(("a", "Enabled", "KMS", "CUSTOMER"), (metadata.GetProperty("key_id").GetString(), metadata.GetProperty("key_state").GetString(), metadata.GetProperty("origin").GetString(), metadata.GetProperty("key_manager").GetString()));
        Assert.EndsWith("+00:00[UTC]", metadata.GetProperty("creation_date").GetString(), StringComparison.Ordinal);
        Assert.Equal("""{"name":"a","team":"x"}""", metadata.GetProperty("tags").GetRawText());
        foreach (string path in new[] { "/kms/create-key", "/kms/key/create?keyName=ignored" })
        {
            RawAnswer legacy = await _host.AdminAsync("POST", path);
            Assert.Equal(["key_id", "key_metadata"], Names(legacy.Json));
            Assert.True(Guid.TryParse(legacy.Json.GetProperty("key_id").GetString(), out _));
        }
    }

    [Fact]
    public async Task Creating_fails_as_the_server_fails()
    {
        await _host.CreateKeyAsync("a");
        await AssertAsync("POST", "/kms/keys", """{"tags":{"name":"a"}}""", 500, """{"success":false,"message":"failed to create key: Key already exists: a","key_id":"","key_metadata":null}""");
        await AssertAsync("POST", "/kms/keys", """{"tags":{"name":""}}""", 500, """{"success":false,"message":"failed to create key: Invalid key: key identifier must not be empty","key_id":"","key_metadata":null}""");
        await AssertAsync("POST", "/kms/keys", """{"tags":{"name":"a/b"}}""", 500, """{"success":false,"message":"failed to create key: Invalid key: key identifier must not contain path separators or NUL: \"a/b\"","key_id":"","key_metadata":null}""");
        await AssertXmlAsync("POST", "/kms/create-key", """{"tags":{"name":"a"}}""", 500, "InternalError", "failed to create key: Key already exists: a");
        foreach (string body in new[] { """{"KeyUsage":"ENCRYPT_DECRYPT"}""", """{"key_usage":"ENCRYPT_DECRYPT"}""", """{"description":5}""", """{"tags":{"a":1}}""", " ", "x", """{"description":"a","description":"b"}""", "[]", """{"description":"\ud800"}""" })
        {
            RawAnswer answer = await _host.AdminAsync("POST", "/kms/keys", body);
            Assert.Equal((400, "application/xml"), (answer.Status, answer.ContentType));
            Assert.Contains("<Code>InvalidRequest</Code><Message>invalid JSON: ", answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal(200, (await _host.AdminAsync("POST", "/kms/keys", """{"key_usage":null,"description":null,"tags":{"x":"1","x":"2"}}""")).Status);
    }

    [Fact]
    public async Task Describing_answers_in_two_families()
    {
        await _host.CreateKeyAsync("a");
        RawAnswer modern = await _host.AdminAsync("GET", "/kms/keys/a");
        Assert.Equal(["success", "message", "key_metadata", "impact"], Names(modern.Json));
        Assert.Equal(("Key described successfully", JsonValueKind.Null), (modern.Json.GetProperty("message").GetString(), modern.Json.GetProperty("impact").ValueKind));
        foreach (string path in new[] { "/kms/describe-key?keyId=a", "/kms/describe-key?key-id=a", "/kms/key/status?keyId=&key=a", "/kms/key/status?keyId=0&keyId=a" })
        {
            Assert.Equal(["key_metadata"], Names((await _host.AdminAsync("GET", path)).Json));
        }

        await AssertAsync("GET", "/kms/keys/b", null, 404, """{"success":false,"message":"Failed to describe key: Key not found: b","key_metadata":null,"impact":null}""");
        await AssertAsync("GET", "/kms/keys/a?impact=True", null, 400, """{"success":false,"message":"invalid value for 'impact': expected 'true' or 'false', got 'True'","key_metadata":null,"impact":null}""");
        await AssertXmlAsync("GET", "/kms/describe-key?keyId=b", null, 500, "InternalError", "failed to describe key: Key not found: b");
        await AssertXmlAsync("GET", "/kms/describe-key?keyName=a", null, 400, "InvalidRequest", "missing required parameter: &apos;keyId&apos;");
    }

    [Fact]
    public async Task The_id_in_a_path_is_not_decoded_and_the_one_in_a_query_is()
    {
        await _host.CreateKeyAsync("my key");
        await _host.CreateKeyAsync("raw%20id");
        Assert.Equal(404, (await _host.AdminAsync("GET", "/kms/keys/my%20key")).Status);
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/keys/raw%20id")).Status);
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/describe-key?keyId=my%20key")).Status);
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/describe-key?keyId=raw%2520id")).Status);
        await _host.CreateKeyAsync("delete");
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/keys/delete")).Status);
    }

    [Fact]
    public async Task Listing_pages_filters_and_refuses()
    {
        foreach (string name in new[] { "c", "a", "b", "d" })
        {
            await _host.CreateKeyAsync(name);
        }

        await _host.AdminAsync("POST", "/kms/keys/disable?keyId=b");
        RawAnswer page = await _host.AdminAsync("GET", "/kms/keys?limit=2");
        Assert.Equal(["success", "message", "keys", "truncated", "next_marker"], Names(page.Json));
        Assert.Equal(("keys listed successfully", true, "b"), (page.Json.GetProperty("message").GetString(), page.Json.GetProperty("truncated").GetBoolean(), page.Json.GetProperty("next_marker").GetString()));
        JsonElement key = page.Json.GetProperty("keys")[0];
        Assert.Equal(
            ["key_id", "description", "algorithm", "usage", "status", "version", "metadata", "tags", "created_at", "rotated_at", "created_by", "rotation_due", "rotation_due_reason"],
            Names(key));
        Assert.Equal(("AES_256", "Active", "local-kms", "unsupported"), (key.GetProperty("algorithm").GetString(), key.GetProperty("status").GetString(), key.GetProperty("created_by").GetString(), key.GetProperty("rotation_due_reason").GetString()));
        Assert.Equal(["c", "d"], await IdsAsync("/kms/keys?limit=2&marker=b"));
        Assert.Equal(["c", "d"], await IdsAsync("/kms/keys?marker=bb"));
        Assert.Equal(["b"], await IdsAsync("/kms/keys?status=dis-AB_led"));
        RawAnswer empty = await _host.AdminAsync("GET", "/kms/keys?limit=1&status=Disabled");
        Assert.Equal((0, true, "a"), (empty.Json.GetProperty("keys").GetArrayLength(), empty.Json.GetProperty("truncated").GetBoolean(), empty.Json.GetProperty("next_marker").GetString()));
        Assert.Equal("""{"success":true,"message":"keys listed successfully","keys":[],"truncated":false,"next_marker":null}""", (await _host.AdminAsync("GET", "/kms/keys?limit=0")).Text);
        Assert.Equal(4, (await IdsAsync("/kms/keys?limit=%2B5000")).Length);
        Assert.Equal(["keys", "truncated", "next_marker"], Names((await _host.AdminAsync("GET", "/kms/list-keys")).Json));
        await AssertAsync("GET", "/kms/keys?limit=-1&status=nonsense", null, 400, """{"success":false,"message":"invalid limit '-1': expected a non-negative integer","keys":[],"truncated":false,"next_marker":null}""");
        await AssertAsync("GET", "/kms/keys?status=Enabled&usage=x", null, 400, """{"success":false,"message":"invalid value for 'status': expected one of Active, Disabled, PendingDeletion, Deleted, got 'Enabled'","keys":[],"truncated":false,"next_marker":null}""");
        await AssertAsync("GET", "/kms/keys?usage=", null, 400, """{"success":false,"message":"invalid value for 'usage': expected one of EncryptDecrypt, SignVerify, got ''","keys":[],"truncated":false,"next_marker":null}""");
        await AssertXmlAsync("GET", "/kms/list-keys?limit=x", null, 400, "InvalidArgument", "invalid limit &apos;x&apos;: expected a non-negative integer");
    }

    [Fact]
    public async Task Unreadable_records_are_named_beside_the_keys()
    {
        await _host.CreateKeyAsync("a");
        await File.WriteAllTextAsync(Path.Combine(_host.Emulator.KeyDirectory, "broken.key"), "{}");
        JsonElement list = (await _host.AdminAsync("GET", "/kms/keys")).Json;
        Assert.Equal("""["broken"]""", list.GetProperty("unreadable_key_ids").GetRawText());
        Assert.Equal(["a"], list.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("key_id").GetString()));
        File.Move(Path.Combine(_host.Emulator.KeyDirectory, "broken.key"), Path.Combine(_host.Emulator.KeyDirectory, "x.tmp"));
        File.Copy(Path.Combine(_host.Emulator.KeyDirectory, "a.key"), Path.Combine(_host.Emulator.KeyDirectory, "b.key"));
        Assert.Equal(["a"], await IdsAsync("/kms/keys?limit=1"));
        Assert.StartsWith("failed to list keys: Invalid key: ", (await _host.AdminAsync("GET", "/kms/keys")).Json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleting_is_scheduled_and_refuses_in_the_servers_order()
    {
        await _host.CreateKeyAsync("a");
        RawAnswer window = await _host.AdminAsync("DELETE", "/kms/keys/delete", """{"key_id":"missing","pending_window_in_days":31}""");
        Assert.Equal(400, window.Status);
        Assert.Equal("Failed to delete key: Invalid operation: pending_window_in_days must be between 7 and 30", window.Json.GetProperty("message").GetString());
        Assert.Equal(
            """{"key_id":"missing","completeness":"exact","coverage":{"scanned":["bucket-default-encryption","service-default-key"],"not_scanned":["object-envelopes","in-progress-multipart-uploads"]},"references":[]}""",
            window.Json.GetProperty("impact").GetRawText());
        await AssertMessageAsync("""{"key_id":"missing"}""", 404, "Failed to delete key: Key not found: Key missing not found");
        RawAnswer gate = await _host.AdminAsync("DELETE", "/kms/keys/delete", """{"key_id":"missing","force_immediate":true}""");
        Assert.Equal(400, gate.Status);
        Assert.StartsWith("Failed to delete key: Invalid operation: immediate deletion of key missing is not allowed; ", gate.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        RawAnswer deleted = await _host.AdminAsync("DELETE", "/kms/keys/delete", """{"key_id":"a"}""");
        Assert.Equal(["success", "message", "key_id", "deletion_date", "impact"], Names(deleted.Json));
        Assert.Equal("key deleted successfully", deleted.Json.GetProperty("message").GetString());
        string date = deleted.Json.GetProperty("deletion_date").GetString()!;
        Assert.EndsWith("[UTC]", date, StringComparison.Ordinal);
        Assert.Equal(30, (DateTimeOffset.Parse(date.Split('[')[0][..19] + "Z", System.Globalization.CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow).TotalDays, 0.01);
        await AssertMessageAsync("""{"key_id":"a"}""", 400, "Failed to delete key: Invalid operation: Key a is pending deletion: deletion scheduling is not allowed");
        RawAnswer cancelled = await _host.AdminAsync("POST", "/kms/keys/cancel-deletion?keyId=a");
        Assert.Equal(["success", "message", "key_id", "key_metadata"], Names(cancelled.Json));
        Assert.Equal(("Enabled", JsonValueKind.Null), (cancelled.Json.GetProperty("key_metadata").GetProperty("key_state").GetString(), cancelled.Json.GetProperty("key_metadata").GetProperty("deletion_date").ValueKind));
        await AssertAsync("POST", "/kms/keys/cancel-deletion", """{"key_id":"a"}""", 500, """{"success":false,"message":"Failed to cancel key deletion: Invalid operation: Key a is not pending deletion","key_id":"a","key_metadata":null}""");
        await AssertAsync("POST", "/kms/keys/cancel-deletion", """{"key_id":"z"}""", 500, """{"success":false,"message":"Failed to cancel key deletion: Key not found: Key z not found","key_id":"z","key_metadata":null}""");
        await AssertAsync("DELETE", "/kms/keys/delete", null, 400, """{"success":false,"message":"missing required parameter: 'keyId'","key_id":"","deletion_date":null,"impact":null}""");
        Assert.Equal(400, (await _host.AdminAsync("DELETE", "/kms/keys/delete?keyId=a&force_immediate=true")).Status);
        Assert.Equal(200, (await _host.AdminAsync("DELETE", "/kms/keys/delete?keyId=a&pending_window_in_days=soon")).Status);
    }

    [Fact]
    public async Task Forced_deletion_needs_gate_confirmation_and_no_reference()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true, AllowImmediateDeletion = true });
        await host.CreateKeyAsync("a");
        await host.SendAsync("PUT", "/bucket-one");
        Assert.Equal(200, (await host.SendAsync("PUT", "/bucket-one?encryption", Encoding.UTF8.GetBytes(S3Tests.KmsRule("a")))).Status);
        const string Body = """{"key_id":"a","force_immediate":true,"confirm_key_id":"a"}""";
        Assert.Equal(
            "Failed to delete key: Invalid operation: immediate deletion of key a requires confirm_key_id to repeat the key id exactly",
            (await host.AdminAsync("DELETE", "/kms/keys/delete", """{"key_id":"a","force_immediate":true}""")).Json.GetProperty("message").GetString());
        RawAnswer referenced = await host.AdminAsync("DELETE", "/kms/keys/delete", Body);
        Assert.Equal(409, referenced.Status);
        Assert.Contains("Key a is still referenced by configuration", referenced.Text, StringComparison.Ordinal);
        Assert.Contains(": bucket:bucket-one. ", referenced.Text, StringComparison.Ordinal);
        Assert.Equal("bucket-default-encryption", (await host.AdminAsync("GET", "/kms/keys/a?impact=true")).Json.GetProperty("impact").GetProperty("references")[0].GetProperty("kind").GetString());
        await host.SendAsync("DELETE", "/bucket-one?encryption");
        RawAnswer gone = await host.AdminAsync("DELETE", "/kms/keys/delete", Body);
        Assert.Equal((200, JsonValueKind.Null), (gone.Status, gone.Json.GetProperty("deletion_date").ValueKind));
        Assert.Equal(404, (await host.AdminAsync("GET", "/kms/keys/a")).Status);
    }

    [Fact]
    public async Task Lifecycle_and_metadata_changes()
    {
        await _host.CreateKeyAsync("a");
        foreach ((string verb, string message, string state) in new[] { ("disable", "key disabled successfully", "Disabled"), ("disable", "key disabled successfully", "Disabled"), ("enable", "key enabled successfully", "Enabled") })
        {
            JsonElement answer = (await _host.AdminAsync("POST", $"/kms/keys/{verb}", """{"key_id":"a"}""")).Json;
            Assert.Equal((message, state), (answer.GetProperty("message").GetString(), answer.GetProperty("key_metadata").GetProperty("key_state").GetString()));
        }

        const string NoRotation = """{"success":false,"message":"Failed to rotate key: Operation 'rotate_key' is not supported by KMS backend 'backend without rotation support'","key_id":"zzz","key_metadata":null}""";
        await AssertAsync("POST", "/kms/keys/rotate", """{"key_id":"zzz"}""", 501, NoRotation);
        await AssertAsync("POST", "/kms/keys/enable", """{"key_id":"z"}""", 404, """{"success":false,"message":"Failed to enable key: Key not found: z","key_id":"z","key_metadata":null}""");
        await AssertAsync("POST", "/kms/keys/enable?key-id=a", null, 400, """{"success":false,"message":"missing required parameter: 'keyId'","key_id":"","key_metadata":null}""");
        await AssertAsync("POST", "/kms/keys/enable", """{"key_id":"a/b"}""", 500, """{"success":false,"message":"Failed to enable key: Invalid key: key identifier must not contain path separators or NUL: \"a/b\"","key_id":"a/b","key_metadata":null}""");
        Assert.Equal("application/xml", (await _host.AdminAsync("POST", "/kms/keys/enable", """{"keyId":"a"}""")).ContentType);

        JsonElement tagged = (await _host.AdminAsync("POST", "/kms/keys/tag", """{"key_id":"a","tags":{"x":"1"}}""")).Json;
        Assert.Equal(("key tags updated", """{"name":"a","x":"1"}"""), (tagged.GetProperty("message").GetString(), tagged.GetProperty("key_metadata").GetProperty("tags").GetRawText()));
        JsonElement untagged = (await _host.AdminAsync("POST", "/kms/keys/untag", """{"key_id":"a","tag_keys":["x","y"]}""")).Json;
        Assert.Equal(("key tags removed", """{"name":"a"}"""), (untagged.GetProperty("message").GetString(), untagged.GetProperty("key_metadata").GetProperty("tags").GetRawText()));
        JsonElement described = (await _host.AdminAsync("POST", "/kms/keys/update-description", """{"key_id":"a","description":"new"}""")).Json;
        Assert.Equal(("key description updated", "new"), (described.GetProperty("message").GetString(), described.GetProperty("key_metadata").GetProperty("description").GetString()));
        JsonElement cleared = (await _host.AdminAsync("POST", "/kms/keys/update-description", """{"key_id":"a","description":""}""")).Json;
        Assert.Equal(JsonValueKind.Null, cleared.GetProperty("key_metadata").GetProperty("description").ValueKind);
        await AssertAsync("POST", "/kms/keys/tag", """{"key_id":"zzz","tags":{"name":"zzz"}}""", 400, """{"success":false,"message":"Failed to tag key: Invalid operation: Tag 'name' identifies the key and cannot be updated or removed","key_id":"zzz","key_metadata":null}""");
        await AssertAsync("POST", "/kms/keys/untag", """{"key_id":"z","tag_keys":[]}""", 404, """{"success":false,"message":"Failed to untag key: Key not found: z","key_id":"z","key_metadata":null}""");
        await AssertXmlAsync("POST", "/kms/keys/tag?keyId=a", null, 400, "InvalidRequest", "a request body is required");
        Assert.Contains("invalid JSON: missing field", (await _host.AdminAsync("POST", "/kms/keys/update-description", """{"key_id":"a","description":null}""")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Aes256", 32)]
    [InlineData("Aes128", 16)]
    [InlineData("ChaCha20", 32)]
    public async Task Data_keys_come_with_plaintext_and_envelope(string spec, int length)
    {
        await _host.CreateKeyAsync("a");
        RawAnswer answer = await _host.AdminAsync("POST", "/kms/generate-data-key", $$$"""{"key_id":"a","key_spec":"{{{spec}}}","encryption_context":{"b":"c"}}""");
        Assert.Equal(["key_id", "plaintext_key", "ciphertext_blob"], Names(answer.Json));
        Assert.Equal(length, answer.Json.GetProperty("plaintext_key").GetBytesFromBase64().Length);
        JsonElement envelope = JsonDocument.Parse(answer.Json.GetProperty("ciphertext_blob").GetBytesFromBase64()).RootElement;
        Assert.Equal(("a", """{"b":"c"}"""), (envelope.GetProperty("master_key_id").GetString(), envelope.GetProperty("encryption_context").GetRawText()));
    }

    [Fact]
    public async Task Data_keys_fail_in_XML()
    {
        await _host.CreateKeyAsync("a");
        await AssertXmlAsync("POST", "/kms/generate-data-key", """{"key_id":"z","key_spec":"Aes256"}""", 500, "InternalError", "failed to generate data key: Key not found: z");
        await _host.AdminAsync("POST", "/kms/keys/disable?keyId=a");
        await AssertXmlAsync("POST", "/kms/generate-data-key", """{"key_id":"a","key_spec":"Aes256"}""", 500, "InternalError", "failed to generate data key: Invalid operation: Key a is disabled: data key generation is not allowed");
        foreach (string? body in new[] { null, "{}", """{"key_id":"a"}""", """{"key_id":"a","key_spec":"AES_256"}""", """{"key_id":"a","key_spec":"Aes256","number_of_bytes":32}""" })
        {
            Assert.Contains("<Code>InvalidRequest</Code><Message>invalid JSON: ", (await _host.AdminAsync("POST", "/kms/generate-data-key", body)).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Unknown_routes_wrong_methods_aliases_and_v4()
    {
        foreach ((string method, string path) in new[] { ("GET", "/kms/nonsense"), ("PUT", "/kms/keys"), ("HEAD", "/kms/status"), ("OPTIONS", "/kms/keys"), ("GET", "/kms/keys/"), ("GET", "/kms/keys/a/b"), ("GET", "/kms/status/"), ("GET", "/kms/key/list"), ("POST", "/kms/decrypt") })
        {
            RawAnswer answer = await _host.AdminAsync(method, path);
            Assert.Equal((501, "application/xml"), (answer.Status, answer.ContentType));
            if (method != "HEAD")
            {
                Assert.Equal(RawAnswer.Xml("NotImplemented", null), answer.Text);
            }
        }

        Assert.Equal(200, (await _host.SendAsync("GET", "/minio/admin/v3/kms/status")).Status);
        RawAnswer v4 = await _host.SendAsync("GET", "/rustfs/admin/v4/kms/status");
        Assert.Equal((426, null, ""), (v4.Status, v4.ContentType, v4.Text));
        Assert.Equal(426, (await _host.SendAsync("GET", "/minio/admin/v4/anything")).Status);
    }

    [Fact]
    public async Task Times_are_those_of_the_servers_zone()
    {
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById("Asia/Kolkata");
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true, TimeZone = zone });
        await host.CreateKeyAsync("a");
        JsonElement deleted = (await host.AdminAsync("DELETE", "/kms/keys/delete", """{"key_id":"a"}""")).Json;
        JsonElement described = (await host.AdminAsync("GET", "/kms/keys/a")).Json.GetProperty("key_metadata");
        JsonElement listed = (await host.AdminAsync("GET", "/kms/keys")).Json.GetProperty("keys")[0];
        foreach (string text in new[] { deleted.GetProperty("deletion_date").GetString()!, described.GetProperty("creation_date").GetString()!, described.GetProperty("deletion_date").GetString()!, listed.GetProperty("created_at").GetString()! })
        {
            Assert.EndsWith("+05:30[Asia/Kolkata]", text, StringComparison.Ordinal);
            Assert.True(ZonedTime.TryParse(text, out ZonedTime time));
            Assert.InRange((time.Instant - DateTimeOffset.UtcNow).TotalDays, -0.1, 30.1);
        }
    }

    [Fact]
    public async Task The_probe_key_is_there_unless_told_otherwise()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true, CreateProbeKey = true });
        JsonElement probe = (await host.AdminAsync("GET", "/kms/keys")).Json.GetProperty("keys")[0];
        Assert.Equal(("rustfs-internal-kms-probe", "{}"), (probe.GetProperty("key_id").GetString(), probe.GetProperty("tags").GetRawText()));
        Assert.Equal(0, (await _host.AdminAsync("GET", "/kms/keys")).Json.GetProperty("keys").GetArrayLength());
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private async Task<string[]> IdsAsync(string path) =>
        [.. (await _host.AdminAsync("GET", path)).Json.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("key_id").GetString()!)];

    private async Task AssertMessageAsync(string body, int status, string message)
    {
        RawAnswer answer = await _host.AdminAsync("DELETE", "/kms/keys/delete", body);
        Assert.Equal((status, message), (answer.Status, answer.Json.GetProperty("message").GetString()));
    }

    private async Task AssertAsync(string method, string path, string? body, int status, string json)
    {
        RawAnswer answer = await _host.AdminAsync(method, path, body);
        Assert.Equal((status, "application/json", json), (answer.Status, answer.ContentType, answer.Text));
    }

    private async Task AssertXmlAsync(string method, string path, string? body, int status, string code, string text)
    {
        RawAnswer answer = await _host.AdminAsync(method, path, body);
        Assert.Equal((status, "application/xml", RawAnswer.Xml(code, text)), (answer.Status, answer.ContentType, answer.Text));
    }
}
