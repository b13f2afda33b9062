namespace RustFs.Kms;

/// <summary>What a backend can do, so that a cmdlet refuses up front what would only fail later. Conservative by default.</summary>
public sealed record KmsCapabilities
{
    /// <summary>Data keys can be made.</summary>
    public bool GenerateDataKey { get; init; }

    /// <summary>Wrapped data keys can be opened through this connection.</summary>
    public bool UnwrapDataKey { get; init; }

    /// <summary>Wrapped data keys can be moved to another key through this connection.</summary>
    public bool RewrapDataKey { get; init; }

    /// <summary>Keys can get new material and keep the old.</summary>
    public bool Rotate { get; init; }

    /// <summary>Keys can be enabled and disabled.</summary>
    public bool EnableDisable { get; init; }

    /// <summary>Deletions can be scheduled and cancelled.</summary>
    public bool ScheduleDeletion { get; init; }

    /// <summary>Keys can be destroyed at once.</summary>
    public bool PhysicalDelete { get; init; }

    /// <summary>Descriptions and tags can change.</summary>
    public bool UpdateKeyMetadata { get; init; }

    /// <summary>Several versions of a key's material are kept.</summary>
    public bool Versioning { get; init; }
}
