using System.Text;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>Makes bad input of good: cuts, repeats, splices, flips, and puts in what parsers trip over. The same seed makes the same.</summary>
internal sealed class Mutator(int seed)
{
    private const int Longest = 256 * 1024;
    private const int MostChanges = 6;

    /// <summary>What has broken parsers before: numbers at and beyond every border, escapes, nesting, bytes that are no UTF-8, ends of lines.</summary>
    private static readonly byte[][] s_tokens =
    [
        .. new[]
        {
            "null", "true", "-1", "0", "00", "1e999", "-0.0", "255", "256", "2147483648", "4294967295", "4294967296", "9223372036854775808", "18446744073709551616", "\"\"", "\"\\u0000\"",
            "\"\\ud800\"", "\"\\udc00\\ud800\"", "\\", "\"", "{}", "[]", "{\"a\":1,\"a\":2}", "[[[[[[[[", "}}}}", ",", ",,", ":", "/*", "//", "\r\n", "\r\n\r\n", "\n", "\t", "\0", "%", "%00", "%zz",
            "%c3%28", "+", "/", "=", "==", "====", ";", "&", "<", "<![CDATA[", "<!DOCTYPE a [<!ENTITY b \"c\">]>", "&b;", "..", "../", "2026-02-30T24:60:61Z", "9999-12-31T23:59:60.9999999999+99:99[UTC]",
            "0000-00-00T00:00:00Z", "[!u-ca=x]", "AWS4-HMAC-SHA256", "Credential=", "aws4_request", "\u202e", "\u2028", "\U0001F511", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0x80], [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
    ];

    /// <summary>What is harmless once, and not a thousand times.</summary>
    private static readonly byte[] s_runs = [.. "[{\"\\9 A\0"u8];

    private readonly Random _random = new(seed);

    /// <summary>A changed copy of one of the samples.</summary>
    internal byte[] Next(IReadOnlyList<byte[]> samples)
    {
        List<byte> bytes = [.. samples[_random.Next(samples.Count)]];
        for (int change = _random.Next(1, MostChanges + 1); change > 0; change--)
        {
            Change(bytes, samples);
        }

        return bytes.Count > Longest ? [.. bytes.Take(Longest)] : [.. bytes];
    }

    private void Change(List<byte> bytes, IReadOnlyList<byte[]> samples)
    {
        int place = _random.Next(bytes.Count + 1);
        int length = Math.Min(bytes.Count - place, _random.Next(1, 1 + _random.Next(1, 64)));
        switch (_random.Next(9))
        {
            case 0 when length > 0:
                bytes[place] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when length > 0:
                bytes[place] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(place, length);
                break;
            case 3:
                bytes.RemoveRange(place, bytes.Count - place);
                break;
            case 4:
                bytes.InsertRange(place, Enumerable.Repeat(bytes.GetRange(place, length), 1 + (1 << _random.Next(0, 12))).SelectMany(part => part).Take(Longest));
                break;
            case 5:
                byte[] other = samples[_random.Next(samples.Count)];
                int from = _random.Next(other.Length);
                bytes.InsertRange(place, other.AsSpan(from, _random.Next(other.Length - from)).ToArray());
                break;
            case 6:
                bytes.InsertRange(place, Enumerable.Repeat(s_runs[_random.Next(s_runs.Length)], 1 << _random.Next(0, 14)));
                break;
            case 7:
                ReplaceWord(bytes, place);
                break;
            default:
                bytes.InsertRange(place, s_tokens[_random.Next(s_tokens.Length)]);
                break;
        }
    }

    // A whole value gives way to a token: what stays well formed gets furthest.
    private void ReplaceWord(List<byte> bytes, int place)
    {
        static bool Ends(byte value) => value is (byte)',' or (byte)':' or (byte)'{' or (byte)'}' or (byte)'[' or (byte)']' or (byte)';' or (byte)'&' or (byte)'=' or (byte)'/' or (byte)'\n';
        int start = place;
        while (start > 0 && !Ends(bytes[start - 1]))
        {
            start--;
        }

        int end = place;
        while (end < bytes.Count && !Ends(bytes[end]))
        {
            end++;
        }

        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, s_tokens[_random.Next(s_tokens.Length)]);
    }
}
