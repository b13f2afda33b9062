namespace RustFs.Kms.PowerShell;

/// <summary>From an error to what is known about it.</summary>
internal static class ErrorResolver
{
    private const int LongestEcho = 400;

    /// <summary>What is known about an error; that it is not known, and the general way to go, when nothing is.</summary>
    internal static KmsErrorAdvice Resolve(ErrorClues clues)
    {
        ErrorKnowledge all = ErrorKnowledge.All;
        KnownError? row = all.Find(clues);
        Remedy remedy = row ?? all.Unknown;
        KnownSource main = remedy.Sources[0];
        string key = clues.KeyId is null ? Advice.SomeKey : Strings.Literal(clues.KeyId);
        return new KmsErrorAdvice
        {
            Error = DisplayText.Shorten(DisplayText.Neutralize(Clean(clues.Text)), LongestEcho),
            ErrorId = clues.Code?.ToString() is { } own && clues.ServerCode is null ? own : clues.ServerCode ?? clues.Code?.ToString(),
            IsKnown = row is not null,
            Origin = row?.Origin ?? KmsErrorOrigin.Unknown,
            Symptom = row?.Symptom,
            Cause = remedy.Cause,
            Resolution = remedy.Fix,
            NextCommand = [.. remedy.Commands.Select(command => command.Replace("{key}", key, StringComparison.Ordinal))],
            Recommendation = clues.Recommendation,
            Document = all.Documents[main.Document].Title,
            Section = main.Section,
            Link = all.Documents[main.Document].Link,
            Sources = [.. remedy.Sources.Select(source => $"{all.Documents[source.Document].Title}: {source.Section}")],
            HttpStatus = clues.Status,
            RequestId = clues.RequestId is null ? null : DisplayText.Neutralize(clues.RequestId),
        };
    }

    /// <summary>The first line, or of a text whose first line says nothing, all of it in one.</summary>
    private static string Clean(string text)
    {
        string redacted = RustFs.Kms.Backends.KmsBackends.Redact(text);
        return string.Join(' ', redacted.Split((char[])['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
    }
}
