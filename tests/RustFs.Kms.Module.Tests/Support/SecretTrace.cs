using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;
using RustFs.Kms.Console;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>Everything that a session said, showed and left behind, searched for a secret in whatever form.</summary>
internal sealed partial class SecretTrace
{
    private const int Telling = 8;

    private readonly StringBuilder _seen = new();

    internal string Text => _seen.ToString();

    /// <summary>Takes in every stream of a run, as text and as what a file or another process would get of it.</summary>
    internal void Add(HostRun run)
    {
        Add(run.Text);
        Add(run.StandardErrorText);
        foreach (object record in (IEnumerable<object>)[.. run.Output, .. run.Warnings, .. run.Verbose, .. run.Debug, .. run.Information, .. run.Progress])
        {
            AddObject(record);
        }

        foreach (ErrorRecord error in run.Errors)
        {
            AddError(error);
        }
    }

    /// <summary>Takes in what $Error holds, which is more than a run's own errors.</summary>
    internal void AddErrorVariable(KmsSession session) => AddErrors(session.Require("$Error"));

    /// <summary>Takes in errors as a script may hold them: records, exceptions.</summary>
    internal void AddErrors(IEnumerable<PSObject> errors)
    {
        foreach (PSObject item in errors)
        {
            AddObject(item);
            if (item.BaseObject is ErrorRecord error)
            {
                AddError(error);
            }
        }
    }

    /// <summary>Takes in the files of a directory, as they are.</summary>
    internal void AddFiles(string directory)
    {
        foreach (string path in OpenFiles.In(directory))
        {
            AddFile(path);
        }
    }

    /// <summary>Takes in a file, as it is.</summary>
    internal void AddFile(string path)
    {
        byte[] bytes = OpenFiles.Read(path);
        Add(path);
        Add(Encoding.Latin1.GetString(bytes));
        Add(Encoding.Unicode.GetString(bytes));
    }

    internal void Add(string text) => _seen.AppendLine(text);

    internal void AddObject(object item)
    {
        Add(item.ToString() ?? string.Empty);
        if (item is PSObject { BaseObject: ErrorRecord })
        {
            return; // AddError has more of it
        }

        Add(PSSerializer.Serialize(item, depth: 3));
        foreach (PSPropertyInfo property in PSObject.AsPSObject(item).Properties)
        {
            object? value = Try(() => property.Value);
            Add($"{property.Name}: {value}");
            if (value is IEnumerable list and not string)
            {
                Add(string.Join(' ', list.Cast<object?>()));
            }
        }
    }

    /// <summary>The form in which the secret is in there; null when it is not.</summary>
    internal string? Find(byte[] secret)
    {
        string text = Text;
        string compact = Whitespace().Replace(text, string.Empty); // a narrow host breaks long values into lines
        foreach ((string form, string value) in FormsOf(secret))
        {
            if (text.Contains(value, StringComparison.OrdinalIgnoreCase) || compact.Contains(value, StringComparison.OrdinalIgnoreCase))
            {
                return form;
            }
        }

        string numbers = $",{string.Join(',', Number().Matches(text).Select(match => match.Value))},";
        string hexadecimal = $",{string.Join(',', HexadecimalNumber().Matches(text).Select(match => match.Groups[1].Value))},";
        return numbers.Contains($",{string.Join(',', secret.Take(Telling))},", StringComparison.Ordinal) ? "numbers"
            : hexadecimal.Contains($",{string.Join(',', secret.Take(Telling).Select(value => value.ToString("X2", CultureInfo.InvariantCulture)))},", StringComparison.OrdinalIgnoreCase) ? "hexadecimal numbers"
            : null;
    }

