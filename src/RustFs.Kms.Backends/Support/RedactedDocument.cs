using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Support;

/// <summary>One document, line after line: some secrets go over several.</summary>
internal sealed partial class RedactedDocument(Redactor redactor)
{
    /// <summary>A private key of any size is shorter than that; whoever writes only the first line of one does not hide the rest of the log.</summary>
    private const int LongestSecret = 1000;

    private string? _end;
    private string? _begin;
    private int _depth;
    private int _lines;

    /// <summary>The next line, without the secrets in it.</summary>
    internal string Next(string line)
    {
        if (_end is not null)
        {
            return Inside(line);
        }

        string text = redactor.RedactLine(line);
        if (line.Contains("-----BEGIN ", StringComparison.Ordinal) && BeginsPrivateKey().IsMatch(line) && !EndsPrivateKey().IsMatch(line))
        {
            (_end, _begin, _depth, _lines) = ("-----END", null, 0, 0);
        }
        else if (RedactionRules.Opening(line) is { Success: true } open && !RedactionRules.IsHarmless(open.Groups["n"].Value))
        {
            // "plaintext": [ and the numbers in the lines that follow
            (_begin, _end) = open.Groups["o"].Value == "[" ? ("[", "]") : ("{", "}");
            (_depth, _lines) = (1, 0);
        }

        return text;
    }

    private string Inside(string line)
    {
        _lines++;
        int close = CloseIn(line);
        if (close < 0 && _lines < LongestSecret)
        {
            _ = redactor.Mark("continued", line);
            return "[redacted: continued]";
        }

        string? begin = _begin;
        _end = null;
        _begin = null;
        if (close < 0)
        {
            return redactor.RedactLine(line);
        }

        _ = redactor.Mark("continued", line);
        return begin is null ? "[redacted: continued]" : "[redacted: continued]" + redactor.RedactLine(line[close..]);
    }

    /// <summary>Where the secret ends in this line; below 0 when it does not.</summary>
    private int CloseIn(string line)
    {
        if (_begin is null)
        {
            return line.IndexOf(_end!, StringComparison.Ordinal);
        }

        for (int index = 0; index < line.Length; index++)
        {
            _depth += line[index] == _begin[0] ? 1 : line[index] == _end![0] ? -1 : 0;
            if (_depth == 0)
            {
                return index;
            }
        }

        return -1;
    }

    [GeneratedRegex(@"-----BEGIN [A-Z0-9 ]*PRIVATE KEY", RegexOptions.CultureInvariant)]
    private static partial Regex BeginsPrivateKey();

    [GeneratedRegex(@"-----END [A-Z0-9 ]*PRIVATE KEY", RegexOptions.CultureInvariant)]
    private static partial Regex EndsPrivateKey();
}
