namespace RustFs.Kms;

/// <summary>One node of a cluster, as far as its KMS configuration goes.</summary>
public sealed record KmsClusterNode
{
    /// <summary>The node's name; the one that answered is <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>The fingerprint of its configuration, to be compared with the others'; null when it has none.</summary>
    public string? ConfigurationFingerprint { get; init; }

    /// <summary>Why the node could not be asked; null when it could.</summary>
    public string? Error { get; init; }

    /// <summary>The name, and why the node could not be asked; safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(Error is null ? Host : $"{Host} ({Error})");
}
