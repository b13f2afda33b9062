using System.Security.Cryptography;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>Small objects, over the connection's own chain: what is put, read and removed here is no more than a smoke test needs.</summary>
internal sealed class S3Objects(KmsHttpChannel channel) : IKmsObjects
{
    private const string Encryption = "x-amz-server-side-encryption";
    private const string DeleteMarker = "x-amz-delete-marker";
    private const string Customer = Encryption + "-customer-";

    public async Task<KmsObjectAnswer> PutObjectAsync(
        KmsObjectAddress address, ReadOnlyMemory<byte> body, KmsObjectEncryption encryption, CancellationToken cancellationToken)
    {
        using WireAnswer answer = await SendAsync(HttpMethod.Put, address, body, encryption, "stored", cancellationToken).ConfigureAwait(false);
        return Read(answer, []);
    }

    public async Task<KmsObjectAnswer> GetObjectAsync(
        KmsObjectAddress address, KmsObjectEncryption encryption, CancellationToken cancellationToken)
    {
        // To read it, only a customer's key has to be said.
        KmsObjectEncryption key = new() { CustomerKey = encryption.CustomerKey };
        using WireAnswer answer = await SendAsync(HttpMethod.Get, address, default, key, "read", cancellationToken).ConfigureAwait(false);
        return Read(answer, answer.Bytes.ToArray());
    }

    public async Task<bool> DeleteObjectAsync(KmsObjectAddress address, CancellationToken cancellationToken)
    {
        using WireAnswer answer = await SendAsync(HttpMethod.Delete, address, default, new KmsObjectEncryption(), "removed", cancellationToken).ConfigureAwait(false);
        return address.VersionId is null && answer.ObjectHeaders.GetValueOrDefault(DeleteMarker) == "true";
    }

    private static KmsObjectAnswer Read(WireAnswer answer, byte[] body) => new(
        WireText.Clean(answer.ObjectHeaders.GetValueOrDefault(Encryption), 100),
        answer.ObjectHeaders.ContainsKey(Customer + "algorithm"),
        answer.ObjectHeaders.GetValueOrDefault("x-amz-version-id") is { Length: > 0 } version ? version : null,
        body);

    private static IEnumerable<(string Name, string Value)> Headers(KmsObjectEncryption encryption)
    {
        switch (encryption)
        {
            case { CustomerKey: { } customerKey }:
                // Headers are strings. It is a random key that opens one object of random text, which is removed at once.
                using (KmsSecret.Loan loan = customerKey.Lend())
                {
#pragma warning disable CA5351 // MD5 is what the S3 API compares keys by; nothing is protected with it.
                    string digest = Convert.ToBase64String(MD5.HashData(loan.Bytes));
#pragma warning restore CA5351
                    return [(Customer + "algorithm", "AES256"), (Customer + "key", Convert.ToBase64String(loan.Bytes)), (Customer + "key-MD5", digest)];
                }

            case { Algorithm: KmsBucketAlgorithm.SseKms, KeyId: { } keyId }:
                return [(Encryption, "aws:kms"), (Encryption + "-aws-kms-key-id", keyId)];
            case { Algorithm: KmsBucketAlgorithm.SseKms }:
                return [(Encryption, "aws:kms")];
            case { Algorithm: KmsBucketAlgorithm.SseS3 }:
                return [(Encryption, "AES256")];
            default:
                return [];
        }
    }

    private async Task<WireAnswer> SendAsync(
        HttpMethod method, KmsObjectAddress address, ReadOnlyMemory<byte> body, KmsObjectEncryption encryption, string done, CancellationToken cancellationToken)
    {
        S3Buckets.RequireName(address.BucketName);
        string path = string.Join('/', address.Key.Split('/').Prepend(address.BucketName).Select(Uri.EscapeDataString));
        string query = address.VersionId is { } version ? $"?versionId={Uri.EscapeDataString(version)}" : string.Empty;
        var rules = new KmsSend(
            method == HttpMethod.Get ? KmsRepeat.Read : KmsRepeat.Idempotent, address.BucketName, $"The object '{address}' may or may not have been {done}.")
        {
            Secrets = encryption.CustomerKey is { } customerKey ? [customerKey] : [],
        };
        using var request = new KmsRequest(method, new Uri(channel.ServerRoot, path + query), rules, body, "application/octet-stream");
        foreach ((string name, string value) in Headers(encryption))
        {
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }

        WireAnswer answer = await channel.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (answer.Error is not { } error)
        {
            return answer;
        }

        answer.Dispose();
        throw error is { Status: 404, Code: not KmsErrorCode.KmsProtocol }
            ? new KmsException(KmsErrorCode.KmsNotFound, error.Message, address.BucketName) { HttpStatus = error.Status, RequestId = error.RequestId }
            : rules.Refused(error);
    }
}
