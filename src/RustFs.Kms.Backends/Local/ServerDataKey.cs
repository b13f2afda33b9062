using System.Text;
using System.Text.Json;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// The wrapped data keys of a server that has no key directory. Without a KMS it wraps under <c>RUSTFS_SSE_S3_MASTER_KEY</c>: a
/// JSON object of version 1, or the older <c>nonce:ciphertext</c>. With the Static backend it makes envelopes that bind their
/// context. Rules: local-backend-format.md 3.2, 3.4 and 8.4.
/// </summary>
internal static class ServerDataKey
{
    private const string SseKeyName = "RUSTFS_SSE_S3_MASTER_KEY";
    private const string NoKeyName = "none (32 zero bytes)";

    private static readonly HashSet<string> s_fields = new(StringComparer.Ordinal) { "version", "nonce", "ciphertext" };
    private static readonly byte[] s_noKey = new byte[KeyRecord.MaterialLength];

    /// <summary>Opens what such a server wrapped.</summary>
    /// <param name="keys">Its keys, as far as they are known.</param>
    /// <param name="ciphertextBlob">The wrapped data key, Base64 taken off.</param>
    /// <param name="encryptionContext">For envelopes: empty, or at least every entry.</param>
    /// <returns>The data key, and what the operator should know about it; null when the blob is for another key.</returns>
    /// <exception cref="KmsException">It is of a server without a KMS, and does not open.</exception>
    internal static (KmsDataKey DataKey, string? Warning)? TryOpen(
        KmsServerKeys keys, byte[] ciphertextBlob, IReadOnlyDictionary<string, string> encryptionContext)
    {
        // The bytes decide, as they do for the server: what looks like an envelope is never another form.
        if (DataKeyEnvelope.IsEnvelope(ciphertextBlob))
        {
            return TryOpenStatic(keys, ciphertextBlob, encryptionContext) is { } opened ? (opened, null) : null;
        }

        if (!TrySplit(ciphertextBlob, out byte[] nonce, out byte[] sealedBytes))
        {
            return null;
        }

        if (keys.SseMasterKey is not null && Aead.TryOpen(keys.SseMasterKey.Bytes, nonce, sealedBytes) is { } dataKey)
        {
            return (Describe(SseKeyName, ciphertextBlob, dataKey), null);
        }

        if (Aead.TryOpen(s_noKey, nonce, sealedBytes) is { } unprotected)
        {
            return (
                Describe(NoKeyName, ciphertextBlob, unprotected),
                "This data key was never protected: a server before 1.0.0-beta.9 without RUSTFS_SSE_S3_MASTER_KEY wrapped it under 32 zero bytes. " +
                "Whoever has the wrapped form has the data; write the object anew.");
        }

        throw keys.SseMasterKey is null
            ? new KmsException(
                KmsErrorCode.KmsAuthentication,
                $"The data key was wrapped by a server without a KMS, under its {SseKeyName}, and that key was not given.",
                SseKeyName)
            : new KmsException(
                KmsErrorCode.KmsIntegrity,
                $"The wrapped data key does not open: it was wrapped under another {SseKeyName} than the one that was given, or altered.",
                SseKeyName);
    }

    /// <summary>The data key, which the caller wipes; null when the text is neither form or does not open.</summary>
    /// <param name="masterKey">32 bytes.</param>
    /// <param name="wrapped">The text.</param>
    internal static KmsSecret? TryOpen(ReadOnlySpan<byte> masterKey, string wrapped) =>
        TrySplit(Encoding.UTF8.GetBytes(wrapped), out byte[] nonce, out byte[] sealedBytes) ? Aead.TryOpen(masterKey, nonce, sealedBytes) : null;

    private static KmsDataKey? TryOpenStatic(KmsServerKeys keys, byte[] blob, IReadOnlyDictionary<string, string> context)
    {
        if (keys.StaticKey is null || DataKeyEnvelope.TryParse(blob) is not { } envelope || envelope.MasterKeyId != keys.StaticKeyId)
        {
            return null;
        }

        if (!envelope.Accepts(context))
        {
            throw DataKeyOpener.DoesNotOpen(envelope.MasterKeyId);
        }

        // A key of a key directory may have the same id; whether it opens tells.
        KmsSecret? dataKey = Aead.TryOpen(
            keys.StaticKey.Bytes, envelope.Nonce, envelope.EncryptedKey, CanonicalJson.OfContext(envelope.EncryptionContext));
        return dataKey is null ? null : DataKeyOpener.Describe(envelope, blob, dataKey, connection: null);
    }

    private static KmsDataKey Describe(string keyName, byte[] blob, KmsSecret dataKey) => new(
        keyName,
        dataKey.Length == KeyRecord.MaterialLength ? KmsKeySpec.Aes256 : KmsKeySpec.Unknown,
        blob,
        KmsKey.NoTags,
        dataKey,
        connection: null);

    private static bool TrySplit(byte[] wrapped, out byte[] nonce, out byte[] sealedBytes)
    {
        (nonce, sealedBytes) = ([], []);
        return TryReadParts(wrapped, out string nonceText, out string sealedText)
            && StrictBase64.TryDecode(nonceText, out nonce)
            && StrictBase64.TryDecode(sealedText, out sealedBytes);
    }

    private static bool TryReadParts(byte[] wrapped, out string nonce, out string ciphertext)
    {
        if (wrapped is [(byte)'{', ..])
        {
            return TryReadJson(wrapped, out nonce, out ciphertext);
        }

        string[] parts = Encoding.UTF8.GetString(wrapped).Split(':');
        (nonce, ciphertext) = parts.Length == 2 ? (parts[0], parts[1]) : ("", "");
        return parts.Length == 2;
    }

    private static bool TryReadJson(byte[] wrapped, out string nonce, out string ciphertext)
    {
        (nonce, ciphertext) = ("", "");
        try
        {
            RustJsonReader json = RustJsonReader.Parse(wrapped, s_fields);
            json.RefuseRepeatedFields();
            nonce = json.RequiredText("nonce");
            ciphertext = json.RequiredText("ciphertext");
            return json.RequiredUInt32("version") == 1 && json.Unknown.Count == 0;
        }
        catch (JsonException)
        {
            return false; // neither form: the caller says so
        }
    }
}
