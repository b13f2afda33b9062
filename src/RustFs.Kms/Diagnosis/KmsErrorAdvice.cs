namespace RustFs.Kms;

/// <summary>Where an error comes from.</summary>
public enum KmsErrorOrigin
{
    /// <summary>Nobody knows.</summary>
    Unknown,

    /// <summary>This module.</summary>
    Module,

    /// <summary>A RustFS server.</summary>
    RustFs,

    /// <summary>A HashiCorp Vault or an OpenBao.</summary>
    Vault,

    /// <summary>An SDK or a command-line tool of AWS, or the S3 API.</summary>
    AwsSdk,

    /// <summary>The network, the clock, the disk: what is in between or below.</summary>
    Environment,
}

/// <summary>What an error means, and what to do about it.</summary>
public sealed record KmsErrorAdvice
{
    /// <summary>The error as it was given, in one line, safe to print and without the secrets that it may have held.</summary>
    public required string Error { get; init; }

    /// <summary>The id or the code of the error, such as <c>KmsNotConfigured</c> or <c>SignatureDoesNotMatch</c>; null when it has none.</summary>
    public string? ErrorId { get; init; }

    /// <summary>Whether it is in the module's table. When it is not, <see cref="Cause"/> claims nothing and the rest is a general way to go.</summary>
    public required bool IsKnown { get; init; }

    /// <summary>Where it comes from.</summary>
    public KmsErrorOrigin Origin { get; init; }

    /// <summary>What is wrong, in a few words; null when the error is not known.</summary>
    public string? Symptom { get; init; }

    /// <summary>Why, most likely.</summary>
    public required string Cause { get; init; }

    /// <summary>What to do.</summary>
    public required string Resolution { get; init; }

    /// <summary>The commands to run next, the first one first. What is in angle brackets is for the user to put in.</summary>
    public required IReadOnlyList<string> NextCommand { get; init => field = value.Indexable(); }

    /// <summary>What the error record itself recommends; null when it recommends nothing.</summary>
    public string? Recommendation { get; init; }

    /// <summary>The document that says so.</summary>
    public required string Document { get; init; }

    /// <summary>The document's section, or the file of a source tree.</summary>
    public required string Section { get; init; }

    /// <summary>Where the document is; null when it has no address.</summary>
    public string? Link { get; init; }

    /// <summary>Every document and section that says something about it.</summary>
    public IReadOnlyList<string> Sources { get; init => field = value.Indexable(); } = [];

    /// <summary>The HTTP status of the answer; null when there is none.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>The id under which the server logged the request; null when there is none.</summary>
    public string? RequestId { get; init; }

    /// <summary>The error, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(Error);
}
