namespace RustFs.Kms;

/// <summary>Whether a key can be used, and why not.</summary>
public sealed record KmsKeyTest
{
    /// <summary>The key's id.</summary>
    public required string KeyId { get; init; }

    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>Whether the key makes and opens data keys.</summary>
    public bool IsUsable { get; init; }

    /// <summary>Where the key is in its life; <see cref="KmsKeyState.Unknown"/> when there is no readable record.</summary>
    public KmsKeyState State { get; init; }

    /// <summary>Whether there is a record of the key.</summary>
    public bool Exists { get; init; }

    /// <summary>Whether the record can be used.</summary>
    public bool IsReadable { get; init; }

    /// <summary>Whether a data key was made and opened again unchanged; null when that was not tried.</summary>
    public bool? RoundTrip { get; init; }

    /// <summary>Why the key cannot be used, or why there was no round trip; null when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do about it; null when nothing needs to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>The key's id and the verdict.</summary>
    public override string ToString() => SafeText.Neutralize($"{KeyId}: {(IsUsable ? "usable" : "not usable")}");
}
