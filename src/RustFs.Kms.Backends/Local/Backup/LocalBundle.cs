namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>A verified bundle that data keys are opened with. Nothing of it is ever written.</summary>
internal sealed class LocalBundle(VerifiedBundle bundle) : IKmsBundle
{
    public string BackupId => bundle.Manifest.BackupId;

    public KmsDataKey UnwrapDataKey(ReadOnlyMemory<byte> ciphertextBlob, IReadOnlyDictionary<string, string> encryptionContext)
    {
        (DataKeyEnvelope envelope, KmsSecret plaintext) = DataKeyOpener.Open(
            ciphertextBlob.Span, encryptionContext, Open);
        return DataKeyOpener.Describe(envelope, ciphertextBlob.ToArray(), plaintext, connection: null);
    }

    private WrappingKey Open(string keyId)
    {
        KeyRecord record = bundle.Load(keyId);
        using KmsSecret material = bundle.OpenWrappingKey(record);
        return new WrappingKey(record, material);
    }

    public void Dispose() => bundle.Dispose();
}
