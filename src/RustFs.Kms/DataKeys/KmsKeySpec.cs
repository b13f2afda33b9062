namespace RustFs.Kms;

/// <summary>The kind of a data key.</summary>
public enum KmsKeySpec
{
    /// <summary>A kind that this version does not know.</summary>
    Unknown,

    /// <summary>AES with 256 bits: 32 bytes.</summary>
    Aes256,

    /// <summary>AES with 128 bits: 16 bytes.</summary>
    Aes128,

    /// <summary>ChaCha20: 32 bytes.</summary>
    ChaCha20,
}
