namespace RustFs.Kms;

/// <summary>A file for whoever helps: how a KMS is and what its logs say, without the secrets.</summary>
public sealed record KmsSupportBundle
{
    /// <summary>The zip file.</summary>
    public required string Path { get; init; }

    /// <summary>Its length, in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What is in it, without the manifest.</summary>
    public required IReadOnlyList<KmsSupportBundleEntry> Entries { get; init => field = value.Indexable(); }

    /// <summary>What could not be got, and why; empty when nothing is missing.</summary>
    public required IReadOnlyList<string> Problems { get; init => field = value.Indexable(); }

    /// <summary>The path, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(Path);
}

/// <summary>One file of a support bundle.</summary>
public sealed record KmsSupportBundleEntry
{
    /// <summary>Its name in the zip file.</summary>
    public required string Name { get; init; }

    /// <summary>Its length, in bytes, unpacked.</summary>
    public required long Length { get; init; }

    /// <summary>The SHA-256 sum of its content, in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>How many secrets were taken out of it.</summary>
    public required long Redactions { get; init; }

    /// <summary>Name and number of secrets taken out.</summary>
    public override string ToString() => $"{Name} ({Length} bytes)";
}

/// <summary>One file that is to go into a support bundle.</summary>
/// <param name="Name">Its name in the zip file.</param>
/// <param name="IsAudit">Whether it is an audit log of Vault's, whose data are secret whatever their names.</param>
/// <param name="Open">Opens its text. An exception of <see cref="KmsException"/>, of the file system's or of bad data is a problem that the
/// manifest names, and the other files go in all the same.</param>
internal sealed record KmsSupportPart(string Name, bool IsAudit, Func<CancellationToken, Task<Stream>> Open);
