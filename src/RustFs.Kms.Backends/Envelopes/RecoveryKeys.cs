using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Recovery keys as files: X25519 as RFC 8410 writes it, in PEM. Rule: docs/envelope-format.md 5.3.</summary>
internal static class RecoveryKeys
{
    private const string X25519Oid = "1.3.101.110";
    private const string PrivateLabel = "PRIVATE KEY";
    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";
    private const string PublicLabel = "PUBLIC KEY";
    private const int FingerprintLength = 16;
    private const int MaximumFileLength = 64 * 1024;

    /// <summary>Makes a recovery key and its files.</summary>
    internal static KmsRecoveryKey Create(KmsRecoveryKeyCreation creation)
    {
        if (creation.Passphrase is { Length: 0 })
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The passphrase is empty.", creation.Path);
        }

        if (creation.PublicKeyPath == creation.Path)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The private and the public half go into two files.", creation.Path);
        }

        if (FileIdentity.Of(creation.Path) is not null)
        {
            throw Exists(creation.Path);
        }

        using KmsSecret privateKey = KmsSecret.Random(Hpke.KeyLength);
        KmsRecoveryRecipient recipient = RecipientOf(Hpke.PublicKeyOf(privateKey));
        using KmsSecret content = creation.Passphrase is { } passphrase ? EncryptedPem(privateKey, passphrase) : PrivatePem(privateKey);

        // The public half first: when the other cannot be written, nothing secret stands there alone.
        if (creation.PublicKeyPath is { } publicKeyPath)
        {
            WriteNew(publicKeyPath, Encoding.ASCII.GetBytes(PemEncoding.WriteString(PublicLabel, EncodePublic(recipient.PublicKey)) + "\n"));
        }

        try
        {
            WriteNew(creation.Path, content.Bytes);
        }
        catch (KmsException exception) when (creation.PublicKeyPath is not null && exception.Code != KmsErrorCode.KmsOutcomeUnknown)
        {
            RemoveAfter(exception, creation.PublicKeyPath);
            throw;
        }

        return new KmsRecoveryKey
        {
            Path = creation.Path,
            PublicKeyPath = creation.PublicKeyPath,
            Recipient = recipient,
            IsEncrypted = creation.Passphrase is not null,
        };
    }

    /// <summary>Reads a private half.</summary>
    internal static KmsRecoverySecret Read(string path, KmsSecret? passphrase)
    {
        using KmsSecret content = ReadFile(path);
        char[] text = GC.AllocateArray<char>(content.Length, pinned: true);
        try
        {
            int length = Encoding.Latin1.GetChars(content.Bytes, text);
            if (!PemEncoding.TryFind(text.AsSpan(0, length), out PemFields pem))
            {
                throw NotPrivate(path);
            }

            using KmsSecret der = KmsSecret.OfLength(pem.DecodedDataLength);
            if (!Convert.TryFromBase64Chars(text.AsSpan(pem.Base64Data), der.Bytes, out int written) || written != der.Length)
            {
                throw NotPrivate(path);
            }

            KmsSecret privateKey = text.AsSpan(pem.Label) switch
            {
                PrivateLabel => TryDecodePrivate(der) ?? throw NotPrivate(path),
                EncryptedLabel => Decrypt(der, passphrase, path),
                _ => throw NotPrivate(path),
            };
            return new KmsRecoverySecret(privateKey, RecipientOf(Hpke.PublicKeyOf(privateKey)));
        }
        finally
        {
            text.AsSpan().Clear();
        }
    }

    /// <summary>Reads a public half from PEM or from one line of Base64.</summary>
    internal static KmsRecoveryRecipient ReadRecipient(string text, string? path = null)
    {
        string trimmed = text.Trim();
        byte[]? der = null;
        if (PemEncoding.TryFind(trimmed, out PemFields pem))
        {
            if (trimmed.AsSpan(pem.Label) is PrivateLabel or EncryptedLabel)
            {
                throw new KmsException(
                    KmsErrorCode.KmsUsage,
                    "That is the private half of a recovery key, which nobody needs to protect a file. Give the public half.",
                    path);
            }

            der = trimmed.AsSpan(pem.Label) is PublicLabel ? Convert.FromBase64String(trimmed[pem.Base64Data]) : null;
        }
        else if (StrictBase64.TryDecode(trimmed, out byte[] bytes))
        {
            der = bytes;
        }

        KmsRecoveryRecipient recipient = der is not null && DecodePublic(der) is { } publicKey
            ? RecipientOf(publicKey)
            : throw new KmsException(
                KmsErrorCode.KmsUsage, "That is no recovery recipient: an X25519 public key as PEM, or the line of Base64 in that.", path);
        RefuseLowOrder(recipient);
        return recipient;
    }

    internal static KmsRecoveryRecipient ReadRecipientFile(string path)
    {
        using KmsSecret content = ReadFile(path);
        return ReadRecipient(Encoding.Latin1.GetString(content.Bytes), path);
    }

    /// <summary>A public key that takes every private key to the same, known secret.</summary>
    internal static KmsException LowOrder() =>
        new(KmsErrorCode.KmsUsage, "That recovery recipient is no real public key: everybody could open what is wrapped to it.");

    internal static KmsRecoveryRecipient RecipientOf(byte[] publicKey) => new(
        publicKey,
        Convert.ToHexString(SHA256.HashData(publicKey).AsSpan(0, FingerprintLength)).ToLowerInvariant(),
        Convert.ToBase64String(EncodePublic(publicKey)));

    private static void RefuseLowOrder(KmsRecoveryRecipient recipient)
    {
        if (Hpke.Seal(recipient.PublicKey, [], [], []) is null)
        {
            throw LowOrder();
        }
    }

    private static byte[] EncodePublic(ReadOnlySpan<byte> publicKey)
    {
        var der = new AsnWriter(AsnEncodingRules.DER);
        using (der.PushSequence())
        {
            using (der.PushSequence())
            {
                der.WriteObjectIdentifier(X25519Oid);
            }

            der.WriteBitString(publicKey);
        }

        return der.Encode();
    }

    private static byte[]? DecodePublic(byte[] der)
    {
        try
        {
            var reader = new AsnReader(der, AsnEncodingRules.DER);
            AsnReader info = reader.ReadSequence();
            AsnReader algorithm = info.ReadSequence();
            string oid = algorithm.ReadObjectIdentifier();
            byte[] key = info.ReadBitString(out int unused);
            return oid == X25519Oid && unused == 0 && key.Length == Hpke.KeyLength && !algorithm.HasData && !info.HasData && !reader.HasData
                ? key
                : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static KmsSecret PrivatePem(KmsSecret privateKey)
    {
        using KmsSecret der = EncodePrivate(privateKey);
        return Pem(PrivateLabel, der.Bytes);
    }

    private static KmsSecret EncodePrivate(KmsSecret privateKey)
    {
        // RFC 8410 section 7: version 0, the algorithm, and the key as an octet string within an octet string.
        ReadOnlySpan<byte> head = [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x6E, 0x04, 0x22, 0x04, 0x20];
        KmsSecret der = KmsSecret.OfLength(head.Length + privateKey.Length);
        head.CopyTo(der.Bytes);
        privateKey.Bytes.CopyTo(der.Bytes[head.Length..]);
        return der;
    }

    private static KmsSecret EncryptedPem(KmsSecret privateKey, KmsSecret passphrase)
    {
        using KmsSecret der = EncodePrivate(privateKey);
        return Pem(EncryptedLabel, Pbes2.Encrypt(der, passphrase));
    }

    private static KmsSecret Pem(string label, ReadOnlySpan<byte> der)
    {
        char[] text = GC.AllocateArray<char>(PemEncoding.GetEncodedSize(label.Length, der.Length) + 1, pinned: true);
        try
        {
            _ = PemEncoding.TryWrite(label, der, text, out int written);
            text[written] = '\n';
            KmsSecret pem = KmsSecret.OfLength(text.Length);
            _ = Encoding.ASCII.GetBytes(text, pem.Bytes);
            return pem;
        }
        finally
        {
            text.AsSpan().Clear();
        }
    }

    private static KmsSecret? TryDecodePrivate(KmsSecret der)
    {
        try
        {
            AsnReader info = new AsnReader(der.Array, AsnEncodingRules.BER).ReadSequence();
            _ = info.ReadInteger();
            string oid = info.ReadSequence().ReadObjectIdentifier();
            KmsSecret key = KmsSecret.OfLength(Hpke.KeyLength);
            return oid == X25519Oid
                && info.TryReadPrimitiveOctetString(out ReadOnlyMemory<byte> outer)
                && new AsnReader(outer, AsnEncodingRules.BER).TryReadOctetString(key.Bytes, out int length)
                && length == key.Length
                    ? key
                    : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static KmsSecret Decrypt(KmsSecret der, KmsSecret? passphrase, string path)
    {
        if (passphrase is null)
        {
            throw new KmsException(KmsErrorCode.KmsAuthentication, $"The recovery key '{path}' is encrypted, and no passphrase was given.", path);
        }

        try
        {
            using KmsSecret opened = Pbes2.TryDecrypt(der, passphrase) ?? throw DoesNotOpen(path);
            return TryDecodePrivate(opened) ?? throw DoesNotOpen(path);
        }
        catch (AsnContentException exception)
        {
            throw NotPrivate(path, exception);
        }
        catch (NotSupportedException exception)
        {
            throw new KmsException(
                KmsErrorCode.KmsUnsupported,
                $"The recovery key '{path}' is encrypted in a way that is not read here. 'openssl pkcs8 -topk8 -v2 aes-256-cbc' makes one that is.",
                path,
                innerException: exception);
        }
    }

    // A wrong passphrase passes for a right one now and then, until the content is looked at.
    private static KmsException DoesNotOpen(string path) => new(
        KmsErrorCode.KmsAuthentication, $"The recovery key '{path}' does not open: the passphrase is wrong, or the file is damaged.", path);

    private static KmsSecret ReadFile(string path)
    {
        using SourceFile file = SourceFile.Open(path);
        if (file.Length > MaximumFileLength)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is no recovery key: it is too long for one.", path);
        }

        KmsSecret content = KmsSecret.OfLength((int)file.Length);
        return file.Read(content.Array, 0) == content.Length ? content : throw file.Changed();
    }

    private static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        string directory = Path.GetDirectoryName(path) ?? throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is no file's name.", path);
        string temporary = OutputFile.TemporaryName();
        try
        {
            if (!DurableFile.TryCreate(directory, temporary, Path.GetFileName(path), content))
            {
                throw Exists(path);
            }
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.OfWriting(exception, path, Path.Combine(directory, temporary));
        }
    }

    private static void RemoveAfter(KmsException failure, string publicKeyPath)
    {
        try
        {
            File.Delete(publicKeyPath);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw new KmsException(
                failure.Code,
                $"{failure.Message} The public half '{publicKeyPath}' was written, and could not be removed again: {exception.Message}",
                failure.Target,
                innerException: failure);
        }
    }

    private static KmsException Exists(string path) =>
        new(KmsErrorCode.KmsConflict, $"'{path}' exists; a recovery key never replaces a file.", path);

    private static KmsException NotPrivate(string path, Exception? cause = null) => new(
        KmsErrorCode.KmsUsage, $"'{path}' is no recovery key: an X25519 private key as PKCS #8 in PEM.", path, innerException: cause);
}
