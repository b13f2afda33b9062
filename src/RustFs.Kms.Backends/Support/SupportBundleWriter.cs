using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Support;

/// <summary>
/// Writes a support bundle: every part through the redactor into a temporary zip file beside the target, its owner's alone, and only when
/// all is in it and on the disk under its name. On failure nothing is left and an older file is what it was.
/// </summary>
internal static class SupportBundleWriter
{
    private const string ManifestName = "manifest.json";
    private static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Writes it.</summary>
    /// <param name="path">The zip file, absolute.</param>
    /// <param name="overwrite">Whether a file of that name is replaced.</param>
    /// <param name="producer">Who writes it, for the manifest.</param>
    /// <param name="parts">What goes in.</param>
    /// <param name="redactor">What takes the secrets out.</param>
    /// <param name="clock">The time.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    /// <exception cref="KmsException">The file exists, cannot be written, or was written and may not be on the disk.</exception>
    internal static async Task<KmsSupportBundle> WriteAsync(
        string path, bool overwrite, string producer, IReadOnlyList<KmsSupportPart> parts, Redactor redactor, TimeProvider clock, CancellationToken cancellationToken)
    {
        string directory = Path.GetDirectoryName(path) ?? throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is no file.", path);
        string temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        DateTimeOffset created = clock.GetUtcNow();
        var entries = new List<KmsSupportBundleEntry>();
        var problems = new List<string>();
        try
        {
            long length;
            try
            {
                await FillAsync(temporary, producer, parts, redactor, created, entries, problems, cancellationToken).ConfigureAwait(false);
                length = new FileInfo(temporary).Length;
                if (overwrite)
                {
                    File.Move(temporary, path, overwrite: true);
                }
                else if (!DurableFile.PublishNew(temporary, path))
                {
                    throw new KmsException(KmsErrorCode.KmsConflict, $"'{path}' exists already and stays as it is.", path);
                }

            }
            catch
            {
                DurableFile.Remove(temporary);
                throw;
            }

            DurableFile.AfterPublishing(path, () =>
            {
                DurableFile.Remove(temporary); // after a hard link, the other name
                DurableFile.SyncDirectory(directory);
            });
            return new KmsSupportBundle { Path = path, Length = length, CreatedAt = created, Entries = entries, Problems = problems };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StorageFailure.OfWriting(exception, path, temporary);
        }
    }

    private static async Task FillAsync(
        string path,
        string producer,
        IReadOnlyList<KmsSupportPart> parts,
        Redactor redactor,
        DateTimeOffset created,
        List<KmsSupportBundleEntry> entries,
        List<string> problems,
        CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = DurableFile.FileMode;
        }

        var file = new FileStream(path, options);
        await using (file.ConfigureAwait(false))
        {
            using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach (KmsSupportPart part in parts)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await AddAsync(zip, part, redactor, problems, cancellationToken).ConfigureAwait(false) is { } entry)
                    {
                        entries.Add(entry);
                    }
                }

                if (redactor.Known.TooShort > 0)
                {
                    problems.Add($"{redactor.Known.TooShort} secret(s) of the connections or the environment are shorter than {KnownSecrets.Shortest} bytes: they were taken out where they stand as "
                        + "a secret, and not looked for elsewhere.");
                }

                var manifest = new { FormatVersion = 1, CreatedAt = created, Producer = producer, Redactions = redactor.Count, Entries = entries, Problems = problems };
                using Stream target = zip.CreateEntry(ManifestName).Open();
                await target.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(manifest, s_readable), cancellationToken).ConfigureAwait(false);
            }

            await file.FlushAsync(cancellationToken).ConfigureAwait(false);
            DurableFile.Sync(file.SafeFileHandle, path);
        }
    }

    private static async Task<KmsSupportBundleEntry?> AddAsync(
        ZipArchive zip, KmsSupportPart part, Redactor redactor, List<string> problems, CancellationToken cancellationToken)
    {
        Stream source;
        try
        {
            source = await part.Open(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsProblem(exception))
        {
            problems.Add(Problem(part, exception, redactor));
            return null;
        }

        long before = redactor.Count;
        await using (source.ConfigureAwait(false))
        {
            var target = new HashingStream(zip.CreateEntry(part.Name, CompressionLevel.Fastest).Open());
            await using (target.ConfigureAwait(false))
            {
                try
                {
                    await RedactedStream.CopyAsync(source, target, redactor, part.IsAudit, cancellationToken).ConfigureAwait(false);
                }
                catch (InvalidDataException exception)
                {
                    // What was copied until then is redacted like the rest, and stays.
                    problems.Add(Problem(part, exception, redactor));
                }

                return new KmsSupportBundleEntry { Name = part.Name, Length = target.Count, Sha256 = target.Finish(), Redactions = redactor.Count - before };
            }
        }
    }

    private static bool IsProblem(Exception exception) => exception is KmsException or IOException or UnauthorizedAccessException or InvalidDataException;

    private static string Problem(KmsSupportPart part, Exception exception, Redactor redactor) => redactor.Redact($"{part.Name}: {exception.Message}");

    /// <summary>Passes bytes on, counts them and makes their sum.</summary>
    private sealed class HashingStream(Stream inner) : Stream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        internal long Count { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Count;

        public override long Position
        {
            get => Count;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _hash.AppendData(buffer);
            Count += buffer.Length;
            inner.Write(buffer);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _hash.AppendData(buffer.Span);
            Count += buffer.Length;
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        internal string Finish() => Convert.ToHexString(_hash.GetHashAndReset()).ToLowerInvariant();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _hash.Dispose();
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
