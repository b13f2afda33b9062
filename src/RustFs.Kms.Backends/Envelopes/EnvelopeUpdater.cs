using RustFs.Kms.Backends.Envelopes.Wraps;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Changes the wraps of a protected file, and nothing else of it. Rule: docs/envelope-format.md 8.</summary>
internal static class EnvelopeUpdater
{
    internal static async Task<KmsEnvelope> UpdateAsync(KmsUpdateEnvelopeOptions options, CancellationToken cancellationToken)
    {
        if (options.Add.IsEmpty && options.Remove is null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "Neither a wrap to add nor one to remove was named.", options.Path);
        }

        WrapMaker.Check(options.Add, options.Path);
        using EnvelopeFile envelope = EnvelopeFile.Open(options.Path);
        SourceRemoval.Check(options.Path, "changed");
        if (options.ExpectedHeader is { } expected && envelope.Header.Sha256 != expected)
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict, $"Somebody else changed the wraps of '{options.Path}' meanwhile. Nothing was changed.", options.Path);
        }

        if (envelope.Layout is null)
        {
            throw EnvelopeFormat.DoesNotOpen(options.Path); // its payload was cut: no wrap would open it
        }

        List<EnvelopeWrap> kept = Kept(envelope.Header, options);
        WrapMaker.CheckWhole(
            [.. kept.Select(wrap => wrap.Description), .. WrapMaker.Foresee(options.Add)], options.AllowServerOnlyWrap, options.Path);
        (KmsSecret fileKey, _) = await new FileKeyOpener(envelope.Header, options.Opening, options.Path)
            .OpenAsync(cancellationToken).ConfigureAwait(false);
        using (fileKey)
        {
            List<EnvelopeWrap> added = await WrapMaker
                .MakeAsync(options.Add, fileKey, envelope.Header.Salt, cancellationToken).ConfigureAwait(false);
            await DropRenewedAsync(kept, added, options.Add.Kms, envelope.Header.Salt, cancellationToken).ConfigureAwait(false);
            EnvelopeHeader header = EnvelopeHeader.Make(
                fileKey, envelope.Header.ChunkSize, envelope.Header.Salt, [.. kept, .. added], options.Path);
            return Replace(options, envelope, header, fileKey, cancellationToken);
        }
    }

    // A recovery key that is added again gets its wrap anew, not a second one.
    private static List<EnvelopeWrap> Kept(EnvelopeHeader header, KmsUpdateEnvelopeOptions options)
    {
        HashSet<string?> renewed = [.. options.Add.Recipients.Select(recipient => recipient.Fingerprint)];
        List<EnvelopeWrap> kept =
        [
            .. header.Wraps.Where(wrap => options.Remove?.Invoke(header.Describe(wrap)) != true
                && (wrap.Description.Recipient is null || !renewed.Contains(wrap.Description.Recipient))),
        ];
        return kept.Count < header.Wraps.Count || !options.Add.IsEmpty
            ? kept
            : throw new KmsException(KmsErrorCode.KmsUsage, $"'{options.Path}' has no wrap of those that were to be removed.", options.Path);
    }

    /// <summary>
    /// Takes out the wraps that new ones stand for: of the same KMS key, with the same context. The names say little, because another
    /// key directory may have a key of the same id, and its wrap may be the only way in that somebody has. So the connection has to open the old
    /// wrap before it goes; one that a server made stays, since no server opens any.
    /// </summary>
    private static async Task DropRenewedAsync(
        List<EnvelopeWrap> kept, List<EnvelopeWrap> added, IReadOnlyList<KmsEnvelopeKmsWrap> requests, byte[] salt, CancellationToken cancellationToken)
    {
        foreach ((KmsWrap made, KmsEnvelopeKmsWrap request) in added.OfType<KmsWrap>().Zip(requests))
        {
            if (!(await request.Backend.GetCapabilitiesAsync(cancellationToken).ConfigureAwait(false)).UnwrapDataKey)
            {
                continue;
            }

            foreach (KmsWrap old in kept.OfType<KmsWrap>().Where(old => old.IsLike(made)).ToArray())
            {
                if (await OpensAsync(request.Backend, old, salt, cancellationToken).ConfigureAwait(false))
                {
                    _ = kept.Remove(old);
                }
            }
        }
    }

    private static async Task<bool> OpensAsync(IKmsBackend backend, KmsWrap wrap, byte[] salt, CancellationToken cancellationToken)
    {
        try
        {
            using KmsDataKey dataKey = await backend
                .UnwrapDataKeyAsync(wrap.Ciphertext, wrap.Description.EncryptionContext, cancellationToken).ConfigureAwait(false);
            using var plaintext = KmsSecret.OfLength(dataKey.PlaintextLength);
            dataKey.CopyPlaintextTo(plaintext.Array);
            using KmsSecret? fileKey = dataKey.PlaintextLength == AeadCipher.KeyLength ? wrap.TryOpen(plaintext, salt) : null;
            return fileKey is not null;
        }
        catch (KmsException)
        {
            return false; // another store's key of that name, or one whose record is damaged: the wrap stays
        }
    }

    /// <returns>The new file, as it was read back.</returns>
    private static KmsEnvelope Replace(
        KmsUpdateEnvelopeOptions options, EnvelopeFile envelope, EnvelopeHeader header, KmsSecret fileKey, CancellationToken cancellationToken)
    {
        using OutputFile output = OutputFile.Create(options.Path, replace: true);
        output.TakeAccessOf(envelope.File);
        output.Write(header.Bytes, 0);
        ProgressMeter Meter(KmsFileStage stage) => new(options.Progress, options.Path, stage, envelope.PayloadLength);
        byte[] payload = FileCopy.Copy(
            envelope.File, envelope.Header.Length, output, header.Length, Meter(KmsFileStage.Copying), cancellationToken);
        output.Sync();
        KmsEnvelope updated;
        using (EnvelopeFile written = EnvelopeFile.Open(output.ReadBack(), options.Path))
        {
            if (!written.Header.IsOf(fileKey) || written.Header.Length != header.Length)
            {
                throw EnvelopeFormat.DoesNotOpen(options.Path);
            }

            SourceRemoval.RequireSame(
                payload, FileCopy.Hash(written.File, written.Header.Length, Meter(KmsFileStage.Verifying), cancellationToken), options.Path);
            updated = written.Describe() with
            {
                Path = options.Path,
                PayloadSha256 = Convert.ToHexString(payload).ToLowerInvariant(),
                OtherNames = envelope.File.OtherNames,
            };
        }

        envelope.File.RequireUnchanged();
        cancellationToken.ThrowIfCancellationRequested();
        envelope.File.Dispose(); // Windows replaces no file that is open
        output.Publish();
        return updated;
    }
}
