using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Small objects: put, get, head, delete.</summary>
internal sealed class ObjectHandlers(BucketStore buckets, ObjectCipher cipher, TimeProvider clock)
{
    private const int SizeLimit = 8 * 1024 * 1024;
    private const string MetadataPrefix = "x-amz-meta-";

    private static readonly string[] s_kept =
        ["content-type", "content-language", "content-disposition", "content-encoding", "cache-control", "expires"];

    internal Task<HttpAnswer> HandleAsync(Exchange exchange, string bucket, string key)
    {
        BucketRecord record = buckets.Require(bucket);
        bool isPlain = exchange.Query.Pairs.All(pair =>
            Encoding.UTF8.GetString(pair.Name) is "x-id" or "X-Amz-Security-Token" || Encoding.UTF8.GetString(pair.Name).StartsWith("X-Amz-", StringComparison.Ordinal));
        return !isPlain || exchange.Call.Header("x-amz-copy-source") is not null
            ? throw WireFault.NoSuchRoute()
            : exchange.Call.Method switch
            {
                "PUT" => PutAsync(exchange, record, key),
                "GET" => GetAsync(exchange, record, key),
                "HEAD" => HeadAsync(exchange, record, key),
                "DELETE" => DeleteAsync(exchange, record, key),
                _ => throw WireFault.NoSuchRoute(),
            };
    }

    private static string NameOf(string key) => HexText.Lower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static string HashOf(byte[] body)
    {
#pragma warning disable CA5351 // MD5 is what the S3 API calls a small object by; nothing is protected with it.
        return Convert.ToBase64String(MD5.HashData(body));
#pragma warning restore CA5351
    }

