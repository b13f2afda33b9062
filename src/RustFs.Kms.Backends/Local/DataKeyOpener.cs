namespace RustFs.Kms.Backends.Local;

/// <summary>Opens envelopes, wherever the wrapping key comes from: a key directory or a bundle. Rules: local-backend-format.md 3.3.</summary>
internal static class DataKeyOpener
{
    /// <summary>The envelope and its data key, which the caller wipes.</summary>
    /// <param name="ciphertextBlob">The wrapped data key.</param>
    /// <param name="encryptionContext">Empty, or at least every entry of the envelope.</param>
    /// <param name="openWrappingKey">Opens the key of an id; disposed of here.</param>
    /// <exception cref="KmsException">It does not open, or there is no such key.</exception>
    internal static (DataKeyEnvelope Envelope, KmsSecret Plaintext) Open(
        ReadOnlySpan<byte> ciphertextBlob,
        IReadOnlyDictionary<string, string> encryptionContext,
        Func<string, WrappingKey> openWrappingKey)
    {
        DataKeyEnvelope envelope = DataKeyEnvelope.TryParse(ciphertextBlob) ?? throw DoesNotOpen(keyId: null);
        if (!envelope.Accepts(encryptionContext))
        {
            throw DoesNotOpen(envelope.MasterKeyId);
        }

        using WrappingKey wrappingKey = openWrappingKey(envelope.MasterKeyId);
        KmsSecret plaintext = wrappingKey.TryOpen(envelope.Nonce, envelope.EncryptedKey) ?? throw DoesNotOpen(envelope.MasterKeyId);
        return (envelope, plaintext);
    }

    /// <summary>An envelope as the seam has it.</summary>
    internal static KmsDataKey Describe(DataKeyEnvelope envelope, byte[] blob, KmsSecret? plaintext, string? connection) => new(
        envelope.MasterKeyId, DataKeyEnvelope.SpecOf(envelope.KeySpec), blob, envelope.EncryptionContext, plaintext, connection);

    /// <summary>One answer for every cause, so that nobody learns from it which part of a forgery was right.</summary>
    internal static KmsException DoesNotOpen(string? keyId) => new(
        KmsErrorCode.KmsIntegrity,
        "The wrapped data key does not open: it is none of this key store's, it was altered, or the encryption context is not the one " +
        "that it was made with.",
        keyId);
}
