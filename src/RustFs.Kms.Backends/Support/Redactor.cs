using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Support;

/// <summary>
/// Takes secrets out of text. In the place of each stands what it was and a tag, such as <c>[redacted:token#1f2e3d4c]</c>: within one
/// redactor the same secret has the same tag, so that one still sees whether two requests had the same key. The tag comes from a random
/// key that nobody keeps, so it tells nothing else.
/// </summary>
internal sealed class Redactor : IDisposable
{
    private readonly KmsSecret _tagKey = KmsSecret.Random(32);

    /// <summary>The secrets that are looked for by what they are, not by where they stand.</summary>
    internal KnownSecrets Known { get; } = new();

    /// <summary>How many were taken out so far.</summary>
    internal long Count { get; private set; }

    public void Dispose()
    {
        Known.Dispose();
        _tagKey.Dispose();
    }

    /// <summary>A text of one or more lines, without the secrets in it.</summary>
    internal string Redact(string text)
    {
        var document = new RedactedDocument(this);
        return string.Join('\n', text.Split('\n').Select(line => document.Next(line)));
    }

    /// <summary>One line by itself.</summary>
    internal string RedactLine(string line)
    {
        string text;
        try
        {
            text = Known.Replace(RedactionRules.Plain(line), secret => Mark("secret", secret.Bytes));
            bool named = RedactionRules.MayName(text);
            foreach (RedactionRule rule in RedactionRules.Table)
            {
                if ((named || !rule.ByName) && rule.MayMatch(text))
                {
                    text = rule.Pattern.Replace(text, match => Replace(rule, match));
                }
            }
        }
        catch (RegexMatchTimeoutException)
        {
            return Tangled();
        }

        return text;
    }

    /// <summary>What stands in the place of a line that was made to be slow: nobody knows what is in it.</summary>
    internal string Tangled()
    {
        Count++;
        return "[redacted: a line that is too tangled to be searched]";
    }

    /// <summary>What stands in a secret's place.</summary>
    internal string Mark(string name, ReadOnlySpan<byte> secret)
    {
        Count++;
        Span<byte> tag = stackalloc byte[HMACSHA256.HashSizeInBytes];
        _ = HMACSHA256.HashData(_tagKey.Bytes, secret, tag);
        return $"[redacted:{name}#{Convert.ToHexString(tag[..4]).ToLowerInvariant()}]";
    }

    internal string Mark(string name, string secret) => Mark(name, Encoding.UTF8.GetBytes(secret));

    private string Replace(RedactionRule rule, Match match)
    {
        Group secret = match.Groups["s"];
        string value = secret.Value;
        if (RedactionRules.IsHarmlessValue(value) || (match.Groups["n"] is { Success: true } name && RedactionRules.IsHarmless(name.Value)))
        {
            return match.Value;
        }

        // What earlier rules put there stays; the rest goes.
        int start = secret.Index - match.Index;
        return string.Concat(match.Value.AsSpan(0, start), Mark(rule.Name, value.Trim('"', '\'')), match.Value.AsSpan(start + secret.Length));
    }
}
