using RustFs.Kms.Backends.Http;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>Keys and data keys through the backend: pages, odd spellings, lengths, refusals before anything is sent.</summary>
public sealed class KeyTests
{
    private static string Item(string keyId, string status = "Active") =>
        $$"""{"key_id":"{{keyId}}","usage":"EncryptDecrypt","status":"{{status}}","version":1,"tags":{},"created_at":"2026-01-01T00:00:00Z"}""";

    private static string Page(string keys, bool truncated, string? marker, string more = "") =>
        $$"""{"success":true,"keys":[{{keys}}],"truncated":{{(truncated ? "true" : "false")}},"next_marker":{{(marker is null ? "null" : $"\"{marker}\"")}}{{more}}}""";

    [Fact]
    public async Task Pages_are_asked_for_until_the_server_says_so_and_empty_ones_are_no_end()
    {
        await using var server = new RawServer(
            RawReply.Json(Page(Item("a"), true, "b")),
            RawReply.Json(Page(string.Empty, true, "d")),
            RawReply.Json(Page(Item("e", "Deleted"), true, "f", ",\"unreadable_key_ids\":[\"d2\",\"f\"]")),
            RawReply.Json(Page(Item("g", "Hibernating"), false, "ignored")));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        List<KmsKey> keys = await ListAsync(backend, new KmsKeyQuery());

        Assert.Equal(
            [("a", KmsKeyState.Enabled, true), ("d2", default, false), ("e", KmsKeyState.Unavailable, true), ("f", default, false), ("g", KmsKeyState.Unknown, true)],
            keys.Select(key => (key.KeyId, key.State, key.IsReadable)));
        Assert.Equal("Hibernating", keys[^1].StateText);
        Assert.All(keys, key => Assert.Equal("test", key.Connection));
        Assert.Equal([null, "b", "d", "f"], server.Requests.Select(request => request.Target.Split("marker=") is [_, string marker] ? marker : null));
    }

    [Theory]
    [InlineData("b", "b")] // the same again
    [InlineData("b", "c", "b")] // a ring
    [InlineData("b", null)] // more, and nowhere to go on
    public async Task A_listing_that_would_never_end_is_an_error(params string?[] markers)
    {
        await using var server = new RawServer([.. markers.Select(marker => RawReply.Json(Page(Item("a"), true, marker)))]);
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => ListAsync(backend, new KmsKeyQuery()));

