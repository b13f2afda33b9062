using System.Text.Json;
using System.Text.Json.Serialization;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What is known about errors: ErrorKnowledge.json, a data file that holds the rows of the troubleshooting guide, of the error lists of
/// the guides and of the servers' own source, and what Vault and the SDKs say. What our own records recommend is in
/// <see cref="ErrorAdvice"/>; this is about causes, whoever's the error is.
/// </summary>
internal sealed class ErrorKnowledge
{
    private const string Resource = "RustFs.Kms.PowerShell.ErrorKnowledge.json";

    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
    };

    private static readonly Lazy<ErrorKnowledge> s_all = new(Load);

    /// <summary>The file, read when it is first needed.</summary>
    internal static ErrorKnowledge All => s_all.Value;

    /// <summary>The documents that rows name.</summary>
    [JsonInclude]
    [JsonRequired]
    internal IReadOnlyDictionary<string, KnownDocument> Documents { get; private init; } = null!;

    /// <summary>One row for each error.</summary>
    [JsonInclude]
    [JsonRequired]
    internal IReadOnlyList<KnownError> Rows { get; private init; } = null!;

    /// <summary>What is said about an error that no row fits.</summary>
    [JsonInclude]
    [JsonRequired]
    internal Remedy Unknown { get; private init; } = null!;

    /// <summary>The row that fits best; null when none fits.</summary>
    internal KnownError? Find(ErrorClues clues) => Rows.Where(row => row.Score(clues) > 0).MaxBy(row => row.Score(clues)); // of equals, the first

    private static ErrorKnowledge Load()
    {
        using Stream stream = typeof(ErrorKnowledge).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The module lacks its data file {Resource}.");
        return JsonSerializer.Deserialize<ErrorKnowledge>(stream, s_options)!;
    }
}

/// <summary>A document.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Link">Its address; null when it has none.</param>
internal sealed record KnownDocument(string Title, string? Link = null);

/// <summary>A document's section.</summary>
/// <param name="Document">The document's short name in the file.</param>
/// <param name="Section">The section.</param>
internal sealed record KnownSource(string Document, string Section);

/// <summary>Why something happens and what to do.</summary>
internal record Remedy
{
    /// <summary>Why.</summary>
    public required string Cause { get; init; }

    /// <summary>What to do, in words.</summary>
    public required string Fix { get; init; }

    /// <summary>The commands to run next. <c>{key}</c> stands for the key that the error is about.</summary>
    public required IReadOnlyList<string> Commands { get; init; }

    /// <summary>What says so; the first is the main one.</summary>
    public required IReadOnlyList<KnownSource> Sources { get; init; }
}

/// <summary>One error, and how it is recognized.</summary>
internal sealed record KnownError : Remedy
{
    // A phrase says most, and a long one more than a short one; a code of the server's says more than what we make of it.
    private const int PhraseWeight = 1000;
    private const int FaultWeight = 400;
    private const int ServerCodeWeight = 300;
    private const int WordWeight = 250;
    private const int CodeWeight = 100;
    private const int StatusWeight = 20;

    /// <summary>The row's name.</summary>
    public required string Id { get; init; }

    /// <summary>Whose error it is.</summary>
    public required KmsErrorOrigin Origin { get; init; }

    /// <summary>What is wrong, in a few words.</summary>
    public required string Symptom { get; init; }

    /// <summary>The error ids of this module that mean it.</summary>
    public IReadOnlyList<KmsErrorCode> Codes { get; init; } = [];

    /// <summary>The faults of key records that mean it.</summary>
    public IReadOnlyList<KmsKeyFault> Faults { get; init; } = [];

    /// <summary>The codes of servers and SDKs that mean it.</summary>
    public IReadOnlyList<string> ServerCodes { get; init; } = [];

    /// <summary>The HTTP statuses that mean it, where nothing else is known.</summary>
    public IReadOnlyList<int> Statuses { get; init; } = [];

    /// <summary>Parts of texts that mean it, in either case.</summary>
    public IReadOnlyList<string> Phrases { get; init; } = [];

    /// <summary>How well it fits; 0 when it does not.</summary>
    internal int Score(ErrorClues clues)
    {
        int phrase = Phrases.Where(phrase => clues.Text.Contains(phrase, StringComparison.OrdinalIgnoreCase)).Select(phrase => phrase.Length).DefaultIfEmpty().Max();
        return (phrase > 0 ? PhraseWeight + phrase : 0)
            + (clues.Fault is { } fault && Faults.Contains(fault) ? FaultWeight : 0)
            + (clues.ServerCode is { } code && ServerCodes.Contains(code, StringComparer.OrdinalIgnoreCase) ? ServerCodeWeight
                : ServerCodes.Any(clues.Words.Contains) ? WordWeight : 0)
            + (clues.Code is { } own && Codes.Contains(own) ? CodeWeight : 0)
            + (clues.Status is { } status && Statuses.Contains(status) ? StatusWeight : 0);
    }
}
