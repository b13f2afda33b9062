using RustFs.Kms.Backends.Envelopes.Wraps;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>
/// Gets at the file key with whatever the caller brought: KMS first, then recovery keys, and the passphrase, which costs most,
/// last. What fits no wrap is passed over.
/// </summary>
internal sealed class FileKeyOpener(EnvelopeHeader header, KmsEnvelopeOpening opening, string path)
{
    private bool _tried;
    private KmsException? _refusal;
    private KmsEnvelopeWrap? _used;

    /// <summary>The file key, which the caller wipes, and the wrap that gave it. The header is authentic afterwards.</summary>
    /// <exception cref="KmsException">Nothing fits, or nothing opens.</exception>
    internal async Task<(KmsSecret FileKey, KmsEnvelopeWrap Wrap)> OpenAsync(CancellationToken cancellationToken)
    {
        if (opening.RequiredContext.Count > 0 && !header.Wraps.OfType<KmsWrap>().Any(HasRequiredContext))
        {
            throw new KmsException(KmsErrorCode.KmsIntegrity, $"'{path}' was not protected with the encryption context that was asked for.", path);
        }

        KmsSecret? fileKey = await WithKmsAsync(cancellationToken).ConfigureAwait(false)
            ?? WithRecoveryKey()
            ?? await WithPassphraseAsync(cancellationToken).ConfigureAwait(false);
        if (fileKey is null)
        {
            // A KMS that cannot be asked is worth saying, unless something else was tried and is simply wrong.
            throw _tried ? EnvelopeFormat.DoesNotOpen(path) : _refusal ?? NothingFits();
        }

        if (header.IsOf(fileKey))
        {
            return (fileKey, _used!);
        }

        fileKey.Dispose();
        throw EnvelopeFormat.DoesNotOpen(path);
    }

    private async Task<KmsSecret?> WithKmsAsync(CancellationToken cancellationToken)
    {
        KmsWrap[] wraps = [.. header.Wraps.OfType<KmsWrap>().Where(HasRequiredContext)];
        if (wraps.Length == 0)
        {
            return null;
        }

        foreach (IKmsBackend backend in opening.Backends)
        {
            if (!(await backend.GetCapabilitiesAsync(cancellationToken).ConfigureAwait(false)).UnwrapDataKey)
            {
                continue;
            }

            foreach (KmsWrap wrap in wraps)
            {
                if (await TryAsync(wrap, backend, cancellationToken).ConfigureAwait(false) is { } fileKey)
                {
                    return fileKey;
                }
            }
        }

        return null;
    }

    private async Task<KmsSecret?> TryAsync(KmsWrap wrap, IKmsBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            using KmsDataKey dataKey = await backend
                .UnwrapDataKeyAsync(wrap.Ciphertext, wrap.Description.EncryptionContext, cancellationToken).ConfigureAwait(false);
            if (dataKey.PlaintextLength == AeadCipher.KeyLength)
            {
                using var plaintext = KmsSecret.OfLength(AeadCipher.KeyLength);
                dataKey.CopyPlaintextTo(plaintext.Array);
                return Note(wrap, wrap.TryOpen(plaintext, header.Salt));
            }

            _tried = true;
        }
        catch (KmsException exception) when (SaysMoreThanNo(exception, wrap))
        {
            _refusal ??= exception;
        }
        catch (KmsException)
        {
            _tried = true;
        }

        return null;
    }

    // That the key which the header names is not there, or is damaged, is no matter of authentication, and neither is a KMS that
    // cannot be reached. A blob that names another key than the header does was tampered with.
    private static bool SaysMoreThanNo(KmsException exception, KmsWrap wrap) => exception.Code switch
    {
        KmsErrorCode.KmsIntegrity or KmsErrorCode.KmsUsage => false,
        KmsErrorCode.KmsKeyNotFound or KmsErrorCode.KmsKeyDamaged => exception.Target == wrap.Description.KeyId,
        _ => true,
    };

    // Every key is tried on every wrap: a fingerprint is for people.
    private KmsSecret? WithRecoveryKey()
    {
        foreach (RecoveryWrap wrap in header.Wraps.OfType<RecoveryWrap>())
        {
            foreach (KmsRecoverySecret recoveryKey in opening.RecoveryKeys)
            {
                if (Note(wrap, wrap.TryOpen(recoveryKey, header.Salt)) is { } fileKey)
                {
                    return fileKey;
                }
            }
        }

        return null;
    }

    private async Task<KmsSecret?> WithPassphraseAsync(CancellationToken cancellationToken)
    {
        if (opening.Passphrase is not { } passphrase)
        {
            return null;
        }

        foreach (PassphraseWrap wrap in header.Wraps.OfType<PassphraseWrap>())
        {
            // A derivation cannot be stopped midway: whoever cancels does not wait for it, and its result is wiped when it comes.
            Task<KmsSecret?> deriving = Task.Run(() => wrap.TryOpen(passphrase, header.Salt), CancellationToken.None);
            try
            {
                if (Note(wrap, await deriving.WaitAsync(cancellationToken).ConfigureAwait(false)) is { } fileKey)
                {
                    return fileKey;
                }
            }
            catch (OperationCanceledException)
            {
                _ = deriving.ContinueWith(
                    late => late.Result?.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
                throw;
            }
        }

        return null;
    }

    private KmsSecret? Note(EnvelopeWrap wrap, KmsSecret? fileKey)
    {
        _tried = true;
        _used = header.Describe(wrap);
        return fileKey;
    }

    private bool HasRequiredContext(KmsWrap wrap) => opening.RequiredContext.All(
        entry => wrap.Description.EncryptionContext.TryGetValue(entry.Key, out string? value) && value == entry.Value);

    private KmsException NothingFits() => new(
        KmsErrorCode.KmsAuthentication,
        $"Nothing was given that could open '{path}'. It opens with: {string.Join(", ", header.Wraps.Select(wrap => wrap.Description.ToString()).Distinct())}.",
        path);
}