    private static Dictionary<string, string> HeadersOf(HttpCall call)
    {
        var kept = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string sent, string value) in call.Headers)
        {
            string name = sent.ToLowerInvariant();
            if (name == "content-encoding")
            {
                string encoding = string.Join(',', value.Split(',', StringSplitOptions.TrimEntries).Where(part => part != "aws-chunked"));
                if (encoding.Length > 0)
                {
                    kept[name] = encoding;
                }
            }
            else if (s_kept.Contains(name) || name.StartsWith(MetadataPrefix, StringComparison.Ordinal))
            {
                kept[name] = value;
            }
        }

        return kept;
    }

    private static List<(string Name, string Value)> ProtectionHeaders(ObjectProtection? protection)
    {
        const string Name = "x-amz-server-side-encryption";
        return protection switch
        {
            null => [],
            { Kind: ObjectProtection.SseC } =>
            [
                ($"{Name}-customer-algorithm", "AES256"), ($"{Name}-customer-key-md5", protection.CustomerKeyMd5!),
            ],
            { KeyId: { } keyId } => [(Name, protection.Kind), ($"{Name}-aws-kms-key-id", keyId)],
            _ => [(Name, protection.Kind)],
        };
    }

    private static (long From, long To)? RangeOf(HttpCall call, long size)
    {
        if (call.Header("range") is not { } text || !text.StartsWith("bytes=", StringComparison.Ordinal) || text.Contains(',', StringComparison.Ordinal))
        {
            return null;
        }

        string[] parts = text["bytes=".Length..].Split('-');
        bool hasFrom = long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long from);
        bool hasTo = long.TryParse(parts.ElementAtOrDefault(1), NumberStyles.None, CultureInfo.InvariantCulture, out long to);
        if (parts.Length != 2 || (!hasFrom && !hasTo))
        {
            return null;
        }

        (from, to) = !hasFrom ? (Math.Max(0, size - to), size - 1) : (from, hasTo ? Math.Min(to, size - 1) : size - 1);
        return from < size && from <= to
            ? (from, to)
            : throw new WireFault(416, "InvalidRange", "The requested range is not satisfiable");
    }

    private async Task<HttpAnswer> PutAsync(Exchange exchange, BucketRecord bucket, string key)
    {
        using var request = SseRequest.Read(exchange.Call);
        if (exchange.Call.Body.ContentLength > SizeLimit * 2L)
        {
            throw new WireFault(400, "EntityTooLarge", "The emulator keeps objects of up to 8 MiB.");
        }

        byte[] body = await exchange.Body.ReadAsync(SizeLimit, exchange.CancellationToken).ConfigureAwait(false);
        string hash = HashOf(body);
        if (exchange.Call.Header("content-md5") is { } md5 && md5 != hash)
        {
            throw new WireFault(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
        }

        (byte[] stored, ObjectProtection? protection) = await cipher.SealAsync(body, bucket, key, request, exchange.CancellationToken)
            .ConfigureAwait(false);
        var record = new ObjectRecord
        {
            Key = key,
            BodyName = $"{Guid.NewGuid():N}.bin",
            Size = body.Length,
            ETag = $"\"{HexText.Lower(Convert.FromBase64String(hash))}\"",
            LastModified = clock.GetUtcNow(),
            Headers = HeadersOf(exchange.Call),
            Protection = protection,
        };
        string directory = buckets.ObjectsOf(bucket);
        string path = Path.Combine(directory, NameOf(key) + ".json");
        ObjectRecord? before = await TryReadAsync(path, exchange.CancellationToken).ConfigureAwait(false);
        PrivateFiles.Write(Path.Combine(directory, record.BodyName), stored);
        PrivateFiles.Write(path, JsonSerializer.SerializeToUtf8Bytes(record));
        if (before is not null)
        {
            File.Delete(Path.Combine(directory, before.BodyName));
        }

        return new HttpAnswer(200) { Headers = [("etag", record.ETag), .. ProtectionHeaders(protection)] };
    }

    private async Task<HttpAnswer> GetAsync(Exchange exchange, BucketRecord bucket, string key)
    {
        using var request = SseRequest.Read(exchange.Call);
        (ObjectRecord record, byte[] stored) = await ReadAsync(bucket, key, exchange.CancellationToken).ConfigureAwait(false);
        byte[] body = await cipher.OpenAsync(stored, bucket, record, request, exchange.CancellationToken).ConfigureAwait(false);
        List<(string Name, string Value)> headers = Describe(record);
        if (RangeOf(exchange.Call, record.Size) is not { } range)
        {
            return new HttpAnswer(200) { ContentType = ContentTypeOf(record), Headers = headers, Body = body };
        }

        headers.Add(("content-range", string.Create(CultureInfo.InvariantCulture, $"bytes {range.From}-{range.To}/{record.Size}")));
        return new HttpAnswer(206)
        {
            ContentType = ContentTypeOf(record),
            Headers = headers,
            Body = body[(int)range.From..(int)(range.To + 1)],
        };
    }

    private async Task<HttpAnswer> HeadAsync(Exchange exchange, BucketRecord bucket, string key)
    {
        using var request = SseRequest.Read(exchange.Call);
        ObjectRecord record = await TryReadAsync(PathOf(bucket, key), exchange.CancellationToken).ConfigureAwait(false) ?? throw Missing();
        ObjectCipher.RequireCustomerKey(record, request);
        return new HttpAnswer(200) { ContentType = ContentTypeOf(record), Headers = Describe(record), AnnouncedLength = record.Size };
    }

    private async Task<HttpAnswer> DeleteAsync(Exchange exchange, BucketRecord bucket, string key)
    {
        string path = PathOf(bucket, key);
        ObjectRecord? record = await TryReadAsync(path, exchange.CancellationToken).ConfigureAwait(false);
        if (record is not null)
        {
            File.Delete(path);
            File.Delete(Path.Combine(buckets.ObjectsOf(bucket), record.BodyName));
        }

        return new HttpAnswer(204);
    }

    private static WireFault Missing() => new(404, "NoSuchKey", "The specified key does not exist.");

    private static string ContentTypeOf(ObjectRecord record) => record.Headers.GetValueOrDefault("content-type", "binary/octet-stream");

    private static List<(string Name, string Value)> Describe(ObjectRecord record) =>
    [
        ("etag", record.ETag),
        ("last-modified", S3Time.Http(record.LastModified)),
        ("accept-ranges", "bytes"),
        .. record.Headers.Where(header => header.Key != "content-type").Select(header => (header.Key, header.Value)),
        .. ProtectionHeaders(record.Protection),
    ];

    private static async Task<ObjectRecord?> TryReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize<ObjectRecord>(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private string PathOf(BucketRecord bucket, string key) => Path.Combine(buckets.ObjectsOf(bucket), NameOf(key) + ".json");

    // Between record and body somebody may put a new object in place; then the record is read once more.
    private async Task<(ObjectRecord Record, byte[] Stored)> ReadAsync(BucketRecord bucket, string key, CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            ObjectRecord record = await TryReadAsync(PathOf(bucket, key), cancellationToken).ConfigureAwait(false) ?? throw Missing();
            try
            {
                string body = Path.Combine(buckets.ObjectsOf(bucket), record.BodyName);
                return (record, await File.ReadAllBytesAsync(body, cancellationToken).ConfigureAwait(false));
            }
            catch (FileNotFoundException) when (attempt < 5)
            {
                await Task.Yield();
            }
        }
    }
}
