using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Envelopes;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>What may happen to files: nothing that was not asked for, whatever stands in the way.</summary>
public sealed class FileSafetyTests : IAsyncLifetime
{
    private const int Chunk = EnvelopeFolder.SmallChunk;

    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Fact]
    public async Task A_file_that_is_longer_than_the_system_says_is_not_protected_as_empty()
    {
        SortedDictionary<string, string> before = _folder.Snapshot();
        const string Endless = "/proc/self/status"; // its length is told as zero
        Assert.Equal(
            OperatingSystem.IsLinux() ? KmsErrorCode.KmsConflict : KmsErrorCode.KmsNotFound,
            await RefusalAsync(_folder.Protecting("plain") with { Source = Endless }));
        Assert.Equal(before, _folder.Snapshot());
    }

    [Fact]
    public async Task An_existing_file_is_kept_unless_it_is_to_be_replaced()
    {
        _folder.Write("plain", [1, 2, 3]);
        _folder.Write("plain.kms", [9]);
        SortedDictionary<string, string> before = _folder.Snapshot();
        Assert.Equal(KmsErrorCode.KmsConflict, await RefusalAsync(_folder.Protecting("plain")));
        Assert.Equal(before, _folder.Snapshot());

        await KmsBackends.ProtectFileAsync(_folder.Protecting("plain") with { Force = true }, default);
        _folder.Write("again", [9]);
        before = _folder.Snapshot();
        Assert.Equal(KmsErrorCode.KmsConflict, await RefusalAsync(_folder.Opening("plain.kms", "again")));
        Assert.Equal(before, _folder.Snapshot());
        await KmsBackends.UnprotectFileAsync(_folder.Opening("plain.kms", "again") with { Force = true }, default);
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(_folder.PathOf("again")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_link_a_directory_and_the_source_itself_are_no_destination(bool force)
    {
        _folder.Write("plain", [1, 2, 3]);
        await _folder.ProtectAsync("plain");
        _folder.Write("elsewhere", [7]);
        Directory.CreateDirectory(_folder.PathOf("directory"));
        File.CreateSymbolicLink(_folder.PathOf("link"), _folder.PathOf("elsewhere"));
        File.CreateSymbolicLink(_folder.PathOf("dangling"), _folder.PathOf("nowhere"));
        File.CreateSymbolicLink(_folder.PathOf("link to plain"), _folder.PathOf("plain"));
        Posix.Link(_folder.PathOf("plain"), _folder.PathOf("hard"));
        Posix.Link(_folder.PathOf("plain.kms"), _folder.PathOf("hard.kms"));
        SortedDictionary<string, string> before = _folder.Snapshot();
        foreach (string destination in new[] { "plain", "directory", "link", "dangling", "link to plain", "hard", "directory/../plain", "" })
        {
            Assert.Equal(
                KmsErrorCode.KmsUsage,
                await RefusalAsync(_folder.Protecting("plain") with { Destination = _folder.PathOf(destination), Force = force }));
        }

        foreach (string destination in new[] { "plain.kms", "directory", "link", "dangling", "hard.kms" })
        {
            Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.Opening("plain.kms", destination) with { Force = force }));
        }

        Assert.Equal(before, _folder.Snapshot());
    }

    [Fact]
    public async Task What_is_no_regular_file_is_no_source()
    {
        Directory.CreateDirectory(_folder.PathOf("directory"));
        File.CreateSymbolicLink(_folder.PathOf("dangling"), _folder.PathOf("nowhere"));
        Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.Protecting("directory")));
        Assert.Equal(KmsErrorCode.KmsNotFound, await RefusalAsync(_folder.Protecting("absent")));
        Assert.Equal(KmsErrorCode.KmsNotFound, await RefusalAsync(_folder.Protecting("dangling")));
        Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.Protecting("a\0b") with { Destination = _folder.PathOf("x") }));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(0, Emulator.Tool.Run("mkfifo", [_folder.PathOf("pipe")]).ExitCode);
            Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.Protecting("pipe")).WaitAsync(Patience.Deadline));
            Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.Protecting("x") with { Source = "/dev/zero" }));
        }
    }

    [Fact]
    public async Task A_link_may_be_read_and_is_never_removed()
    {
        _folder.Write("plain", [1, 2, 3]);
        File.CreateSymbolicLink(_folder.PathOf("link"), _folder.PathOf("plain"));
        Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.Protecting("link") with { RemoveSource = true }));
        await _folder.ProtectAsync("link");
        await _folder.OpenAsync("link.kms", "again");
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(_folder.PathOf("again")));
    }

    [Fact]
    public async Task A_destination_whose_directory_is_not_there_is_not_found()
    {
        _folder.Write("plain", [1]);
        Assert.Equal(
            KmsErrorCode.KmsNotFound, await RefusalAsync(_folder.Protecting("plain") with { Destination = _folder.PathOf("none/plain.kms") }));
        Assert.Equal(["plain"], _folder.Names());
    }

    [Fact]
    public async Task Long_paths_and_long_names_work()
    {
        string directory = _folder.FilesPath;
        for (int level = 0; level < 4; level++)
        {
            directory = Directory.CreateDirectory(Path.Combine(directory, new string('d', 100))).FullName;
        }

        // 251 and the extension are what a name can have.
        string plain = Path.Combine(directory, new string('n', 251));
        Assert.True(plain.Length > 600);
        await File.WriteAllBytesAsync(plain, [1, 2, 3]);
        await KmsBackends.ProtectFileAsync(_folder.Protecting(plain) with { RemoveSource = true }, default);
        await KmsBackends.UnprotectFileAsync(_folder.Opening(plain + ".kms", plain), default);
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(plain));
        Assert.Equal(KmsErrorCode.KmsStorage, await RefusalAsync(_folder.Protecting(plain) with { Destination = plain + ".12345" }));
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(directory).Count());
    }

    [Fact]
    public async Task Results_are_the_owners_alone_and_an_update_keeps_the_mode()
    {
        _folder.Write("plain", [1, 2, 3]);
        await _folder.ProtectAsync("plain");
        await _folder.OpenAsync("plain.kms", "again");
        if (OperatingSystem.IsWindows())
        {
            return; // no modes there
        }

        Assert.Equal(DurableFile.FileMode, File.GetUnixFileMode(_folder.PathOf("plain.kms")));
        Assert.Equal(DurableFile.FileMode, File.GetUnixFileMode(_folder.PathOf("again")));
        UnixFileMode shared = DurableFile.FileMode | UnixFileMode.GroupRead;
        File.SetUnixFileMode(_folder.PathOf("plain.kms"), shared);
        await KmsBackends.UpdateEnvelopeAsync(
            new() { Path = _folder.PathOf("plain.kms"), Opening = _folder.RecoveryWay, Add = _folder.PassphraseWrapping }, default);
        Assert.Equal(shared, File.GetUnixFileMode(_folder.PathOf("plain.kms")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData((3 * Chunk) + 5)]
    public async Task A_source_is_removed_once_its_result_is_there(int length)
    {
        byte[] content = EnvelopeFolder.Content(length);
        _folder.Write("plain", content);
        KmsFileResult made = await KmsBackends.ProtectFileAsync(_folder.Protecting("plain") with { RemoveSource = true }, default);
        Assert.True(made.SourceRemoved);
        Assert.Equal(["plain.kms"], _folder.Names());
        KmsFileResult opened = await KmsBackends.UnprotectFileAsync(_folder.Opening("plain.kms", "plain") with { RemoveSource = true }, default);
        Assert.True(opened.SourceRemoved);
        Assert.Equal(["plain"], _folder.Names());
        Assert.Equal(content, await File.ReadAllBytesAsync(_folder.PathOf("plain")));
    }

    [Theory]
    [InlineData("grows")]
    [InlineData("shrinks")]
    [InlineData("is written to")]
    [InlineData("is written to and its time set back")]
    [InlineData("is replaced")]
    [InlineData("goes")]
    public async Task A_source_that_changes_while_it_is_read_makes_nothing(string how)
    {
        string plain = _folder.Write("plain", EnvelopeFolder.Content(64 * Chunk));
        string kms = _folder.PathOf("plain.kms");
        File.SetLastWriteTimeUtc(plain, DateTime.UtcNow.AddHours(-1)); // two writes within one tick of the clock look like one
        var onProgress = new Hook(() =>
        {
            Thread.Sleep(50); // a file system whose clock did not tick in between cannot tell
            switch (how)
            {
                case "grows": File.AppendAllBytes(plain, [1]); break;
                case "shrinks": using (FileStream file = File.OpenWrite(plain)) { file.SetLength(10 * Chunk); } break;
                case "is written to": using (FileStream file = File.OpenWrite(plain)) { file.WriteByte(0); } break;
                case "is written to and its time set back":
                    DateTime time = File.GetLastWriteTimeUtc(plain);
                    using (FileStream file = File.OpenWrite(plain)) { file.WriteByte(0); }
                    File.SetLastWriteTimeUtc(plain, time);
                    break;
                case "is replaced": File.WriteAllBytes(plain + ".new", File.ReadAllBytes(plain)); File.Move(plain + ".new", plain, overwrite: true); break;
                case "goes": File.Delete(plain); break;
            }
        });
        KmsException refusal = await Assert.ThrowsAsync<KmsException>(() => KmsBackends.ProtectFileAsync(
            _folder.Protecting("plain") with { Progress = onProgress, RemoveSource = true }, default));
        Assert.Equal(KmsErrorCode.KmsConflict, refusal.Code);
        Assert.True(onProgress.Called);
        Assert.False(File.Exists(kms));
        Assert.Equal(how == "goes" ? [] : ["plain"], _folder.Names());
    }

    [Fact]
    public async Task A_destination_that_appears_meanwhile_is_kept()
    {
        _folder.Write("plain", EnvelopeFolder.Content(10));
        var onProgress = new Hook(() => _folder.Write("plain.kms", [9]));
        Assert.Equal(KmsErrorCode.KmsConflict, await RefusalAsync(_folder.Protecting("plain") with { Progress = onProgress }));
        Assert.Equal([9], await File.ReadAllBytesAsync(_folder.PathOf("plain.kms")));
        Assert.Equal(["plain", "plain.kms"], _folder.Names());
    }

    [Fact]
    public async Task Cancelling_at_any_moment_leaves_nothing()
    {
        _folder.Write("plain", EnvelopeFolder.Content(200 * Chunk));
        await _folder.ProtectAsync("plain", _folder.EveryWrapping);
        SortedDictionary<string, string> before = _folder.Snapshot();
        (int cancelled, int random) = (0, 0);
        for (int round = 0; round < 120; round++)
        {
            // At a time of chance; and in the first rounds when all is written and nothing published.
            using var stop = new CancellationTokenSource();
            Hook? onProgress = round < 3 ? new Hook(stop.Cancel) : null;
            random = (random * 31 + 17) % 97;
            Task work = (round % 3) switch
            {
                0 => KmsBackends.ProtectFileAsync(
                    _folder.Protecting("plain", _folder.EveryWrapping) with { Destination = _folder.PathOf("new"), Progress = onProgress }, stop.Token),
                1 => KmsBackends.UnprotectFileAsync(_folder.Opening("plain.kms", "new", _folder.EveryWay) with { Progress = onProgress }, stop.Token),
                _ => KmsBackends.UpdateEnvelopeAsync(
                    new() { Path = _folder.PathOf("plain.kms"), Opening = _folder.EveryWay, Add = _folder.RecoveryWrapping, Progress = onProgress }, stop.Token),
            };
            if (onProgress is null)
            {
                await Task.Delay(TimeSpan.FromMicroseconds(random * 100));
                await stop.CancelAsync();
            }

            if (await Record.ExceptionAsync(() => work) is { } exception)
            {
                Assert.IsAssignableFrom<OperationCanceledException>(exception);
                cancelled++;
                Assert.Equal(before, _folder.Snapshot());
            }

            File.Delete(_folder.PathOf("new"));
            before = _folder.Snapshot();
            Assert.Equal(["plain", "plain.kms"], _folder.Names());
        }

        Assert.InRange(cancelled, 3, 120);
        await _folder.OpenAsync("plain.kms", "again", _folder.EveryWay);
    }

    [Fact]
    public async Task A_sparse_file_beyond_4_GiB_has_every_chunk_at_its_place()
    {
        // The plaintext is read and hashed, not written: a reader that verifies is quick, and a disk of 8 GiB is not needed.
        const int LargeChunk = 1 << 20;
        const long Length = (4L << 30) + LargeChunk + 3;
        string plain = _folder.PathOf("sparse");
        using (FileStream file = File.Create(plain))
        {
            file.SetLength(Length);
            file.Position = Length - 3;
            file.Write([1, 2, 3]);
        }

        PayloadLayout layout = PayloadLayout.OfPlaintext(Length, LargeChunk)!;
        Assert.Equal((4098, 4097L * (LargeChunk + 16), 4097L * LargeChunk), (layout.Chunks, layout.PayloadOffset(4097), layout.PlaintextOffset(4097)));
        Assert.Equal(layout, PayloadLayout.OfPayload(layout.PayloadLength, LargeChunk));

        using KmsSecret fileKey = KmsSecret.Random(32);
        ChunkCipher Cipher() => EnvelopeKeys.Payload(fileKey, new byte[32], LargeChunk);
        using SourceFile source = SourceFile.Open(plain);
        using ChunkCipher cipher = Cipher();
        byte[] tail = new byte[LargeChunk + 16];
        foreach (long chunk in new[] { 0, 4095, 4096, 4097 })
        {
            int length = layout.PlaintextLengthOf(chunk);
            Assert.Equal(chunk == 4097 ? 3 : LargeChunk, length);
            Assert.Equal(length, source.Read(tail.AsSpan(0, length), layout.PlaintextOffset(chunk)));
            cipher.Seal((uint)chunk, layout.IsLast(chunk), tail.AsSpan(0, length + 16));
            Assert.True(cipher.TryOpen((uint)chunk, chunk == 4097, tail.AsSpan(0, length + 16)));
        }

        Assert.Equal([1, 2, 3], tail[..3]);
        if (Environment.GetEnvironmentVariable("RUSTFS_KMS_TEST_LARGE_FILES") == "1")
        {
            KmsProtectFileOptions protecting = _folder.Protecting("sparse") with { ChunkSize = null };
            await KmsBackends.ProtectFileAsync(protecting, default);
            await KmsBackends.UnprotectFileAsync(_folder.Opening("sparse.kms", "again"), default);
            Assert.Equal(Length, new FileInfo(_folder.PathOf("again")).Length);
            using SourceFile again = SourceFile.Open(_folder.PathOf("again"));
            Assert.Equal(3, again.Read(tail.AsSpan(0, 3), Length - 3));
            Assert.Equal([1, 2, 3], tail[..3]);
        }
    }

    [Fact]
    public void A_counter_that_would_run_over_is_refused_before_anything_is_done()
    {
        const long Most = (1L << 32) * Chunk;
        Assert.Equal(1L << 32, PayloadLayout.OfPlaintext(Most, Chunk)!.Chunks);
        Assert.Null(PayloadLayout.OfPlaintext(Most + 1, Chunk));
        Assert.Null(PayloadLayout.OfPlaintext(long.MaxValue, Chunk));
        Assert.NotNull(PayloadLayout.OfPayload((1L << 32) * (Chunk + 16), Chunk));
        Assert.Null(PayloadLayout.OfPayload(((1L << 32) * (Chunk + 16)) + 17, Chunk));
        Assert.Null(PayloadLayout.OfPayload(long.MaxValue, Chunk));
    }

    [Fact]
    public async Task A_chunk_size_that_no_reader_takes_is_refused()
    {
        _folder.Write("plain", [1]);
        foreach (int size in new[] { 0, -4096, 1, 2048, 4097, 12288, 32 * 1024 * 1024, int.MaxValue, int.MinValue })
        {
            Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.Protecting("plain") with { ChunkSize = size }));
        }

        Assert.Equal(["plain"], _folder.Names());
    }

    [Fact]
    public async Task Many_files_at_once_come_out_right()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 60), async (number, _) =>
        {
            byte[] content = EnvelopeFolder.Content(number * 1000);
            _folder.Write($"f{number}", content);
            await _folder.ProtectAsync($"f{number}", _folder.KmsWrapping);
            await _folder.OpenAsync($"f{number}.kms", $"g{number}", new KmsEnvelopeOpening { Backends = [_folder.Store] });
            Assert.Equal(content, await File.ReadAllBytesAsync(_folder.PathOf($"g{number}"), CancellationToken.None));
        });
    }

    private static async Task<KmsErrorCode> RefusalAsync(KmsProtectFileOptions options) =>
        (await Assert.ThrowsAsync<KmsException>(() => KmsBackends.ProtectFileAsync(options, default))).Code;

    private static async Task<KmsErrorCode> RefusalAsync(KmsUnprotectFileOptions options) =>
        (await Assert.ThrowsAsync<KmsException>(() => KmsBackends.UnprotectFileAsync(options, default))).Code;

    /// <summary>Does something once, as soon as the first stage tells that it is done, which is before anything was published.</summary>
    private sealed class Hook(Action action) : IProgress<KmsFileProgress>
    {
        private int _called;

        internal bool Called => _called > 0;

        public void Report(KmsFileProgress value)
        {
            if (Interlocked.Exchange(ref _called, 1) == 0)
            {
                action();
            }
        }
    }
}
