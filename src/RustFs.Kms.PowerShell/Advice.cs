using System.Text.RegularExpressions;

namespace RustFs.Kms.PowerShell;

/// <summary>What to do about something: a sentence, and a command that can be copied.</summary>
/// <param name="Sentence">What to do. May hold the placeholders that <see cref="Fill"/> knows.</param>
/// <param name="Command">How; the same placeholders. Null when no command does it.</param>
internal sealed record Advice(string Sentence, string? Command)
{
    /// <summary>For what a user has to put in; a literal, so that the command parses before that.</summary>
    internal const string SomeKey = "'<key id>'";
    internal const string SomeDirectory = "'<path>'";
    internal const string SomeEndpoint = "'<address>'";
    internal const string SomeBucket = "'<bucket>'";

    private static readonly Regex s_placeholder = new(@"\{(\w+)\}", RegexOptions.CultureInvariant);

    /// <summary>The advice as one text that ends in the command.</summary>
    /// <param name="values">What stands for each placeholder: literals, and parts of a command.</param>
    /// <param name="spell">How the names of cmdlets are said; null for as they are.</param>
    internal string Fill(IReadOnlyDictionary<string, string> values, Func<string, string>? spell = null)
    {
        // In one pass: an id that looks like a placeholder, or like a cmdlet, stays what it is.
        string Filled(string template) => s_placeholder.Replace(spell?.Invoke(template) ?? template, match => values[match.Groups[1].Value]);
        return Command is null ? Filled(Sentence) + "." : $"{Filled(Sentence)}: {Filled(Command)}";
    }

    /// <summary>The parameter that leads a command to a connection; nothing when it gets there by itself.</summary>
    internal static string At(KmsConnection? connection) =>
        connection is null or { IsDefault: true } ? string.Empty : $" -Connection {Strings.Literal(connection.Name)}";
}
