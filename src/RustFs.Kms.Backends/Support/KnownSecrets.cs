using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

namespace RustFs.Kms.Backends.Support;

/// <summary>
/// Secrets that are known, such as those of the open connections, in every form in which a text may hold them: as they are, escaped for
/// JSON, XML and addresses, in Base64 (also as a part of something longer), in hexadecimal, as numbers, and all of that of their UTF-16
/// form. The forms live in buffers that are wiped.
/// </summary>
internal sealed class KnownSecrets : IDisposable
{
    /// <summary>The shortest secret that is looked for, in bytes: shorter ones are words, and would take half of a log with them.</summary>
    internal const int Shortest = 6;

    private readonly List<(char[] Form, int Secret)> _forms = [];
    private readonly List<KmsSecret> _secrets = [];

    /// <summary>How many secrets are looked for.</summary>
    internal int Count => _secrets.Count;

    /// <summary>How many were given that are too short to be looked for.</summary>
    internal int TooShort { get; private set; }

    /// <summary>Takes in a secret; it is copied.</summary>
    internal void Add(KmsSecret secret)
    {
        using KmsSecret.Loan loan = secret.Lend();
        Add(loan.Bytes);
    }

    /// <summary>Takes in a secret; it is copied.</summary>
    internal void Add(ReadOnlySpan<byte> secret)
    {
        if (secret.Length < Shortest)
        {
            TooShort += secret.IsEmpty ? 0 : 1;
            return;
        }

        foreach (KmsSecret known in _secrets)
        {
            if (known.Bytes.SequenceEqual(secret))
            {
                return;
            }
        }

        int index = _secrets.Count;
        _secrets.Add(KmsSecret.CopyOf(secret));
        string text = Encoding.UTF8.GetString(secret); // a working copy; it does not outlive this method's caller's garbage
        foreach (string form in FormsOf(secret.ToArray(), text).Distinct())
        {
            char[] pinned = GC.AllocateArray<char>(form.Length, pinned: true);
            form.CopyTo(pinned);
            _forms.Add((pinned, index));
        }

        _forms.Sort((left, right) => right.Form.Length.CompareTo(left.Form.Length)); // of overlapping forms the longer one
    }

    /// <summary>The text with every form of every secret replaced.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mark">Makes what is put in place of a secret.</param>
    internal string Replace(string text, Func<KmsSecret, string> mark)
    {
        foreach ((char[] form, int secret) in _forms)
        {
            int at = text.AsSpan().IndexOf(form);
            if (at < 0)
            {
                continue;
            }

            string place = mark(_secrets[secret]);
            var replaced = new StringBuilder(text.Length);
            int from = 0;
            for (; at >= 0; at = text.AsSpan(from).IndexOf(form) is var next and >= 0 ? from + next : -1)
            {
                _ = replaced.Append(text, from, at - from).Append(place);
                from = at + form.Length;
            }

            text = replaced.Append(text, from, text.Length - from).ToString();
        }

        return text;
    }

    public void Dispose()
    {
        foreach ((char[] form, _) in _forms)
        {
            CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(form.AsSpan()));
        }

        _forms.Clear();
        _secrets.ForEach(secret => secret.Dispose());
        _secrets.Clear();
    }

    private static IEnumerable<string> FormsOf(byte[] secret, string text)
    {
        yield return text;
        yield return JavaScriptEncoder.Default.Encode(text);
        yield return JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text);
        yield return text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal);
        yield return System.Security.SecurityElement.Escape(text);
        yield return System.Net.WebUtility.HtmlEncode(text);
        string percent = Uri.EscapeDataString(text);
        yield return percent;
        yield return LowerPercent(percent);
        yield return System.Net.WebUtility.UrlEncode(text);
        foreach (byte[] bytes in (byte[][])[secret, Encoding.Unicode.GetBytes(text)])
        {
            string upper = Convert.ToHexString(bytes);
            string lower = upper.ToLowerInvariant();
            yield return upper;
            yield return lower;
            foreach (char separator in "-: ")
            {
                yield return string.Join(separator, upper.Chunk(2).Select(pair => new string(pair)));
                yield return string.Join(separator, lower.Chunk(2).Select(pair => new string(pair)));
            }

            foreach (string separator in (string[])[",", ", ", " "])
            {
                yield return string.Join(separator, bytes.Select(value => value.ToString(CultureInfo.InvariantCulture)));
                yield return string.Join(separator, bytes.Select(value => $"0x{value:x2}"));
                yield return string.Join(separator, bytes.Select(value => $"0x{value:X2}"));
            }

            // Base64 of something longer that starts zero, one or two bytes before; without the characters that the rest has a part in.
            for (int shift = 0; shift < 3; shift++)
            {
                int whole = bytes.Length - ((bytes.Length + shift) % 3);
                string base64 = Convert.ToBase64String([.. new byte[shift], .. bytes.Take(whole)])[(shift == 0 ? 0 : 4)..];
                if (base64.Length >= 8)
                {
                    yield return base64;
                    yield return base64.Replace('+', '-').Replace('/', '_');
                    yield return base64.Replace("/", "\\/", StringComparison.Ordinal);
                    yield return Uri.EscapeDataString(base64);
                    yield return JavaScriptEncoder.Default.Encode(base64);
                }
            }
        }
    }

    private static string LowerPercent(string text)
    {
        char[] lower = text.ToCharArray();
        for (int index = 0; index + 2 < lower.Length; index++)
        {
            if (lower[index] == '%')
            {
                lower[index + 1] = char.ToLowerInvariant(lower[index + 1]);
                lower[index + 2] = char.ToLowerInvariant(lower[index + 2]);
            }
        }

        return new string(lower);
    }
}
