using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Local;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>Wraps come and go; the payload stays, byte for byte.</summary>
public sealed class UpdateTests : IAsyncLifetime
{
    private const int Length = (2 * EnvelopeFolder.SmallChunk) + 5;
    private const int PayloadLength = Length + (3 * 16);

    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Fact]
    public async Task A_wrap_of_any_kind_is_added_through_a_wrap_of_any_kind()
    {
        foreach (KmsEnvelopeWrapKind from in Kinds)
        {
            foreach (KmsEnvelopeWrapKind to in Kinds)
            {
                string name = $"{from} {to}";
                byte[] before = await _folder.SealAsync(EnvelopeFolder.Content(Length), Wrapping(from), name);
                KmsEnvelope updated = await UpdateAsync(name, Way(from), Wrapping(to), wrap => wrap.Kind == from);

                Assert.Equal(to, Assert.Single(updated.Wraps).Kind);
                byte[] after = await File.ReadAllBytesAsync(_folder.PathOf(name + ".kms"));
                Assert.Equal(before[^PayloadLength..], after[^PayloadLength..]);
                await _folder.OpenAsync(name + ".kms", name + ".again", Way(to));
                Assert.Equal(EnvelopeFolder.Content(Length), await File.ReadAllBytesAsync(_folder.PathOf(name + ".again")));
                if (from != to)
                {
                    Assert.Equal(KmsErrorCode.KmsAuthentication, (await Assert.ThrowsAsync<KmsException>(() => _folder.OpenAsync(name + ".kms", "none", Way(from)))).Code);
                }
            }
        }
    }

    [Fact]
    public async Task A_recovery_key_that_is_added_again_has_one_wrap()
    {
        await _folder.SealAsync([1], _folder.EveryWrapping);
        KmsEnvelope updated = await UpdateAsync("plain", _folder.EveryWay, _folder.RecoveryWrapping);
        Assert.Equal(3, updated.Wraps.Count);
        Assert.Single(updated.Wraps, wrap => wrap.Kind == KmsEnvelopeWrapKind.RecoveryKey);
    }

    [Fact]
    public async Task A_KMS_key_that_is_added_again_has_one_wrap_for_each_context()
    {
        await _folder.SealAsync([1], _folder.EveryWrapping);
        KmsEnvelopeWrapping other = new() { Kms = [_folder.KmsWrapping.Kms[0] with { EncryptionContext = new Dictionary<string, string> { ["a"] = "1" } }] };
        for (int time = 0; time < 3; time++)
        {
            byte[] before = (await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default)).Wraps.First(wrap => wrap.Kind == KmsEnvelopeWrapKind.Kms).CiphertextBlob!;
            Assert.Equal(time == 0 ? 3 : 4, (await UpdateAsync("plain", _folder.EveryWay, _folder.KmsWrapping)).Wraps.Count);
            KmsEnvelope updated = await UpdateAsync("plain", _folder.EveryWay, other);
            Assert.Equal(4, updated.Wraps.Count);
            Assert.Equal(2, updated.Wraps.Count(wrap => wrap.Kind == KmsEnvelopeWrapKind.Kms));
            Assert.DoesNotContain(updated.Wraps, wrap => wrap.CiphertextBlob is { } blob && blob.SequenceEqual(before));
        }

        await _folder.OpenAsync("plain.kms", "again", Way(KmsEnvelopeWrapKind.Kms));
    }

    [Fact]
    public async Task A_wrap_of_another_stores_key_of_the_same_id_stays()
    {
        await _folder.SealAsync([1], _folder.EveryWrapping);
        EnvelopeFolder elsewhere = await EnvelopeFolder.CreateAsync();
        try
        {
            KmsEnvelope updated = await UpdateAsync("plain", _folder.RecoveryWay, elsewhere.KmsWrapping);
            Assert.Equal(2, updated.Wraps.Count(wrap => wrap.Kind == KmsEnvelopeWrapKind.Kms));
            updated = await UpdateAsync("plain", _folder.RecoveryWay, elsewhere.KmsWrapping);
            Assert.Equal(2, updated.Wraps.Count(wrap => wrap.Kind == KmsEnvelopeWrapKind.Kms));
            await _folder.OpenAsync("plain.kms", "one", new KmsEnvelopeOpening { Backends = [_folder.Store] });
            await _folder.OpenAsync("plain.kms", "two", new KmsEnvelopeOpening { Backends = [elsewhere.Store] });
        }
        finally
        {
            await elsewhere.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_last_wrap_cannot_go_and_nothing_to_do_is_said()
    {
        await _folder.SealAsync([1], _folder.RecoveryWrapping);
        SortedDictionary<string, string> before = _folder.Snapshot();
        foreach ((KmsEnvelopeWrapping add, Predicate<KmsEnvelopeWrap>? remove) in new (KmsEnvelopeWrapping, Predicate<KmsEnvelopeWrap>?)[]
                 {
                     (new(), _ => true),
                     (new(), _ => false),
                     (new(), null),
                 })
        {
            Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(() => UpdateAsync("plain", _folder.RecoveryWay, add, remove))).Code);
        }

        Assert.Equal(before, _folder.Snapshot());
    }

    [Fact]
    public async Task Who_cannot_open_the_file_cannot_change_it()
    {
        await _folder.SealAsync([1], _folder.RecoveryWrapping);
        SortedDictionary<string, string> before = _folder.Snapshot();
        using KmsSecret wrong = KmsSecret.CopyOf("wrong"u8);
        Assert.Equal(
            KmsErrorCode.KmsAuthentication,
            (await Assert.ThrowsAsync<KmsException>(() => UpdateAsync("plain", new() { Passphrase = wrong }, _folder.PassphraseWrapping))).Code);
        Assert.Equal(before, _folder.Snapshot());
    }

    [Fact]
    public async Task A_wrap_of_an_unknown_kind_is_kept_as_it_stands()
    {
        byte[] good = await _folder.SealAsync([1, 2, 3], _folder.EveryWrapping);

        // Only who has the file key can make such a file: take it from the wrap as a writer of a later version would.
        byte[] withUnknown = EnvelopeForge.AddWrap(
            good, _folder.RecoveryKey, """{ "type" : "quantum", "nested": {"a":[1,2.5e3,null,"\u00e9"]} }""");
        _folder.Write("plain.kms", withUnknown);
        KmsEnvelope read = await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default);
        Assert.Equal((KmsEnvelopeWrapKind.Unknown, "quantum"), (read.Wraps[^1].Kind, read.Wraps[^1].Type));

        await UpdateAsync("plain", _folder.RecoveryWay, new(), wrap => wrap.Kind == KmsEnvelopeWrapKind.Passphrase);
        Assert.Contains(
            """{ "type" : "quantum", "nested": {"a":[1,2.5e3,null,"\u00e9"]} }""",
            Encoding.UTF8.GetString(await File.ReadAllBytesAsync(_folder.PathOf("plain.kms"))),
            StringComparison.Ordinal);
        await _folder.OpenAsync("plain.kms", "again");
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(_folder.PathOf("again")));
    }

    [Fact]
    public async Task More_wraps_than_a_file_can_have_are_refused()
    {
        KmsEnvelopeKmsWrap one = _folder.KmsWrapping.Kms[0];
        await _folder.SealAsync([1], new() { Kms = [.. Enumerable.Repeat(one, KmsEnvelope.MaximumWraps)] });
        KmsEnvelope envelope = await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default);
        Assert.Equal(KmsEnvelope.MaximumWraps, envelope.Wraps.Count);
        Assert.Equal(
            KmsErrorCode.KmsUsage,
            (await Assert.ThrowsAsync<KmsException>(() => UpdateAsync("plain", new() { Backends = [_folder.Store] }, _folder.RecoveryWrapping))).Code);
        _folder.Write("more", [1]);
        Assert.Equal(
            KmsErrorCode.KmsUsage,
            (await Assert.ThrowsAsync<KmsException>(() => _folder.ProtectAsync("more", new() { Kms = [.. Enumerable.Repeat(one, 65)] }))).Code);
    }

    [Fact]
    public async Task A_key_that_is_gone_is_said_and_another_way_still_opens()
    {
        await _folder.SealAsync([1, 2, 3], _folder.EveryWrapping);
        using var elsewhere = new TemporaryKeyDirectory();
        await using IKmsBackend other = await elsewhere.CreateStoreAsync();
        KmsException refusal = await Assert.ThrowsAsync<KmsException>(() => _folder.OpenAsync("plain.kms", "none", new() { Backends = [other] }));
        Assert.Equal((KmsErrorCode.KmsKeyNotFound, EnvelopeFolder.KeyId), (refusal.Code, refusal.Target));
        await _folder.OpenAsync("plain.kms", "again", _folder.RecoveryWay with { Backends = [other] });
    }

    [Fact]
    public async Task A_file_opens_only_in_the_context_that_was_asked_for_whatever_opens_it()
    {
        KmsEnvelopeWrapping wrapping = new()
        {
            Kms = [_folder.KmsWrapping.Kms[0] with { EncryptionContext = new Dictionary<string, string> { ["bucket"] = "photos" } }],
            Recipients = _folder.RecoveryWrapping.Recipients,
        };
        await _folder.SealAsync([1], wrapping);
        KmsEnvelopeOpening[] ways = [new() { Backends = [_folder.Store] }, _folder.RecoveryWay];
        for (int way = 0; way < ways.Length; way++)
        {
            KmsEnvelopeOpening With(string value) => ways[way] with { RequiredContext = new Dictionary<string, string> { ["bucket"] = value } };
            Assert.Equal(
                KmsErrorCode.KmsIntegrity,
                (await Assert.ThrowsAsync<KmsException>(() => _folder.OpenAsync("plain.kms", "none", With("music")))).Code);
            await _folder.OpenAsync("plain.kms", $"again{way}", With("photos"));
        }
    }

    [Fact]
    public async Task A_link_is_not_updated()
    {
        await _folder.SealAsync([1], _folder.RecoveryWrapping);
        File.CreateSymbolicLink(_folder.PathOf("link.kms"), _folder.PathOf("plain.kms"));
        Assert.Equal(
            KmsErrorCode.KmsUsage,
            (await Assert.ThrowsAsync<KmsException>(() => UpdateAsync("link", _folder.RecoveryWay, _folder.PassphraseWrapping))).Code);
    }

    [Fact]
    public async Task What_is_said_of_a_link_is_what_would_happen_to_it()
    {
        await _folder.SealAsync([1], _folder.RecoveryWrapping);
        File.CreateSymbolicLink(_folder.PathOf("link.kms"), _folder.PathOf("plain.kms"));
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => UpdateAsync("link", _folder.RecoveryWay, _folder.PassphraseWrapping));
        Assert.EndsWith("only a file itself is changed.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_whose_wraps_somebody_changed_since_they_were_looked_at_is_left_alone()
    {
        // Two passphrases look the same: only the header tells them apart.
        await _folder.SealAsync([1], _folder.EveryWrapping);
        KmsEnvelope seen = await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default);
        await UpdateAsync("plain", _folder.RecoveryWay, _folder.PassphraseWrapping, wrap => wrap.Kind == KmsEnvelopeWrapKind.Passphrase);
        KmsEnvelope now = await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default);
        Assert.Equal(seen.Wraps.Select(wrap => $"{wrap.Number} {wrap}"), now.Wraps.Select(wrap => $"{wrap.Number} {wrap}"));
        SortedDictionary<string, string> before = _folder.Snapshot();

        KmsUpdateEnvelopeOptions options = new()
        {
            Path = _folder.PathOf("plain.kms"),
            Opening = _folder.RecoveryWay,
            Remove = wrap => wrap.Kind == KmsEnvelopeWrapKind.Passphrase,
        };
        KmsException refused = await Assert.ThrowsAsync<KmsException>(
            () => KmsBackends.UpdateEnvelopeAsync(options with { ExpectedHeader = seen.HeaderSha256 }, default));
        Assert.Equal(KmsErrorCode.KmsConflict, refused.Code);
        Assert.Equal(before, _folder.Snapshot());
        Assert.Equal(2, (await KmsBackends.UpdateEnvelopeAsync(options with { ExpectedHeader = now.HeaderSha256 }, default)).Wraps.Count);
    }

    [Fact]
    public async Task Owner_group_and_mode_of_a_file_stay()
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return; // nobody else gives files away
        }

        await _folder.SealAsync([1], _folder.RecoveryWrapping);
        string file = _folder.PathOf("plain.kms");
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        File.SetUnixFileMode(file, Mode);
        await RunAsync("chown", "1234:2345", file);

        await UpdateAsync("plain", _folder.RecoveryWay, _folder.PassphraseWrapping);

        Assert.Equal("1234:2345", await RunAsync("stat", "-c", "%u:%g", file));
        Assert.Equal(Mode, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Other_names_of_a_file_are_counted()
    {
        await _folder.SealAsync([1], _folder.RecoveryWrapping);
        Assert.Equal(0, (await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default)).OtherNames);
        await RunAsync("ln", _folder.PathOf("plain.kms"), _folder.PathOf("second.kms"));
        await RunAsync("ln", _folder.PathOf("plain.kms"), _folder.PathOf("third.kms"));
        Assert.Equal(2, (await UpdateAsync("plain", _folder.RecoveryWay, _folder.PassphraseWrapping)).OtherNames);
        Assert.Equal(0, (await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default)).OtherNames);
    }

    [Theory]
    [InlineData(1025)]
    [InlineData(342)] // characters of three bytes
    public async Task A_key_id_that_no_reader_takes_is_not_written(int length)
    {
        _folder.Write("long", [1]);
        KmsEnvelopeKmsWrap wrap = _folder.KmsWrapping.Kms[0] with { KeyId = new string(length == 342 ? '€' : 'k', length) };
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _folder.ProtectAsync("long", new() { Kms = [wrap] }));
        Assert.Equal(KmsErrorCode.KmsUsage, refused.Code);
        Assert.Contains("at most 1024 bytes", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.PathOf("long.kms")));
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output.Trim();
    }

    private static KmsEnvelopeWrapKind[] Kinds => [KmsEnvelopeWrapKind.Kms, KmsEnvelopeWrapKind.Passphrase, KmsEnvelopeWrapKind.RecoveryKey];

    private Task<KmsEnvelope> UpdateAsync(
        string name, KmsEnvelopeOpening opening, KmsEnvelopeWrapping add, Predicate<KmsEnvelopeWrap>? remove = null) =>
        KmsBackends.UpdateEnvelopeAsync(
            new() { Path = _folder.PathOf(name + ".kms"), Opening = opening, Add = add, Remove = remove }, default);

    private KmsEnvelopeWrapping Wrapping(KmsEnvelopeWrapKind kind) => kind switch
    {
        KmsEnvelopeWrapKind.Kms => _folder.KmsWrapping,
        KmsEnvelopeWrapKind.Passphrase => _folder.PassphraseWrapping,
        _ => _folder.RecoveryWrapping,
    };

    private KmsEnvelopeOpening Way(KmsEnvelopeWrapKind kind) => kind switch
    {
        KmsEnvelopeWrapKind.Kms => new() { Backends = [_folder.Store] },
        KmsEnvelopeWrapKind.Passphrase => new() { Passphrase = _folder.Passphrase },
        _ => _folder.RecoveryWay,
    };
}
