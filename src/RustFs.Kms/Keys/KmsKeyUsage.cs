namespace RustFs.Kms;

/// <summary>What a key is for.</summary>
public enum KmsKeyUsage
{
    /// <summary>A usage that this version does not know.</summary>
    Unknown,

    /// <summary>Wraps and unwraps data keys.</summary>
    EncryptDecrypt,

    /// <summary>Signs and verifies. No RustFS backend does it for keys in a key directory.</summary>
    SignVerify,
}
