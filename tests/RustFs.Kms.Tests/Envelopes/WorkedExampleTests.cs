using System.Diagnostics;
using System.Text;
using System.Text.Json;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Envelopes;
using RustFs.Kms.Backends.Envelopes.Wraps;
using RustFs.Kms.Tests.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>
/// The format as docs/envelope-format.md has it, held against a second implementation: envelope.py beside this file, written from
/// the document alone. It made the worked example, and reads what the engine writes.
/// </summary>
public sealed class WorkedExampleTests : IAsyncLifetime
{
    private readonly JsonElement _example = JsonDocument
        .Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", "envelope-file.json"))).RootElement;

    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Fact]
    public async Task The_example_opens_through_recovery_key_and_passphrase()
    {
        _folder.Write("example.kms", Hex("file"));
        using KmsSecret passphrase = KmsSecret.CopyOf(Encoding.UTF8.GetBytes(Text("passphrase")));
        using KmsSecret privateKey = Secret("recovery_private_key");
        using var recoveryKey = new KmsRecoverySecret(privateKey, RecoveryKeys.RecipientOf(Hex("recovery_public_key")));
        foreach ((string name, KmsEnvelopeOpening way) in new[]
                 {
                     ("with passphrase", new KmsEnvelopeOpening { Passphrase = passphrase }),
                     ("with recovery key", new KmsEnvelopeOpening { RecoveryKeys = [recoveryKey] }),
                 })
        {
            await _folder.OpenAsync("example.kms", name, way);
            Assert.Equal(Text("plaintext"), Convert.ToHexString(await File.ReadAllBytesAsync(_folder.PathOf(name))).ToLowerInvariant());
        }
    }

    [Fact]
    public void The_example_is_derived_as_the_document_says()
    {
        byte[] file = Hex("file");
        EnvelopeHeader header = EnvelopeHeader.Read((buffer, offset) => Copy(file, buffer, offset), "example");
        using KmsSecret fileKey = Secret("file_key");
        using KmsSecret dataKey = Secret("data_key");
        Assert.True(header.IsOf(fileKey));
        Assert.Equal(Text("header_mac"), Lower(header.Bytes.AsSpan()[^32..]));
        using (KmsSecret? unwrapped = header.Wraps.OfType<KmsWrap>().Single().TryOpen(dataKey, header.Salt))
        {
            Assert.Equal(Text("file_key"), Lower(unwrapped!.Bytes));
        }

        // The same header, made here, has the same MAC; the same chunk has the same bytes.
        Assert.Equal(header.Bytes, EnvelopeHeader.Make(fileKey, header.ChunkSize, header.Salt, header.Wraps, "example").Bytes);
        using ChunkCipher cipher = EnvelopeKeys.Payload(fileKey, header.Salt, header.ChunkSize);
        byte[] chunk = [.. Hex("plaintext"), .. new byte[16]];
        cipher.Seal(0, isLast: true, chunk);
        Assert.Equal(Text("payload"), Lower(chunk));
        using var named = new ChunkCipher(Hex("payload_key"), Hex("nonce_prefix"));
        Assert.True(named.TryOpen(0, isLast: true, chunk));
    }

    [Fact]
    public void The_document_shows_this_very_example()
    {
        string document = string.Concat(File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "envelope-format.md")).Where(character => !char.IsWhiteSpace(character)));
        foreach (JsonProperty value in _example.EnumerateObject().Where(value => value.Name is not ("_about" or "plaintext")))
        {
            Assert.Contains(
                string.Concat(value.Value.GetString()!.Where(character => !char.IsWhiteSpace(character))), document, StringComparison.Ordinal);
        }
    }

    [ToolTheory("python3", "-c import cryptography.hazmat.primitives.hpke")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(EnvelopeFolder.SmallChunk)]
    [InlineData((2 * EnvelopeFolder.SmallChunk) + 1)]
    public async Task The_second_implementation_reads_what_the_engine_writes(int length)
    {
        byte[] content = EnvelopeFolder.Content(length);
        KmsEnvelopeWrapping wrapping = _folder.EveryWrapping with
        {
            Kms =
            [
                new()
                {
                    Backend = _folder.Store,
                    KeyId = EnvelopeFolder.KeyId,
                    EncryptionContext = new Dictionary<string, string> { ["büro"] = "\"1\"\n", ["\U0001F511"] = "+/<>", ["\uFF5E"] = "" },
                    Hint = "a & b",
                },
            ],
        };
        await _folder.SealAsync(content, wrapping);
        byte[] blob = (await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default)).Wraps[0].CiphertextBlob!;
        using KmsDataKey dataKey = await _folder.Store.UnwrapDataKeyAsync(blob, new Dictionary<string, string>(), default);

        Assert.Equal(content, Python("recovery", await File.ReadAllBytesAsync(_folder.Beside("recovery.pem"))));
        Assert.Equal(content, Python("passphrase", _folder.Passphrase.Array));
        Assert.Equal(content, (byte[])dataKey.UsePlaintext(bytes => Python("data-key", bytes))!);
    }

    private byte[] Python(string way, byte[] secret)
    {
        string script = Path.Combine(RepositoryRoot(), "tests", "RustFs.Kms.Tests", "Envelopes", "envelope.py");
        var start = new ProcessStartInfo("python3", [script, "open", _folder.PathOf("plain.kms"), way])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.BaseStream.Write(secret);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return output.ToArray();
    }

    private static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "RustFs.Kms.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new DirectoryNotFoundException("The tests do not run below the repository.");
    }

    private static int Copy(byte[] file, Memory<byte> buffer, long offset)
    {
        int length = (int)Math.Min(buffer.Length, file.Length - offset);
        file.AsSpan((int)offset, length).CopyTo(buffer.Span);
        return length;
    }

    private string Text(string name) => _example.GetProperty(name).GetString()!;

    private byte[] Hex(string name) => Convert.FromHexString(Text(name));

    private KmsSecret Secret(string name) => KmsSecret.CopyOf(Hex(name));

    private static string Lower(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
}
