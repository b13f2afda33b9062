namespace RustFs.Kms;

/// <summary>One step on the way to a server, and how it went.</summary>
public sealed record KmsConnectionCheck
{
    /// <summary>The name of the connection; null when it was checked without one.</summary>
    public string? Connection { get; init; }

    /// <summary><c>Name</c>, <c>Tcp</c>, <c>Tls</c>, <c>Clock</c>, <c>Signature</c> or <c>Permission</c>.</summary>
    public required string Step { get; init; }

    /// <summary>Whether it succeeded; null when it was not reached or does not apply.</summary>
    public bool? Succeeded { get; init; }

    /// <summary>What was seen.</summary>
    public required string Evidence { get; init; }

    /// <summary>What is probably wrong, where it failed; null otherwise.</summary>
    public string? Explanation { get; init; }

    /// <summary><c>Tls</c>: when the server's certificate expires.</summary>
    internal DateTimeOffset? CertificateExpires { get; init; }

    /// <summary><c>Clock</c>: how far the server's clock is ahead of this machine's.</summary>
    internal TimeSpan? ClockSkew { get; init; }

    /// <summary>The step and what was seen, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{Step}: {Evidence}");
}
