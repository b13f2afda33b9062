using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>A bucket as it is kept.</summary>
internal sealed record BucketRecord
{
    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary><c>AES256</c> or <c>aws:kms</c>; null when no default encryption is set.</summary>
    public string? Algorithm { get; init; }

    /// <summary>The key of <c>aws:kms</c>; null for the service's default key.</summary>
    public string? KeyId { get; init; }
}

/// <summary>The buckets, one directory each.</summary>
internal sealed partial class BucketStore : IDisposable
{
    private const string RecordName = "bucket.json";

    private readonly string _directory;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, BucketRecord> _buckets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _unreadable = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1);

    internal BucketStore(string directory, TimeProvider clock)
    {
        _directory = directory;
        _clock = clock;
        foreach (string bucket in Directory.EnumerateDirectories(directory))
        {
            try
            {
                BucketRecord record = JsonSerializer.Deserialize<BucketRecord>(File.ReadAllBytes(Path.Combine(bucket, RecordName)))!;
                _buckets[record.Name] = record;
            }
            catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
            {
                // It shows in the impact report, where it rules out that nothing names a key.
                _unreadable[Path.GetFileName(bucket)] = 0;
            }
        }
    }

    internal IReadOnlyList<BucketRecord> All => [.. _buckets.Values.OrderBy(bucket => bucket.Name, StringComparer.Ordinal)];

    internal BucketRecord Require(string name) =>
        _buckets.TryGetValue(name, out BucketRecord? bucket) ? bucket : throw new WireFault(404, "NoSuchBucket", "The specified bucket does not exist");

    /// <summary>The buckets whose default encryption names a key, and those that cannot be read.</summary>
    internal (IReadOnlyList<string> Naming, IReadOnlyList<string> Unreadable) Naming(string keyId) => (
        [.. All.Where(bucket => bucket.KeyId == keyId).Select(bucket => bucket.Name)],
        [.. _unreadable.Keys.Order(StringComparer.Ordinal)]);

    internal string ObjectsOf(BucketRecord bucket) => Path.Combine(_directory, bucket.Name, "objects");

    internal Task CreateAsync(string name, CancellationToken cancellationToken) => ExclusivelyAsync(() =>
    {
        if (!BucketName().IsMatch(name))
        {
            throw new WireFault(400, "InvalidBucketName", "The specified bucket is not valid.");
        }

        if (_buckets.ContainsKey(name))
        {
            throw new WireFault(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.");
        }

        var bucket = new BucketRecord { Name = name, CreatedAt = _clock.GetUtcNow() };
        PrivateFiles.MakeDirectory(ObjectsOf(bucket));
        Save(bucket);
    }, cancellationToken);

    internal Task DeleteAsync(string name, CancellationToken cancellationToken) => ExclusivelyAsync(() =>
    {
        BucketRecord bucket = Require(name);
        if (Directory.EnumerateFiles(ObjectsOf(bucket), "*.json").Any())
        {
            throw new WireFault(409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
        }

        Directory.Delete(Path.Combine(_directory, name), recursive: true);
        _ = _buckets.TryRemove(name, out _);
    }, cancellationToken);

    internal Task SetEncryptionAsync(string name, string? algorithm, string? keyId, CancellationToken cancellationToken) => ExclusivelyAsync(
        () => Save(Require(name) with { Algorithm = algorithm, KeyId = keyId }), cancellationToken);

    public void Dispose() => _gate.Dispose();

    private void Save(BucketRecord bucket)
    {
        PrivateFiles.Write(Path.Combine(_directory, bucket.Name, RecordName), JsonSerializer.SerializeToUtf8Bytes(bucket));
        _buckets[bucket.Name] = bucket;
    }

    private async Task ExclusivelyAsync(Action work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            work();
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z")]
    private static partial Regex BucketName();
}