        Assert.Equal(markers.Length, server.Requests.Count);
    }

    [Fact]
    public async Task Who_has_enough_asks_for_no_more_pages()
    {
        await using var server = new RawServer(RawReply.Json(Page(Item("a") + "," + Item("b"), true, "b")));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await foreach (KmsKey key in backend.ListKeysAsync(new KmsKeyQuery(), default))
        {
            Assert.Equal("a", key.KeyId);
            break;
        }

        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Filters_hold_whether_the_server_knows_them_or_not_and_unreadable_records_pass()
    {
        string all = Page(Item("a") + "," + Item("b", "Disabled") + "," + Item("c"), false, null, ",\"unreadable_key_ids\":[\"bb\"]");
        await using var server = new RawServer(RawReply.Json(all));
        foreach (KmsApiGeneration generation in (KmsApiGeneration[])[KmsApiGeneration.Current, KmsApiGeneration.Guide])
        {
            await using HttpKmsBackend backend = HttpTest.Backend(server, generation);
            Assert.Equal(["b", "bb"], (await ListAsync(backend, new KmsKeyQuery { State = KmsKeyState.Disabled })).Select(key => key.KeyId));
        }

        Assert.Contains("status=Disabled", server.Requests[0].Target, StringComparison.Ordinal);
        Assert.DoesNotContain("status=", server.Requests[1].Target, StringComparison.Ordinal);
    }

    // alpha.60 does not page, ignores the marker and lists in the directory's order; the early API lists everything always.
    [Theory]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Early)]
    public async Task What_the_server_does_not_order_or_cut_is_ordered_and_cut_here(KmsApiGeneration generation)
    {
        await using var server = new RawServer(RawReply.Json(Page(Item("c") + "," + Item("a") + "," + Item("b"), false, null)));
        await using HttpKmsBackend backend = HttpTest.Backend(server, generation);

        Assert.Equal(["b", "c"], (await ListAsync(backend, new KmsKeyQuery { After = "a" })).Select(key => key.KeyId));
    }

    [Theory]
    [InlineData(KmsKeySpec.Aes256, 32, null)]
    [InlineData(KmsKeySpec.Aes128, 16, null)]
    [InlineData(KmsKeySpec.ChaCha20, 32, null)]
    [InlineData(KmsKeySpec.Aes256, 16, "32 bytes")]
    [InlineData(KmsKeySpec.Aes128, 32, "16 bytes")]
    [InlineData(KmsKeySpec.Aes256, 0, "32 bytes")]
    public async Task A_data_key_has_the_length_of_its_kind_or_is_none(KmsKeySpec spec, int length, string? complaint)
    {
        byte[] plaintext = [.. Enumerable.Range(200, length).Select(value => (byte)value)];
        string encoded = Convert.ToBase64String(plaintext);
        await using var server = new RawServer(RawReply.Json(
            $$"""{"key_id":"a","extra":{"plaintext_key":"AAAA"},"plaintext_key":"{{encoded.Replace("/", "\\/", StringComparison.Ordinal).Replace("+", "\\u002B", StringComparison.Ordinal)}}","ciphertext_blob":"{{Convert.ToBase64String("blob"u8)}}"}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        var request = new KmsDataKeyRequest { KeyId = "a", KeySpec = spec };

        if (complaint is null)
        {
            using KmsDataKey key = await backend.GenerateDataKeyAsync(request, default);
            byte[] copy = new byte[length];
            key.CopyPlaintextTo(copy);
            Assert.Equal(plaintext, copy);
            Assert.Equal("blob"u8.ToArray(), key.CiphertextBlob);
            Assert.Equal(("a", "test"), (key.KeyId, key.Connection));
        }
        else
        {
            KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GenerateDataKeyAsync(request, default));
            Assert.Contains(complaint, exception.Message, StringComparison.Ordinal);
            Assert.True(length == 0 || !exception.ToString().Contains(encoded, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("""{"plaintext_key":"SECRETsecretSECRETsecret****","ciphertext_blob":"AAAA"}""")]
    [InlineData("""{"plaintext_key":"SECRETsecretSECRETsecret","ciphertext_blob":""")]
    [InlineData("""{"plaintext_key":"SECRETsecretSECRETsecret"}""")]
    [InlineData("""{"plaintext_key":["SECRETsecret"],"ciphertext_blob":"AAAA"}""")]
    [InlineData("""["SECRETsecret"]""")]
    [InlineData("SECRETsecret")]
    public async Task A_damaged_data_key_is_refused_and_not_repeated_in_the_error(string body)
    {
        await using var server = new RawServer(RawReply.Json(body));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(
            KmsErrorCode.KmsProtocol, () => backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "a", KeySpec = KmsKeySpec.Aes128 }, default));

        Assert.DoesNotContain("SECRET", exception.ToString(), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_id_that_exists_is_not_created_over()
    {
        await using var server = new RawServer(RawReply.Json("""{"key_metadata":""" + HttpTest.Key("a") + "}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsConflict, () => backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "a" }, default));

        Assert.Equal("a", exception.Target);
        Assert.All(server.Requests, request => Assert.Equal("GET", request.Method));
    }

    // http-api.md 3.5: later servers take the early request, ignore the name and make a key of their own.
    [Fact]
    public async Task A_key_that_came_out_under_another_name_is_not_passed_off_as_the_one_asked_for()
    {
        await using var server = new RawServer((request, _) => request.Method == "GET"
            ? RawReply.Xml(400, "InvalidRequest", "missing required parameter: 'keyId'")
            : RawReply.Json("""{"key_id":"a1","key_metadata":""" + HttpTest.Key("a1") + "}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "a" }, default));

        await using var other = new RawServer((request, _) => request.Method == "GET"
            ? RawReply.Json("""{"code":"NoSuchKey","message":"no"}""", 404)
            : RawReply.Json("""{"key_id":"a1","key_metadata":""" + HttpTest.Key("a1") + "}"));
        await using HttpKmsBackend early = HttpTest.Backend(other, KmsApiGeneration.Early);
        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsServerError, () => early.CreateKeyAsync(new KmsKeyCreation { KeyId = "a" }, default));
        Assert.Contains("made 'a1'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_answers_without_the_key_is_followed_by_a_look_and_stands_if_that_fails()
    {
        await using var server = new RawServer((request, _) => request.Method == "DELETE"
            ? RawReply.Json("""{"success":true,"message":"ok","key_id":"a","deletion_date":"2026-02-01T00:00:00Z","impact":null}""")
            : RawReply.Json("""{"success":true,"key_metadata":""" + HttpTest.Key("a", "PendingDeletion") + "}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        KmsKey scheduled = await backend.ScheduleKeyDeletionAsync("a", 9, default);
        Assert.Equal((KmsKeyState.PendingDeletion, "CUSTOMER"), (scheduled.State, scheduled.KeyManager));
        Assert.Contains("\"pending_window_in_days\":9", server.Requests[0].Body, StringComparison.Ordinal);

        await using var forbidding = new RawServer((request, _) => request.Method == "DELETE"
            ? RawReply.Json("""{"success":true,"message":"ok","key_id":"a","deletion_date":"2026-02-01T00:00:00+00:00[UTC]","impact":null}""")
            : RawReply.Xml(403, "AccessDenied", "Access Denied"));
        await using HttpKmsBackend blind = HttpTest.Backend(forbidding);
        KmsKey unseen = await blind.ScheduleKeyDeletionAsync("a", 9, default);
        Assert.Equal((KmsKeyState.PendingDeletion, new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero)), (unseen.State, unseen.DeletionDate));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"message":"hello"}""")]
    public async Task A_change_that_the_server_does_not_say_it_made_is_not_claimed(string body)
    {
        await using var server = new RawServer((request, _) => request.Method == "GET"
            ? RawReply.Json("""{"success":false,"message":"Failed to describe key: Key not found: a"}""", 404)
            : RawReply.Of(200, body));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        foreach (Func<Task> change in (Func<Task>[])
                 [
                     () => backend.RotateKeyAsync("a", default),
                     () => backend.EnableKeyAsync("a", default),
                     () => backend.ScheduleKeyDeletionAsync("a", 7, default),
                     () => backend.DeleteKeyAsync("a", "a", default),
                 ])
        {
            KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsOutcomeUnknown, change);
            Assert.Contains("'a' may or may not have been", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_key_that_is_gone_after_its_change_is_not_output_as_if_it_were_there()
    {
        await using var server = new RawServer((request, _) => request.Method == "GET"
            ? RawReply.Json("""{"code":"NoSuchKey","message":"no"}""", 404)
            : RawReply.Of(200, string.Empty));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        await HttpTest.FailsAsync(KmsErrorCode.KmsKeyNotFound, () => backend.EnableKeyAsync("a", default));
    }

    // AWS keys go by ARNs. What an id may hold, the backend decides; none of it gets into the path.
    [Fact]
    public async Task An_id_with_separators_travels_in_query_and_body()
    {
        const string Arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
        await using var server = new RawServer(RawReply.Json("""{"success":true,"key_id":"a","key_metadata":""" + HttpTest.Key(Arn) + "}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        Assert.Equal(Arn, (await backend.GetKeyAsync(Arn, default)).KeyId);
        _ = await backend.RotateKeyAsync(Arn, default);

        Assert.Equal("/rustfs/admin/v3/kms/describe-key?keyId=" + Uri.EscapeDataString(Arn), server.Requests[0].Target);
        Assert.Equal($$"""{"key_id":"{{Arn}}"}""", server.Requests[1].Body);
    }

    [Fact]
    public async Task A_full_listing_of_a_server_that_does_not_page_may_be_cut_and_that_is_said()
    {
        string keys = string.Join(',', Enumerable.Range(0, 10_000).Select(number => Item("k" + number.ToString("D5", System.Globalization.CultureInfo.InvariantCulture))));
        await using var server = new RawServer(RawReply.Json(Page(keys, false, null)));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);
        int count = 0;

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, async () =>
        {
            await foreach (KmsKey _ in backend.ListKeysAsync(new KmsKeyQuery(), default))
            {
                count++;
            }
        });

        Assert.Equal(10_000, count);
    }

    [Theory]
    [InlineData("""{"success":true,"key_id":"a","deletion_date":"2026-02-01T00:00:00Z"}""")]
    [InlineData("""{"key_id":"a","key_metadata":{"key_id":"a","enabled":false,"deletion_date":"2026-02-01T00:00:00Z"}}""")] // as the guides have it
    public async Task A_server_that_scheduled_instead_of_destroying_is_told_on(string body)
    {
        await using var server = new RawServer(RawReply.Json(body));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => backend.DeleteKeyAsync("a", "a", default));
    }

    [Fact]
    public async Task What_cannot_be_right_is_refused_before_it_is_sent()
    {
        await using var server = new RawServer(RawReply.Json("{}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        var half = new Dictionary<string, string> { ["a"] = "half \uD83D" };
        foreach (Func<Task> use in (Func<Task>[])
                 [
                     () => backend.GetKeyAsync(string.Empty, default),
                     () => backend.GetKeyAsync("a/b", default),
                     () => backend.GetKeyAsync("a\\b", default),
                     () => backend.DisableKeyAsync("a\0b", default),
                     () => backend.DeleteKeyAsync("half \uD83D", "half \uD83D", default),
                     () => backend.DeleteKeyAsync("a", "A", default),
                     () => backend.ScheduleKeyDeletionAsync("a", 6, default),
                     () => backend.ScheduleKeyDeletionAsync("a", 31, default),
                     () => backend.AddKeyTagsAsync("a", new Dictionary<string, string> { ["name"] = "a" }, default),
                     () => backend.RemoveKeyTagsAsync("a", ["name"], default),
                     () => backend.AddKeyTagsAsync("a", half, default),
                     () => backend.SetKeyDescriptionAsync("a", "half \uD83D", default),
                     () => backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "a", Tags = half }, default),
                     () => backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "a", Tags = new Dictionary<string, string> { ["name"] = "b" } }, default),
                     () => backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "a", EncryptionContext = half }, default),
                     () => backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "a", KeySpec = KmsKeySpec.Unknown }, default),
                     () => ListAsync(backend, new KmsKeyQuery { After = "half \uD83D" }),
                 ])
        {
            await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, use);
        }

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task No_server_opens_a_data_key()
    {
        await using var server = new RawServer(RawReply.Json("{}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => backend.UnwrapDataKeyAsync(new byte[1], KmsKey.NoTags, default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => backend.RewrapDataKeyAsync(new byte[1], KmsKey.NoTags, "a", default));

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_credential_that_its_owner_wiped_is_still_there_for_the_connection_and_gone_with_it()
    {
        await using var server = new RawServer(RawReply.Json("""{"key_metadata":""" + HttpTest.Key("a") + "}"));
        KmsEndpointOptions options = HttpTest.Options(server.Endpoint);
        HttpKmsBackend backend = HttpTest.Backend(options);
        options.Credential!.Dispose();

        _ = await backend.GetKeyAsync("a", default);
        Assert.Contains("Signature=", server.Requests[0].Headers["Authorization"], StringComparison.Ordinal);

        await backend.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => backend.GetKeyAsync("a", default));
    }

    private static async Task<List<KmsKey>> ListAsync(HttpKmsBackend backend, KmsKeyQuery query)
    {
        var keys = new List<KmsKey>();
        await foreach (KmsKey key in backend.ListKeysAsync(query, default))
        {
            keys.Add(key);
        }

        return keys;
    }
}
