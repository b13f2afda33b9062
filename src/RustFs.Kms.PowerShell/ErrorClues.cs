using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>All that an error tells about itself, whoever made it and in whatever form it comes.</summary>
internal sealed partial record ErrorClues
{
    /// <summary>Its text, and the texts of what caused it.</summary>
    internal required string Text { get; init; }

    /// <summary>The text's words that may be codes, in their own case.</summary>
    internal IReadOnlySet<string> Words { get; private init; } = new HashSet<string>();

    /// <summary>Our code.</summary>
    internal KmsErrorCode? Code { get; init; }

    /// <summary>What is wrong with a key record.</summary>
    internal KmsKeyFault? Fault { get; init; }

    /// <summary>The code of the server or the SDK.</summary>
    internal string? ServerCode { get; init; }

    /// <summary>The HTTP status.</summary>
    internal int? Status { get; init; }

    /// <summary>The id under which the server logged the request.</summary>
    internal string? RequestId { get; init; }

    /// <summary>The key that it is about.</summary>
    internal string? KeyId { get; init; }

    /// <summary>What the record recommends.</summary>
    internal string? Recommendation { get; init; }

    /// <summary>The clues of an error record, an exception, a text, or of what was one of them in another session; null for anything else.</summary>
    internal static ErrorClues? Of(object? item)
    {
        object? inner = item is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : item;
        return inner switch
        {
            ErrorRecord record => Of(record),
            IContainsErrorRecord { ErrorRecord: { } record } and Exception exception => Of(record) with { Text = TextOf(exception) },
            Exception exception => Of(exception),
            string text => Of(text),
            _ when item is PSObject { Properties: var properties } && properties["FullyQualifiedErrorId"]?.Value is { } id =>
                Of(Convert.ToString(properties["Exception"]?.Value, CultureInfo.InvariantCulture) ?? string.Empty) with { Code = CodeOf(Convert.ToString(id, CultureInfo.InvariantCulture)) },
            _ => null,
        };
    }

    /// <summary>The clues in a text that was pasted: an answer of a server's, a line of a log, what a tool printed.</summary>
    internal static ErrorClues Of(string text)
    {
        int? status = StatusIn(text);
        (KmsErrorCode? code, KmsKeyFault fault, string? serverCode, string? message, string? requestId) = KmsBackends.ReadRefusal(BodyIn(text), status);
        Match tool = ToolCode().Match(text);
        return new ErrorClues
        {
            Text = Joined([text, message]),
            Words = WordsOf(text),
            Code = CodeOf(text) ?? code,
            Fault = fault == KmsKeyFault.None ? null : fault,
            ServerCode = serverCode ?? (tool.Success ? tool.Groups[1].Value : null),
            Status = status,
            RequestId = requestId ?? (RequestIdText().Match(text) is { Success: true } id ? id.Groups[1].Value : null),
        };
    }

    private static ErrorClues Of(ErrorRecord record)
    {
        ErrorClues clues = Of(record.Exception);
        string shown = record.ErrorDetails?.Message ?? string.Empty;
        return clues with
        {
            Text = Joined([clues.Text, shown]),
            Code = clues.Code ?? CodeOf(record.FullyQualifiedErrorId),
            Recommendation = record.ErrorDetails?.RecommendedAction is { Length: > 0 } advice ? advice : null,
            KeyId = clues.KeyId ?? (clues.Code is KmsErrorCode.KmsKeyNotFound or KmsErrorCode.KmsKeyDamaged or KmsErrorCode.KmsPreconditionFailed or KmsErrorCode.KmsKeyStillReferenced
                ? record.TargetObject as string
                : null),
        };
    }

    private static ErrorClues Of(Exception exception)
    {
        KmsException? own = Causes(exception).OfType<KmsException>().FirstOrDefault();
        string text = TextOf(exception);
        ErrorClues read = Of(text);
        if (own is not null)
        {
            return read with
            {
                Code = own.Code,
                Fault = own.Fault == KmsKeyFault.None ? null : own.Fault,
                ServerCode = null,
                Status = own.HttpStatus,
                RequestId = own.RequestId,
            };
        }

        // The SDK's exceptions have these; its types are not ours to name.
        Exception? service = Causes(exception).FirstOrDefault(cause => Property(cause, "ErrorCode") is string && Property(cause, "StatusCode") is not null);
        return service is null ? read : read with
        {
            ServerCode = Property(service, "ErrorCode") as string,
            Status = Property(service, "StatusCode") is { } status ? Convert.ToInt32(status, CultureInfo.InvariantCulture) : read.Status,
            RequestId = Property(service, "RequestId") as string ?? read.RequestId,
        };
    }

    private static object? Property(Exception exception, string name) => exception.GetType().GetProperty(name)?.GetValue(exception);

    private static string TextOf(Exception exception) => Joined(Causes(exception).Select(cause => cause.Message));

    /// <summary>Texts as lines, each thing said once: what another text says too is left out.</summary>
    private static string Joined(IEnumerable<string?> texts)
    {
        var lines = new List<string>();
        foreach (string text in texts.OfType<string>())
        {
            if (!lines.Any(line => line.Contains(text, StringComparison.Ordinal)))
            {
                lines.RemoveAll(line => text.Contains(line, StringComparison.Ordinal));
                lines.Add(text);
            }
        }

        return string.Join('\n', lines);
    }

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }

    private static HashSet<string> WordsOf(string text) => [.. Word().Matches(text).Select(match => match.Value)];

    /// <summary>One of our ids, as records show them: alone, or before the class of a cmdlet.</summary>
    private static KmsErrorCode? CodeOf(string? text) =>
        OwnId().Match(text ?? string.Empty) is { Success: true } match && Enum.TryParse(match.Value, out KmsErrorCode code) ? code : null;

    private static int? StatusIn(string text) =>
        StatusText().Match(text) is { Success: true } match ? int.Parse(match.Groups.Values.Skip(1).First(group => group.Success).Value, CultureInfo.InvariantCulture) : null;

    /// <summary>The part of a text that looks like a body: from the first brace or the XML's start on.</summary>
    private static string BodyIn(string text)
    {
        int start = BodyStart().Match(text) is { Success: true } match ? match.Index : 0;
        int end = text[start..] switch
        {
            ['{', ..] => text.LastIndexOf('}') + 1,
            ['<', ..] => text.LastIndexOf('>') + 1,
            _ => text.Length,
        };
        return end > start ? text[start..end] : text;
    }

    [GeneratedRegex(@"\bKms[A-Z][A-Za-z]+\b", RegexOptions.CultureInvariant)]
    private static partial Regex OwnId();

    [GeneratedRegex(@"[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)?", RegexOptions.CultureInvariant)]
    private static partial Regex Word();

    [GeneratedRegex(@"An error occurred \(([\w.]+)\)", RegexOptions.CultureInvariant)]
    private static partial Regex ToolCode();

    [GeneratedRegex(@"HTTP/\d(?:\.\d)? (\d{3})\b|\b(?:HTTP|status|code|status code|statuscode)[ :=""]{1,4}(\d{3})\b|\((\d{3})\)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex StatusText();

    [GeneratedRegex(@"(?:x-request-id|x-amz-request-id|request[ _-]?id)[ :=""]{1,4}([\w-]{4,100})", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex RequestIdText();

    [GeneratedRegex(@"\{\s*""|<\?xml|<Error|<html|<!doctype", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex BodyStart();
}
