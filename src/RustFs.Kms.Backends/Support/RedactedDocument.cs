using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Support;

/// <summary>One document, line after line: some secrets go over several.</summary>
internal sealed partial class RedactedDocument(Redactor redactor)
{
    /// <summary>A private key of any size is shorter than that; whoever writes only the first line of one does not hide the rest of the log.</summary>
    private const int LongestSecret = 1000;

    private const string Continued = "[redacted: continued]";

    private Opening? _open;
    private (int Indent, bool All)? _manifest;

    private enum Kind
    {
        PrivateKey,
        Bracket,
        Quote,
        Block,
        Children,
        NextLine,
    }

    /// <summary>The next line, without the secrets in it.</summary>
    internal string Next(string line)
    {
        if (_open is { } open && Inside(open, line) is { } inside)
        {
            return inside;
        }

        if (InManifest(line) is { } value)
        {
            return value;
        }

        string text = redactor.RedactLine(line);
        try
        {
            Begin(line);
        }
        catch (RegexMatchTimeoutException)
        {
            return redactor.Tangled();
        }

        return text;
    }

    /// <summary>Takes note of what begins in a line and goes on in the next ones.</summary>
    private void Begin(string line)
    {
        string plain = RedactionRules.Plain(line);
        if (BeginsPrivateKey().IsMatch(plain) && !EndsPrivateKey().IsMatch(plain))
        {
            _open = new Opening(Kind.PrivateKey);
        }
        else if (RedactionRules.Continuation(plain) is { Success: true } match && !RedactionRules.IsHarmless(match.Groups["n"].Value))
        {
            _open = match.Groups["o"].Value switch
            {
                "[" => new Opening(Kind.Bracket, '[', ']'),
                "{" => new Opening(Kind.Bracket, '{', '}'),
                "(" => new Opening(Kind.Bracket, '(', ')'),
                "\"" => new Opening(Kind.Quote, End: '"'),
                "'" => new Opening(Kind.Quote, End: '\''),
                "|" or ">" => new Opening(Kind.Block) { Indent = match.Groups["i"].Length },
                "" => new Opening(Kind.Children) { Indent = match.Groups["i"].Length },
                _ => new Opening(Kind.NextLine),
            };
        }
        else if (RedactionRules.ManifestData(plain) is { Success: true } data)
        {
            _manifest = (data.Groups["i"].Length, data.Groups["k"].Value == "stringData");
        }
    }

    private static int IndentOf(string line) => line.Length - line.AsSpan().TrimStart().Length;

    /// <summary>What becomes of a line inside of something secret; null when it is no part of it any more.</summary>
    private string? Inside(Opening open, string line)
    {
        if (++open.Lines >= LongestSecret)
        {
            _open = null;
            return null;
        }

        switch (open.Kind)
        {
            case Kind.PrivateKey:
                _open = line.Contains("-----END", StringComparison.Ordinal) ? null : open;
                return Hide(line);
            case Kind.NextLine:
                _open = null;
                return Hide(line);
            case Kind.Block when string.IsNullOrWhiteSpace(line):
                return line;
            case Kind.Block when IndentOf(line) > open.Indent:
                return Hide(line);
            case Kind.Children when IsItem(line, open.Indent):
                return Hide(line);
            case Kind.Block or Kind.Children:
                _open = null;
                return null;
            case Kind.Bracket or Kind.Quote:
            default:
                int close = CloseIn(open, line);
                if (close < 0)
                {
                    return Hide(line);
                }

                _open = null;
                _ = redactor.Mark("continued", line);
                return Continued + redactor.RedactLine(line[close..]);
        }
    }

    /// <summary>Whether a line holds a text, or an item of a list, below a name; what has a name of its own is judged by that.</summary>
    private static bool IsItem(string line, int indent)
    {
        string text = line.Trim();
        bool item = text.StartsWith("- ", StringComparison.Ordinal);
        return text.Length > 0 && (item ? IndentOf(line) >= indent : IndentOf(line) > indent) && !Named().IsMatch(text);
    }

    /// <summary>Where the secret ends in this line; below 0 when it does not.</summary>
    private static int CloseIn(Opening open, string line)
    {
        for (int index = 0; index < line.Length; index++)
        {
            char letter = line[index];
            if (open.Kind == Kind.Quote && letter == '\\' && open.End == '"')
            {
                index++;
                continue;
            }

            open.Depth += letter == open.End ? -1 : letter == open.Begin ? 1 : 0;
            if (open.Depth == 0)
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>The values of a Kubernetes secret are secret whatever their names; those of a config map are not in Base64.</summary>
    private string? InManifest(string line)
    {
        if (_manifest is not { } manifest || string.IsNullOrWhiteSpace(line))
        {
            return null;
        }

        if (IndentOf(line) <= manifest.Indent)
        {
            _manifest = null;
            return null;
        }

        if (RedactionRules.ManifestValue(line) is not { Success: true } match)
        {
            return manifest.All ? Hide(line) : null;
        }

        Group value = match.Groups["s"];
        string text = value.Value.Trim('"', '\'');
        return manifest.All || RedactionRules.IsBase64(text)
            ? string.Concat(line.AsSpan(0, value.Index), redactor.Mark("data", text))
            : null;
    }

    private string Hide(string line)
    {
        _ = redactor.Mark("continued", line);
        return Continued;
    }

    [GeneratedRegex(@"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY", RegexOptions.CultureInvariant)]
    private static partial Regex BeginsPrivateKey();

    [GeneratedRegex(@"-----END [A-Z0-9 ]{0,60}PRIVATE KEY", RegexOptions.CultureInvariant)]
    private static partial Regex EndsPrivateKey();

    [GeneratedRegex(@"\A(?:-\s+)?[""']?[\w./-]+[""']?(?::(?:\s|\z)|=)", RegexOptions.CultureInvariant)]
    private static partial Regex Named();

    /// <summary>Something secret that has begun, and how it ends.</summary>
    private sealed record Opening(Kind Kind, char Begin = '\0', char End = '\0')
    {
        internal int Indent { get; init; }

        internal int Depth { get; set; } = 1;

        internal int Lines { get; set; }
    }
}
