namespace RustFs.Kms;

/// <summary>What a new key is to be.</summary>
public sealed record KmsKeyCreation
{
    /// <summary>The key's id; null lets the backend choose a random UUID. It is also stored as the tag <c>name</c>.</summary>
    public string? KeyId { get; init; }

    /// <summary>The description, or null.</summary>
    public string? Description { get; init; }

    /// <summary>The tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = KmsKey.NoTags;

    /// <summary>What the key is for.</summary>
    public KmsKeyUsage Usage { get; init; } = KmsKeyUsage.EncryptDecrypt;
}

/// <summary>Which keys a listing asks for.</summary>
public sealed record KmsKeyQuery
{
    /// <summary>Only keys after this id, in the byte order of the ids; null starts at the beginning.</summary>
    public string? After { get; init; }

    /// <summary>Only keys in this state; null for all.</summary>
    public KmsKeyState? State { get; init; }

    /// <summary>Only keys with this usage; null for all.</summary>
    public KmsKeyUsage? Usage { get; init; }
}
