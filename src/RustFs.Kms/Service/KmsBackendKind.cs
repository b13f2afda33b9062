namespace RustFs.Kms;

/// <summary>What a connection leads to.</summary>
public enum KmsBackendKind
{
    /// <summary>A RustFS key directory, opened in this process.</summary>
    Local,

    /// <summary>A RustFS server, over signed HTTP.</summary>
    Server,
}
