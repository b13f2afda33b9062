namespace RustFs.Kms;

/// <summary>A verified bundle, opened for taking data keys out of their wrapping without a server or a key directory. Read-only.</summary>
internal interface IKmsBundle : IDisposable
{
    /// <summary>The id in its manifest.</summary>
    string BackupId { get; }

    /// <summary>Opens a wrapped data key with the keys of the bundle. Their state does not matter, as with the server.</summary>
    /// <param name="ciphertextBlob">The wrapped data key.</param>
    /// <param name="encryptionContext">Empty, or at least every entry that the data key was made with.</param>
    /// <exception cref="KmsException">It does not open, or its key is not in the bundle.</exception>
    KmsDataKey UnwrapDataKey(ReadOnlyMemory<byte> ciphertextBlob, IReadOnlyDictionary<string, string> encryptionContext);
}
