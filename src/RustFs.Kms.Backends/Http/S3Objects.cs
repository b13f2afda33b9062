using Amazon.S3;
using Amazon.S3.Model;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>Small objects through the S3 SDK, over the same client as the buckets.</summary>
internal sealed class S3Objects(S3Buckets buckets) : IKmsObjects
{
    public Task<KmsObjectAnswer> PutObjectAsync(
        KmsObjectAddress address, ReadOnlyMemory<byte> body, KmsObjectEncryption encryption, CancellationToken cancellationToken) =>
        buckets.RunAsync(
            address.BucketName,
            async (client, token) =>
            {
                using var stream = new MemoryStream(body.ToArray());
                var request = new PutObjectRequest { BucketName = address.BucketName, Key = address.Key, InputStream = stream, UseChunkEncoding = false };
                if (CustomerKey(encryption) is { } customerKey)
                {
                    request.ServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256;
                    request.ServerSideEncryptionCustomerProvidedKey = customerKey;
                }
                else
                {
                    request.ServerSideEncryptionMethod = encryption.Algorithm == KmsBucketAlgorithm.SseKms
                        ? ServerSideEncryptionMethod.AWSKMS
                        : ServerSideEncryptionMethod.AES256;
                    request.ServerSideEncryptionKeyManagementServiceKeyId = encryption.KeyId;
                }

                PutObjectResponse answer = await client.PutObjectAsync(request, token).ConfigureAwait(false);
                return Read(answer.ServerSideEncryptionMethod, answer.ServerSideEncryptionCustomerMethod, answer.VersionId, []);
            },
            cancellationToken);

    public Task<KmsObjectAnswer> GetObjectAsync(
        KmsObjectAddress address, int limit, KmsObjectEncryption encryption, CancellationToken cancellationToken) => buckets.RunAsync(
        address.BucketName,
        async (client, token) =>
        {
            var request = new GetObjectRequest { BucketName = address.BucketName, Key = address.Key };
            if (CustomerKey(encryption) is { } customerKey)
            {
                request.ServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256;
                request.ServerSideEncryptionCustomerProvidedKey = customerKey;
            }

            using GetObjectResponse answer = await client.GetObjectAsync(request, token).ConfigureAwait(false);
            byte[] body = new byte[limit];
            int length = await answer.ResponseStream.ReadAtLeastAsync(body, limit, throwOnEndOfStream: false, token).ConfigureAwait(false);
            return Read(answer.ServerSideEncryptionMethod, answer.ServerSideEncryptionCustomerMethod, answer.VersionId, body[..length]);
        },
        cancellationToken);

    public Task DeleteObjectAsync(KmsObjectAddress address, CancellationToken cancellationToken) => buckets.RunAsync(
        address.BucketName,
        (client, token) => client.DeleteObjectAsync(
            new DeleteObjectRequest { BucketName = address.BucketName, Key = address.Key, VersionId = address.VersionId }, token),
        cancellationToken);

    // The SDK takes it as a string. It is a random key that opens one object of random bytes, which is removed at once.
    private static string? CustomerKey(KmsObjectEncryption encryption)
    {
        if (encryption.CustomerKey is null)
        {
            return null;
        }

        using KmsSecret.Loan loan = encryption.CustomerKey.Lend();
        return Convert.ToBase64String(loan.Bytes);
    }

    private static KmsObjectAnswer Read(
        ServerSideEncryptionMethod? method, ServerSideEncryptionCustomerMethod? customers, string? versionId, byte[] body) => new(
        WireText.Clean(string.IsNullOrEmpty(method?.Value) ? null : method.Value, 100),
        !string.IsNullOrEmpty(customers?.Value),
        string.IsNullOrEmpty(versionId) ? null : versionId,
        body);
}
