using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Encrypts the bodies of objects: AES-256-GCM, bound to bucket and key, under a data key of the KMS, of the emulator or of the customer.</summary>
internal sealed class ObjectCipher(EmulatorService service, EmulatorSeal seal)
{
    private const int KeyLength = 32;
    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <summary>Encrypts a body as the request, or else the bucket, asks for.</summary>
    internal async Task<(byte[] Stored, ObjectProtection? Protection)> SealAsync(
        byte[] body, BucketRecord bucket, string key, SseRequest request, CancellationToken cancellationToken)
    {
        string? kind = request.Kind ?? bucket.Algorithm;
        if (kind is null)
        {
            return (body, null);
        }

        byte[] nonce = RandomNumberGenerator.GetBytes(NonceLength);
        byte[] place = PlaceOf(bucket, key);
        if (request.CustomerKey is { } customerKey)
        {
            return (Seal(customerKey, nonce, body, place), new ObjectProtection
            {
                Kind = kind,
                Nonce = nonce,
                CustomerKeyMd5 = request.CustomerKeyMd5,
            });
        }

        string? keyId = request.Kind is null ? bucket.KeyId : request.KeyId;
        using RunningKms.Loan? kms = service.TryBorrow();
        keyId ??= kms?.Configuration.DefaultKeyId;
        if (kind == ObjectProtection.SseS3 && (kms is null || keyId is null))
        {
            // A server without a KMS wraps with a key of its own.
            using var ownKey = KmsSecret.Random(KeyLength);
            return (Seal(ownKey, nonce, body, place), new ObjectProtection { Kind = kind, Nonce = nonce, WrappedKey = seal.Seal(ownKey.Bytes) });
        }

        using KmsDataKey dataKey = await GenerateAsync(kms, keyId, bucket, key, request, cancellationToken).ConfigureAwait(false);
        using var plaintext = KmsSecret.OfLength(dataKey.PlaintextLength);
        dataKey.CopyPlaintextTo(plaintext.Array);
        return (Seal(plaintext, nonce, body, place), new ObjectProtection
        {
            Kind = kind,
            Nonce = nonce,
            WrappedKey = dataKey.CiphertextBlob,
            IsOfKms = true,
            KeyId = kind == ObjectProtection.SseKms ? keyId : null,
        });
    }

    /// <summary>Decrypts a body.</summary>
    internal async Task<byte[]> OpenAsync(
        byte[] stored, BucketRecord bucket, ObjectRecord record, SseRequest request, CancellationToken cancellationToken)
    {
        RequireCustomerKey(record, request);
        if (record.Protection is not { } protection)
        {
            return stored;
        }

        if (protection.Kind == ObjectProtection.SseC)
        {
            return Open(request.CustomerKey!, protection.Nonce, stored, PlaceOf(bucket, record.Key));
        }

        using KmsSecret dataKey = protection.IsOfKms
            ? await UnwrapAsync(protection, cancellationToken).ConfigureAwait(false)
            : seal.TryOpen(protection.WrappedKey!) ?? throw WireFault.Internal("the object's data key does not open under this credential");
        return Open(dataKey, protection.Nonce, stored, PlaceOf(bucket, record.Key));
    }

    /// <summary>Compares the customer's key with the one that the object was stored with.</summary>
    internal static void RequireCustomerKey(ObjectRecord record, SseRequest request)
    {
        bool isCustomers = record.Protection?.Kind == ObjectProtection.SseC;
        if (isCustomers && (request.CustomerKey is null || request.CustomerKeyMd5 != record.Protection!.CustomerKeyMd5))
        {
            throw WireFault.AccessDenied("The object was stored with a customer provided key; the same key must be given to read it.");
        }

        if (!isCustomers && request.CustomerKey is not null)
        {
            throw WireFault.InvalidRequest("The encryption parameters are not applicable to this object.");
        }
    }

    private static byte[] PlaceOf(BucketRecord bucket, string key) => Encoding.UTF8.GetBytes($"{bucket.Name}/{key}");

    private static byte[] Seal(KmsSecret key, byte[] nonce, byte[] body, byte[] place)
    {
        byte[] stored = new byte[body.Length + TagLength];
        using KmsSecret.Loan loan = key.Lend();
        using var aes = new AesGcm(loan.Bytes, TagLength);
        aes.Encrypt(nonce, body, stored.AsSpan(0, body.Length), stored.AsSpan(body.Length), place);
        return stored;
    }

    private static byte[] Open(KmsSecret key, byte[] nonce, byte[] stored, byte[] place)
    {
        try
        {
            byte[] body = new byte[stored.Length - TagLength];
            using KmsSecret.Loan loan = key.Lend();
            using var aes = new AesGcm(loan.Bytes, TagLength);
            aes.Decrypt(nonce, stored.AsSpan(0, body.Length), stored.AsSpan(body.Length), body, place);
            return body;
        }
        catch (AuthenticationTagMismatchException)
        {
            throw WireFault.Internal("the object's body does not authenticate");
        }
    }

    private static async Task<KmsDataKey> GenerateAsync(
        RunningKms.Loan? kms, string? keyId, BucketRecord bucket, string key, SseRequest request, CancellationToken cancellationToken)
    {
        if (kms is null)
        {
            throw WireFault.Internal("KMS service not initialized");
        }

        if (keyId is null)
        {
            throw WireFault.InvalidRequest("No KMS key is named, and the service has no default key.");
        }

        var context = new Dictionary<string, string>(request.Context, StringComparer.Ordinal);
        _ = context.TryAdd(bucket.Name, $"{bucket.Name}/{key}");
        try
        {
            return await kms.Backend.GenerateDataKeyAsync(
                new KmsDataKeyRequest { KeyId = keyId, EncryptionContext = context }, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception)
        {
            throw exception.Code switch
            {
                KmsErrorCode.KmsKeyNotFound => new WireFault(400, "KMS.NotFoundException", $"Key not found: {keyId}"),
                KmsErrorCode.KmsPreconditionFailed => new WireFault(400, "KMS.DisabledException", exception.Message),
                _ => WireFault.Internal($"failed to generate data key: {exception.Message}"),
            };
        }
    }

    private async Task<KmsSecret> UnwrapAsync(ObjectProtection protection, CancellationToken cancellationToken)
    {
        using RunningKms.Loan kms = service.TryBorrow() ?? throw WireFault.Internal("KMS service not initialized");
        try
        {
            using KmsDataKey dataKey = await kms.Backend.UnwrapDataKeyAsync(protection.WrappedKey, KmsKey.NoTags, cancellationToken)
                .ConfigureAwait(false);
            KmsSecret secret = KmsSecret.OfLength(dataKey.PlaintextLength);
            dataKey.CopyPlaintextTo(secret.Array);
            return secret;
        }
        catch (KmsException exception)
        {
            throw WireFault.Internal($"failed to decrypt data key: {exception.Message}");
        }
    }
}