    /// <summary>
    /// The first of several secrets that is in there, and its form; null when none is. Looks also where escapes of JSON, XML and addresses were
    /// undone.
    /// </summary>
    internal string? FindAny(IReadOnlyDictionary<string, byte[]> secrets)
    {
        (string Secret, string Form, string Value)[] all = [.. secrets.SelectMany(secret => FormsOf(secret.Value).Select(form => (secret.Key, form.Form, form.Value)))];
        var search = SearchValues.Create([.. all.Select(item => item.Value)], StringComparison.OrdinalIgnoreCase);
        string unescaped = JsonEscape().Replace(Text, match => match.Groups["hex"] is { Success: true } hex ? ((char)int.Parse(hex.ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString() : match.Value[1..]);
        foreach (string text in (string[])[Text, Whitespace().Replace(Text, string.Empty), unescaped, Uri.UnescapeDataString(Text), System.Net.WebUtility.HtmlDecode(Text)])
        {
            int place = text.AsSpan().IndexOfAny(search);
            if (place >= 0)
            {
                (string secret, string form, _) = all.First(item => text.AsSpan(place).StartsWith(item.Value, StringComparison.OrdinalIgnoreCase));
                return $"{secret} as {form}";
            }
        }

        string numbers = $",{string.Join(',', Number().Matches(Text).Select(match => match.Value))},";
        return secrets.Where(secret => numbers.Contains($",{string.Join(',', secret.Value.Take(Telling))},", StringComparison.Ordinal)).Select(secret => $"{secret.Key} as numbers").FirstOrDefault();
    }

    /// <summary>A secret as text in every usual spelling. Of the long ones the start is enough.</summary>
    internal static IEnumerable<(string Form, string Value)> FormsOf(byte[] secret)
    {
        byte[] wide = Encoding.Unicode.GetBytes(Encoding.Latin1.GetString(secret));
        yield return ("Latin-1", Encoding.Latin1.GetString(secret));
        yield return ("UTF-8", Encoding.UTF8.GetString(secret));
        yield return ("UTF-16 bytes", Encoding.Latin1.GetString(wide));
        yield return ("UTF-16 bytes, big end first", Encoding.Latin1.GetString(Encoding.BigEndianUnicode.GetBytes(Encoding.Latin1.GetString(secret))));
        yield return ("an address's part", Uri.EscapeDataString(Encoding.Latin1.GetString(secret)));
        yield return ("JSON", System.Text.Json.JsonEncodedText.Encode(Encoding.Latin1.GetString(secret)).ToString());
        yield return ("backwards", string.Concat(Encoding.Latin1.GetString(secret).Reverse()));
        yield return ("hexadecimal", Convert.ToHexString(secret.AsSpan(0, Telling)));
        yield return ("hexadecimal with dashes", BitConverter.ToString(secret, 0, Telling));
        yield return ("hexadecimal of UTF-16", Convert.ToHexString(wide.AsSpan(0, 2 * Telling)));
        foreach (byte[] bytes in (byte[][])[secret, wide])
        {
            // Base64 of something longer that starts zero, one or two bytes before; without the characters the rest has a part in.
            for (int shift = 0; shift < 3; shift++)
            {
                string base64 = Convert.ToBase64String([.. new byte[shift], .. bytes.Take(bytes.Length - ((bytes.Length + shift) % 3))]);
                yield return ($"Base64 at {shift}", base64[(shift == 0 ? 0 : 4)..]);
                yield return ($"Base64 for addresses at {shift}", base64[(shift == 0 ? 0 : 4)..].Replace('+', '-').Replace('/', '_'));
            }
        }
    }

    private static object? Try(Func<object?> get)
    {
        try
        {
            return get();
        }
        catch (GetValueException exception)
        {
            return exception;
        }
    }

    private void AddError(ErrorRecord error)
    {
        Add($"{error} {error.FullyQualifiedErrorId} {error.CategoryInfo} {error.TargetObject} {error.ScriptStackTrace}");
        Add($"{error.ErrorDetails?.Message} {error.ErrorDetails?.RecommendedAction} {error.InvocationInfo?.PositionMessage}");
        Add(PSSerializer.Serialize(error, depth: 2)); // deeper, it is the module with all its commands; the exception follows as deep as the rest
        for (Exception? exception = error.Exception; exception is not null; exception = exception.InnerException)
        {
            Add(exception.ToString());
            Add(string.Join(' ', exception.Data.Cast<DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}")));
            AddObject(exception);
        }
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();

    [GeneratedRegex(@"\\(?:u(?<hex>[0-9a-fA-F]{4})|[""\\/])")]
    private static partial Regex JsonEscape();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();

    [GeneratedRegex("(?:0x|\\b)([0-9a-fA-F]{2})\\b")]
    private static partial Regex HexadecimalNumber();
}
