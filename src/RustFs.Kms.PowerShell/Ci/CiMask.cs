using System.Security;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The texts under which a secret can get into a log. Agents mask exact texts only, and line by line, so every line of the secret is one,
/// and so is every encoding of the whole and of each line.
/// </summary>
internal static class CiMask
{
    /// <summary>Shorter texts are not masked: they would be found everywhere.</summary>
    internal const int MinimumLength = 4;

    /// <summary>The texts to mask, the longest first, and how many values or lines are too short for it.</summary>
    /// <param name="secret">The secret.</param>
    internal static (IReadOnlyList<string> Texts, int TooShort) Of(SecureString secret)
    {
        // Strings, because the host takes nothing else. They are what goes to the agent in clear, and to nobody else.
        using KmsSecret bytes = KmsSecret.FromSecureString(secret);
        using KmsSecret.Loan loan = bytes.Lend();
        string whole = Encoding.UTF8.GetString(loan.Bytes);
        string[] lines = whole.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        int tooShort = lines.Length == 0 ? 1 : lines.Count(line => line.Length < MinimumLength);
        string[] values = [.. lines.Append(whole).Where(value => value.Length >= MinimumLength).Distinct(StringComparer.Ordinal)];
        IEnumerable<string> texts = values.SelectMany(Encodings).Where(text => text.Length >= MinimumLength && !text.AsSpan().ContainsAny('\r', '\n'));
        return ([.. texts.Distinct(StringComparer.Ordinal).OrderByDescending(text => text.Length)], tooShort);
    }

    private static IEnumerable<string> Encodings(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        try
        {
            string base64 = Convert.ToBase64String(bytes);
            string hex = Convert.ToHexString(bytes);
            string url = Uri.EscapeDataString(value);
            return
            [
                value,
                base64, base64.TrimEnd('='), base64.Replace('+', '-').Replace('/', '_'), base64.TrimEnd('=').Replace('+', '-').Replace('/', '_'),
                hex, hex.ToLowerInvariant(), BitConverter.ToString(bytes),
                url, LowerEscapes(url), url.Replace("%20", "+", StringComparison.Ordinal),
            ];
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>The same address with its escapes in lower case, as some write them.</summary>
    private static string LowerEscapes(string url)
    {
        char[] characters = url.ToCharArray();
        for (int index = 0; index + 2 < characters.Length; index++)
        {
            if (characters[index] == '%')
            {
                characters[index + 1] = char.ToLowerInvariant(characters[index + 1]);
                characters[index + 2] = char.ToLowerInvariant(characters[index + 2]);
            }
        }

        return new string(characters);
    }
}
