using RustFs.Kms.Backends.Envelopes.Wraps;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Makes the wraps that are asked for.</summary>
internal static class WrapMaker
{
    /// <summary>Refuses what can be seen to be wrong before a KMS is asked for anything.</summary>
    internal static void Check(KmsEnvelopeWrapping wrapping, string path)
    {
        if (wrapping.Passphrase is { Length: 0 })
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The passphrase is empty.", path);
        }

        if (wrapping.Passphrase is not null && !PassphraseWrap.IsPermitted(wrapping.PassphraseCost))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "No reader would take on a passphrase of that cost.", path);
        }

        foreach (KmsEnvelopeKmsWrap kms in wrapping.Kms)
        {
            UnicodeText.Require("The encryption context", kms.KeyId, kms.EncryptionContext.Keys.Concat(kms.EncryptionContext.Values));
            UnicodeText.Require("The hint", kms.KeyId, kms.Hint);
            RequireShort(kms.KeyId);
        }
    }

    /// <summary>Refuses too many wraps, none, and those that only servers made.</summary>
    internal static void CheckWhole(IReadOnlyList<KmsEnvelopeWrap> wraps, bool allowServerOnly, string path)
    {
        if (wraps.Count is 0 or > KmsEnvelope.MaximumWraps)
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage,
                wraps.Count == 0
                    ? $"'{path}' would have no wrap, and nobody could ever open it."
                    : $"'{path}' would have {wraps.Count} wraps; the most is {KmsEnvelope.MaximumWraps}.",
                path);
        }

        if (!PassphraseWrap.IsPermittedTogether(wraps))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' would have passphrases that together cost more than any reader takes on.", path);
        }

        if (!allowServerOnly && wraps.All(wrap => wrap.IsServerOnly || wrap.Kind == KmsEnvelopeWrapKind.Unknown))
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage,
                $"'{path}' would be wrapped by a server only, and a server has no route to open it again: when the server's key directory is " +
                "gone, so is the file. Add a recovery key (-RecoveryRecipient) or a passphrase (-Passphrase), or say -AllowServerOnlyWrap.",
                path);
        }
    }

    /// <summary>What the wraps will be, as far as that is known before they are made: enough for <see cref="CheckWhole"/>.</summary>
    internal static IEnumerable<KmsEnvelopeWrap> Foresee(KmsEnvelopeWrapping wrapping)
    {
        foreach (KmsEnvelopeKmsWrap kms in wrapping.Kms)
        {
            yield return new() { Kind = KmsEnvelopeWrapKind.Kms, Type = KmsWrap.Type, Backend = kms.Backend.Kind };
        }

        foreach (KmsRecoveryRecipient recipient in Recipients(wrapping))
        {
            yield return new() { Kind = KmsEnvelopeWrapKind.RecoveryKey, Type = RecoveryWrap.Type, Recipient = recipient.Fingerprint };
        }

        if (wrapping.Passphrase is not null)
        {
            yield return PassphraseWrap.Describe(wrapping.PassphraseCost);
        }
    }

    /// <summary>Makes them.</summary>
    /// <exception cref="KmsException">A KMS refused, or a recovery key cannot be used.</exception>
    internal static async Task<List<EnvelopeWrap>> MakeAsync(
        KmsEnvelopeWrapping wrapping, KmsSecret fileKey, byte[] salt, CancellationToken cancellationToken)
    {
        var wraps = new List<EnvelopeWrap>();
        foreach (KmsEnvelopeKmsWrap kms in wrapping.Kms)
        {
            wraps.Add(await MakeAsync(kms, fileKey, salt, cancellationToken).ConfigureAwait(false));
        }

        wraps.AddRange(Recipients(wrapping).Select(recipient => RecoveryWrap.Make(fileKey, salt, recipient)));
        if (wrapping.Passphrase is { } passphrase)
        {
            cancellationToken.ThrowIfCancellationRequested();
            wraps.Add(PassphraseWrap.Make(fileKey, salt, passphrase, wrapping.PassphraseCost));
        }

        return wraps;
    }

    private static async Task<KmsWrap> MakeAsync(
        KmsEnvelopeKmsWrap wrap, KmsSecret fileKey, byte[] salt, CancellationToken cancellationToken)
    {
        var request = new KmsDataKeyRequest { KeyId = wrap.KeyId, EncryptionContext = wrap.EncryptionContext };
        using KmsDataKey dataKey = await wrap.Backend.GenerateDataKeyAsync(request, cancellationToken).ConfigureAwait(false);
        if (dataKey.PlaintextLength != AeadCipher.KeyLength || dataKey.CiphertextBlob.Length == 0)
        {
            throw new KmsException(
                KmsErrorCode.KmsProtocol, $"The KMS gave a data key of {dataKey.PlaintextLength} bytes instead of {AeadCipher.KeyLength}.", wrap.KeyId);
        }

        RequireShort(dataKey.KeyId); // a server may name its key in full
        await ProveAsync(wrap, dataKey, cancellationToken).ConfigureAwait(false);
        using var plaintext = KmsSecret.OfLength(AeadCipher.KeyLength);
        dataKey.CopyPlaintextTo(plaintext.Array);
        return KmsWrap.Make(fileKey, salt, plaintext, dataKey, wrap.Backend.Kind, HintOf(wrap));
    }

    // Where the data key can be opened again, see that it can, before a file hangs on it.
    private static async Task ProveAsync(KmsEnvelopeKmsWrap wrap, KmsDataKey dataKey, CancellationToken cancellationToken)
    {
        if (!(await wrap.Backend.GetCapabilitiesAsync(cancellationToken).ConfigureAwait(false)).UnwrapDataKey)
        {
            return;
        }

        using KmsDataKey opened = await wrap.Backend
            .UnwrapDataKeyAsync(dataKey.CiphertextBlob, dataKey.EncryptionContext, cancellationToken).ConfigureAwait(false);
        if (!opened.HasSamePlaintextAs(dataKey))
        {
            throw new KmsException(KmsErrorCode.KmsIntegrity, $"The key '{wrap.KeyId}' does not open the data key that it made.", wrap.KeyId);
        }
    }

    // An endpoint may carry a user's name and password, or a token in its query; a header is for everybody's eyes.
    private static string HintOf(KmsEnvelopeKmsWrap wrap)
    {
        string hint = Uri.TryCreate(wrap.Hint, UriKind.Absolute, out Uri? endpoint) && !endpoint.IsFile
            ? endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : wrap.Hint ?? "";
        return UnicodeText.Measure(hint) <= EnvelopeFormat.MaximumTextLength
            ? hint
            : throw new KmsException(
                KmsErrorCode.KmsUsage, $"The hint of a wrap has at most {EnvelopeFormat.MaximumTextLength} bytes.", wrap.KeyId);
    }

    // What a reader refuses must not be written.
    private static void RequireShort(string keyId)
    {
        if (!(UnicodeText.Measure(keyId) <= EnvelopeFormat.MaximumTextLength))
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, $"The key id of a wrap is Unicode text of at most {EnvelopeFormat.MaximumTextLength} bytes.", keyId);
        }
    }

    private static IEnumerable<KmsRecoveryRecipient> Recipients(KmsEnvelopeWrapping wrapping) =>
        wrapping.Recipients.DistinctBy(recipient => recipient.Fingerprint, StringComparer.Ordinal);
}
