using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>The texts that Signature Version 4 is made of, written from their description: no SDK has a hand in it.</summary>
internal static partial class SigV4Canonical
{
    internal const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The path decoded once and encoded once; null when an escape in it is broken.</summary>
    internal static string? TryPath(string rawPath) =>
        PercentCoding.TryDecode(rawPath) is { } bytes ? PercentCoding.Encode(bytes, keepSlash: true) : null;

    /// <summary>The pairs of the query, encoded anew and sorted by name.</summary>
    internal static string Query(FormQuery query, string? without = null) => string.Join('&', query.Pairs
        .Select(pair => (Name: PercentCoding.Encode(pair.Name, keepSlash: false), Value: PercentCoding.Encode(pair.Value, keepSlash: false)))
        .Where(pair => pair.Name != without)
        .OrderBy(pair => pair.Name, StringComparer.Ordinal)
        .Select(pair => $"{pair.Name}={pair.Value}"));

    /// <summary>The canonical request. A header that was named and not sent is dropped.</summary>
    internal static string Request(HttpCall call, string path, string query, IEnumerable<string> signedHeaders, string payload)
    {
        var text = new StringBuilder();
        text.Append(call.Method).Append('\n').Append(path).Append('\n').Append(query).Append('\n');
        var present = new List<string>();
        foreach (string name in signedHeaders)
        {
            string[] values = [.. call.HeaderValues(name).Select(value => Blanks().Replace(value.Trim(), " "))];
            if (values.Length > 0)
            {
                present.Add(name);
                text.Append(name).Append(':').AppendJoin(',', values).Append('\n');
            }
        }

        return text.Append('\n').AppendJoin(';', present).Append('\n').Append(payload).ToString();
    }

    internal static string StringToSign(string timestamp, string scope, string canonicalRequest) =>
        $"{Algorithm}\n{timestamp}\n{scope}\n{Sha256Hex(Encoding.UTF8.GetBytes(canonicalRequest))}";

    /// <summary>The key that signs, which the caller wipes.</summary>
    internal static KmsSecret SigningKey(KmsSecret secretKey, string date, string region, string service)
    {
        using KmsSecret.Loan secret = secretKey.Lend();
        using var start = KmsSecret.OfLength(secret.Bytes.Length + 4);
        "AWS4"u8.CopyTo(start.Bytes);
        secret.Bytes.CopyTo(start.Bytes[4..]);
        using KmsSecret dateKey = Next(start, date);
        using KmsSecret regionKey = Next(dateKey, region);
        using KmsSecret serviceKey = Next(regionKey, service);
        return Next(serviceKey, "aws4_request");
    }

    internal static string Sign(KmsSecret signingKey, string stringToSign) =>
        HexText.Lower(HMACSHA256.HashData(signingKey.Bytes, Encoding.UTF8.GetBytes(stringToSign)));

    internal static string Sha256Hex(ReadOnlySpan<byte> bytes) => HexText.Lower(SHA256.HashData(bytes));

    internal static bool AreEqual(string expected, string given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(given));

    private static KmsSecret Next(KmsSecret key, string text)
    {
        KmsSecret next = KmsSecret.OfLength(HMACSHA256.HashSizeInBytes);
        _ = HMACSHA256.HashData(key.Bytes, Encoding.UTF8.GetBytes(text), next.Bytes);
        return next;
    }

    [GeneratedRegex(" {2,}")]
    private static partial Regex Blanks();
}
