using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Envelopes;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>A protected file that is not byte for byte what was made never opens, and leaves nothing behind.</summary>
public sealed class TamperTests : IAsyncLifetime
{
    private const int Chunk = EnvelopeFolder.SmallChunk;
    private const int Sealed = Chunk + 16;
    private const int HeaderStart = 16;

    // Every bit of every file takes minutes; it is the same code that the small chunks below go through bit by bit.
    private static readonly bool s_everyBit = Environment.GetEnvironmentVariable("RUSTFS_KMS_TEST_EVERY_BIT") == "1";

    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(Chunk - 1, 61)]
    [InlineData(Chunk, 61)]
    [InlineData(Chunk + 1, 61)]
    [InlineData(3 * Chunk, 127)]
    public async Task No_bit_can_be_flipped(int length, int step)
    {
        byte[] good = await _folder.SealAsync(EnvelopeFolder.Content(length));
        int payload = good.Length - PayloadLength(length);
        await using var file = new AlteredFile(_folder, good);
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            // Outside the header a prime stride, and everything next to where chunks meet.
            int place = (bit / 8) - payload;
            if (!s_everyBit && length > 1 && bit % step != 0 && !IsNearBorder(place, good.Length - payload))
            {
                continue;
            }

            byte[] changed = [(byte)(good[bit / 8] ^ (1 << (bit % 8)))];
            KmsErrorCode code = (await file.RefusalAsync(bit / 8, changed)).Code;
            Assert.True(Permitted(good, bit / 8).Contains(code), $"bit {bit}: {code}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(3 * Chunk)]
    public async Task No_byte_can_be_cut_off(int length)
    {
        byte[] good = await _folder.SealAsync(EnvelopeFolder.Content(length));
        await using var file = new AlteredFile(_folder, good);
        for (int rest = good.Length - 1; rest >= 0; rest--)
        {
            KmsErrorCode code = (await file.CutAsync(rest)).Code;
            Assert.Equal(rest < 8 ? KmsErrorCode.KmsUsage : KmsErrorCode.KmsIntegrity, code);
        }
    }

    /// <summary>The engine with chunks so small that every bit and every length is tried: here, not only near the borders.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(48)]
    public void No_bit_of_a_payload_of_tiny_chunks_can_be_flipped_and_no_byte_cut(int length)
    {
        const int TinyChunk = 16;
        using KmsSecret fileKey = KmsSecret.Random(32);
        byte[] salt = RandomNumberGenerator.GetBytes(32);
        ChunkCipher Cipher() => EnvelopeKeys.Payload(fileKey, salt, TinyChunk);
        _folder.Write("tiny", EnvelopeFolder.Content(length));
        PayloadLayout layout = PayloadLayout.OfPlaintext(length, TinyChunk)!;
        using (SourceFile plain = SourceFile.Open(_folder.PathOf("tiny")))
        using (OutputFile output = OutputFile.Create(_folder.PathOf("tiny.payload"), replace: false))
        {
            new PayloadWork(layout, Cipher, "tiny").Encrypt(plain, output, 0, null, Meter(), default);
            output.Publish();
        }

        byte[] good = File.ReadAllBytes(_folder.PathOf("tiny.payload"));
        Assert.True(Opens(good));
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Opens(bad), $"bit {bit}");
        }

        for (int rest = 0; rest < good.Length; rest++)
        {
            Assert.False(Opens(good[..rest]), $"cut to {rest}");
        }

        bool Opens(byte[] payload)
        {
            using SourceFile file = SourceFile.Open(_folder.Write("tiny.bad", payload));
            if (PayloadLayout.OfPayload(payload.Length, TinyChunk) is not { } found)
            {
                return false;
            }

            try
            {
                new PayloadWork(found, Cipher, "tiny").Decrypt(file, 0, null, null, Meter(), default);
                return true;
            }
            catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsIntegrity)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    public async Task Nothing_can_be_appended(int length)
    {
        byte[] good = await _folder.SealAsync(EnvelopeFolder.Content(length));
        byte[] payload = good[^PayloadLength(length)..];
        foreach (byte[] more in new[] { new byte[1], new byte[15], new byte[16], new byte[17], new byte[Sealed], payload, EnvelopeFolder.Content(Sealed) })
        {
            Assert.Equal(KmsErrorCode.KmsIntegrity, (await _folder.RefusalOfAsync([.. good, .. more])).Code);
        }
    }

    [Fact]
    public async Task Chunks_cannot_be_swapped_doubled_dropped_or_taken_from_another_file()
    {
        byte[] content = EnvelopeFolder.Content(4 * Chunk);
        byte[] good = await _folder.SealAsync(content);
        byte[] other = await _folder.SealAsync(content, name: "other");
        int start = good.Length - (4 * Sealed);
        byte[] Of(params int[] chunks) =>
            [.. good[..start], .. chunks.SelectMany(chunk => chunk < 4 ? Piece(good, chunk) : Piece(other, chunk - 4))];
        byte[] Piece(byte[] file, int chunk) => file[(start + (chunk * Sealed))..(start + ((chunk + 1) * Sealed))];

        Assert.Equal(good, Of(0, 1, 2, 3));
        foreach (int[] order in (int[][])
                 [
                     [1, 0, 2, 3], [0, 2, 1, 3], [0, 1, 3, 2], [0, 0, 2, 3], [0, 1, 1, 2, 3], [0, 1, 2, 3, 3], [0, 1, 2], [0, 1, 3], [1, 2, 3], [3],
                     [4, 1, 2, 3], [0, 5, 2, 3], [0, 1, 2, 7], [4, 5, 6, 7],
                 ])
        {
            Assert.Equal(KmsErrorCode.KmsIntegrity, (await _folder.RefusalOfAsync(Of(order))).Code);
        }
    }

    [Fact]
    public async Task Neither_a_header_nor_a_wrap_fits_another_file()
    {
        byte[] first = await _folder.SealAsync(EnvelopeFolder.Content(100), _folder.EveryWrapping, "first");
        byte[] second = await _folder.SealAsync(EnvelopeFolder.Content(100), _folder.EveryWrapping, "second");
        int payload = PayloadLength(100);
        foreach (KmsEnvelopeOpening way in new[]
                 {
                     _folder.RecoveryWay,
                     new KmsEnvelopeOpening { Passphrase = _folder.Passphrase },
                     new KmsEnvelopeOpening { Backends = [_folder.Store] },
                 })
        {
            Assert.Equal(KmsErrorCode.KmsIntegrity, (await _folder.RefusalOfAsync([.. second[..^payload], .. first[^payload..]], way)).Code);
            foreach (string member in new[] { "\"wraps\":", "\"salt\":" })
            {
                byte[] mixed = Encoding.UTF8.GetBytes(Swap(HeaderOf(first), HeaderOf(second), member));
                Assert.Equal(KmsErrorCode.KmsIntegrity, (await _folder.RefusalOfAsync(WithHeader(first, mixed), way)).Code);
            }
        }
    }

    [Theory]
    [InlineData("\"key_id\":\"app\"", "\"key_id\":\"apq\"")]
    [InlineData("\"hint\":\"test\"", "\"hint\":\"tesu\"")]
    [InlineData("\"backend\":\"local\"", "\"backend\":\"server\"")]
    [InlineData("\"context\":{}", "\"context\":{\"a\":\"b\"}")]
    public async Task A_public_field_of_a_wrap_is_bound_to_it_even_where_somebody_makes_a_new_MAC(string from, string to)
    {
        byte[] good = await _folder.SealAsync([1, 2, 3], _folder.KmsWrapping);
        byte[] changed = Encoding.UTF8.GetBytes(HeaderOf(good).Replace(from, to, StringComparison.Ordinal));
        Assert.NotEqual(HeaderOf(good), Encoding.UTF8.GetString(changed));

        // Who holds the file key through another wrap can make the MAC; the wrap still is what it was made as.
        EnvelopeHeader header = EnvelopeHeader.Read(Reader(WithHeader(good, changed)), "changed");
        using KmsDataKey dataKey = await _folder.Store.UnwrapDataKeyAsync(
            header.Wraps[0].Description.CiphertextBlob!, new Dictionary<string, string>(), default);
        using var plaintext = KmsSecret.OfLength(32);
        dataKey.CopyPlaintextTo(plaintext.Array);
        Assert.Null(Assert.IsType<Backends.Envelopes.Wraps.KmsWrap>(header.Wraps[0]).TryOpen(plaintext, header.Salt));
    }

    [Fact]
    public async Task Wrong_secrets_and_altered_files_get_the_same_words()
    {
        byte[] good = await _folder.SealAsync(EnvelopeFolder.Content(100), _folder.EveryWrapping);
        byte[] altered = [.. good];
        altered[^1] ^= 1;
        using KmsSecret wrong = KmsSecret.CopyOf("wrong"u8);
        await KmsBackends.CreateRecoveryKeyAsync(new KmsRecoveryKeyCreation { Path = _folder.Beside("other.pem") }, default);
        using KmsRecoverySecret stranger = await KmsBackends.ReadRecoveryKeyAsync(_folder.Beside("other.pem"), null, default);
        KmsException[] refusals =
        [
            await _folder.RefusalOfAsync(good, new KmsEnvelopeOpening { Passphrase = wrong }),
            await _folder.RefusalOfAsync(good, new KmsEnvelopeOpening { RecoveryKeys = [stranger] }),
            await _folder.RefusalOfAsync(altered),
            await _folder.RefusalOfAsync(good[..^1]),
        ];
        Assert.All(refusals, refusal => Assert.Equal((refusals[0].Code, refusals[0].Message), (refusal.Code, refusal.Message)));
        Assert.Equal(KmsErrorCode.KmsIntegrity, refusals[0].Code);
    }

    private static ProgressMeter Meter() => new(null, "tiny", KmsFileStage.Opening, 0);

    private static int PayloadLength(int length) => (int)PayloadLayout.OfPlaintext(length, Chunk)!.PayloadLength;

    private static bool IsNearBorder(int place, int payload) =>
        place >= 0 && (place % Sealed is < 2 or >= Sealed - 17 || payload - place <= 17);

    /// <summary>
    /// Altered anywhere it is KmsIntegrity; only the magic is what makes it a protected file at all, version and flags are a newer
    /// format's, and a wrap of another type is one of a kind for which nothing was brought.
    /// </summary>
    private static KmsErrorCode[] Permitted(byte[] good, int place) => place switch
    {
        < 8 => [KmsErrorCode.KmsUsage],
        < 12 => [KmsErrorCode.KmsUnsupported],
        _ when IsTypeOfWrap(good, place) => [KmsErrorCode.KmsIntegrity, KmsErrorCode.KmsAuthentication],
        _ => [KmsErrorCode.KmsIntegrity],
    };

    private static bool IsTypeOfWrap(byte[] good, int place)
    {
        ReadOnlySpan<byte> member = "\"type\":\"hpke-x25519\""u8;
        int start = good.AsSpan().IndexOf(member);
        return place >= start + 8 && place < start + member.Length - 1;
    }

    private static string HeaderOf(byte[] file) => Encoding.UTF8.GetString(
        file, HeaderStart, (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(12)));

    /// <summary>The file with another header text, its length put right and its MAC left as it is.</summary>
    private static byte[] WithHeader(byte[] file, byte[] header)
    {
        byte[] prefix = file[..HeaderStart];
        int length = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(12));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(prefix.AsSpan(12), (uint)header.Length);
        return [.. prefix, .. header, .. file[(HeaderStart + length)..]];
    }

    /// <summary>The first header up to a member, and the second from there on; for the salt, only its value.</summary>
    private static string Swap(string first, string second, string member)
    {
        int ours = first.IndexOf(member, StringComparison.Ordinal);
        int theirs = second.IndexOf(member, StringComparison.Ordinal);
        return member == "\"wraps\":"
            ? first[..ours] + second[theirs..]
            : first[..ours] + second[theirs..second.IndexOf("\"wraps\":", StringComparison.Ordinal)] + first[first.IndexOf("\"wraps\":", StringComparison.Ordinal)..];
    }

    private static Func<Memory<byte>, long, int> Reader(byte[] file) => (buffer, offset) =>
    {
        int length = (int)Math.Min(buffer.Length, file.Length - offset);
        file.AsSpan((int)offset, length).CopyTo(buffer.Span);
        return length;
    };

    /// <summary>One file in which single bytes are changed and put back, because writing thousands anew takes long.</summary>
    private sealed class AlteredFile : IAsyncDisposable
    {
        private readonly EnvelopeFolder _folder;
        private readonly FileStream _file;
        private readonly byte[] _good;
        private readonly string[] _before;

        internal AlteredFile(EnvelopeFolder folder, byte[] good)
        {
            _folder = folder;
            _good = good;
            _file = new FileStream(folder.Write("altered.kms", good), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            _before = folder.Names();
        }

        internal async Task<KmsException> RefusalAsync(int place, byte[] changed)
        {
            RandomAccess.Write(_file.SafeFileHandle, changed, place);
            KmsException refusal = await OpenAsync();
            RandomAccess.Write(_file.SafeFileHandle, _good.AsSpan(place, 1), place);
            return refusal;
        }

        internal async Task<KmsException> CutAsync(int length)
        {
            _file.SetLength(length);
            return await OpenAsync();
        }

        public async ValueTask DisposeAsync() => await _file.DisposeAsync();

        private async Task<KmsException> OpenAsync()
        {
            KmsException refusal = await Assert.ThrowsAsync<KmsException>(() => _folder.OpenAsync("altered.kms", "opened"));
            Assert.Equal(_before, _folder.Names());
            return refusal;
        }
    }
}
