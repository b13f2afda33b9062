using RustFs.Kms.Backends;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>What is protected comes back, through every way in and at every length where something changes.</summary>
public sealed class RoundTripTests : IAsyncLifetime
{
    private const int Chunk = EnvelopeFolder.SmallChunk;

    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(3 * Chunk)]
    [InlineData((40 * Chunk) + 17)]
    public async Task Every_length_comes_back(int length)
    {
        byte[] content = EnvelopeFolder.Content(length);
        _folder.Write("plain", content);
        KmsFileResult made = await _folder.ProtectAsync("plain", _folder.EveryWrapping);
        KmsFileResult opened = await _folder.OpenAsync("plain.kms", "again", _folder.EveryWay);

        Assert.Equal(content, await File.ReadAllBytesAsync(_folder.PathOf("again")));
        Assert.Equal(length, made.PlaintextLength);
        Assert.Equal(length, opened.PlaintextLength);
        Assert.Equal(new FileInfo(_folder.PathOf("plain.kms")).Length, made.EnvelopeLength);
        Assert.Equal(made.EnvelopeLength, opened.EnvelopeLength);
        Assert.Equal(["again", "plain", "plain.kms"], _folder.Names());
    }

    [Fact]
    public async Task Every_way_in_opens_alone_and_says_that_it_did()
    {
        byte[] content = EnvelopeFolder.Content(100);
        await _folder.SealAsync(content, _folder.EveryWrapping);
        foreach ((KmsEnvelopeOpening way, KmsEnvelopeWrapKind kind) in new[]
                 {
                     (new KmsEnvelopeOpening { Backends = [_folder.Store] }, KmsEnvelopeWrapKind.Kms),
                     (_folder.RecoveryWay, KmsEnvelopeWrapKind.RecoveryKey),
                     (new KmsEnvelopeOpening { Passphrase = _folder.Passphrase }, KmsEnvelopeWrapKind.Passphrase),
                 })
        {
            KmsFileResult opened = await _folder.OpenAsync("plain.kms", $"{kind}", way);
            Assert.Equal(kind, Assert.Single(opened.Wraps).Kind);
            Assert.Equal(content, await File.ReadAllBytesAsync(opened.Destination));
        }
    }

    [Fact]
    public async Task What_does_not_fit_is_passed_over_for_what_does()
    {
        await _folder.SealAsync([1, 2, 3], _folder.EveryWrapping);
        using KmsSecret wrong = KmsSecret.CopyOf("wrong"u8);
        KmsFileResult opened = await _folder.OpenAsync("plain.kms", "again", _folder.RecoveryWay with { Passphrase = wrong });
        Assert.Equal(KmsEnvelopeWrapKind.RecoveryKey, Assert.Single(opened.Wraps).Kind);
    }

    [Fact]
    public async Task The_header_tells_everything_but_a_secret()
    {
        KmsEnvelopeWrapping wrapping = _folder.EveryWrapping with
        {
            Kms =
            [
                new()
                {
                    Backend = _folder.Store,
                    KeyId = EnvelopeFolder.KeyId,
                    EncryptionContext = new Dictionary<string, string> { ["büro"] = "1", ["a"] = "2" },
                    Hint = "https://user:secret@kms.example:9000/base?token=secret#secret",
                },
            ],
        };
        byte[] bytes = await _folder.SealAsync(EnvelopeFolder.Content(Chunk + 1), wrapping);
        KmsEnvelope envelope = await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default);

        Assert.Equal((1, "AES-256-GCM-STREAM", Chunk, bytes.Length, Chunk + 1L), (envelope.Version, envelope.Algorithm, envelope.ChunkSize, envelope.Length, envelope.PlaintextLength));
        Assert.Equal(
            [KmsEnvelopeWrapKind.Kms, KmsEnvelopeWrapKind.RecoveryKey, KmsEnvelopeWrapKind.Passphrase], envelope.Wraps.Select(wrap => wrap.Kind));
        Assert.Equal("https://kms.example:9000/base", envelope.Wraps[0].Hint);
        Assert.Equal("1", envelope.Wraps[0].EncryptionContext["büro"]);
        Assert.Equal(_folder.RecoveryKey.Recipient.Fingerprint, envelope.Wraps[1].Recipient);
        Assert.Equal((8, 1, 1), (envelope.Wraps[2].MemoryKiB, envelope.Wraps[2].Iterations, envelope.Wraps[2].Lanes));
        Assert.DoesNotContain("secret", System.Text.Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
        Assert.False(envelope.IsServerOnly);
    }

    [Fact]
    public async Task Two_files_of_the_same_content_share_nothing()
    {
        byte[] first = await _folder.SealAsync(EnvelopeFolder.Content(1000), name: "first");
        byte[] second = await _folder.SealAsync(EnvelopeFolder.Content(1000), name: "second");
        Assert.Equal(first.Length, second.Length);
        Assert.NotEqual(first[^1016..], second[^1016..]);
    }

    [Fact]
    public async Task Progress_ends_with_all_of_it()
    {
        var reports = new List<KmsFileProgress>();
        _folder.Write("plain", EnvelopeFolder.Content(10 * Chunk));
        await KmsBackends.ProtectFileAsync(
            _folder.Protecting("plain") with { RemoveSource = true, Progress = new Listener(reports) }, default);
        Assert.Equal([KmsFileStage.Protecting, KmsFileStage.Verifying], reports.Where(report => report.BytesDone == report.BytesTotal).Select(report => report.Stage));
        Assert.All(reports, report => Assert.Equal(10 * Chunk, report.BytesTotal));
    }

    private sealed class Listener(List<KmsFileProgress> reports) : IProgress<KmsFileProgress>
    {
        public void Report(KmsFileProgress value)
        {
            lock (reports)
            {
                reports.Add(value);
            }
        }
    }
}
