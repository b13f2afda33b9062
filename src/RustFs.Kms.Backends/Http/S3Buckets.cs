using System.Xml;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>The default encryption of buckets: the S3 SDK's requests and XML, this connection's chain of handlers.</summary>
internal sealed class S3Buckets(KmsHttpChannel channel) : IDisposable
{
    private readonly OwnChain _chain = new(channel);
    private AmazonS3Client? _client;

    internal Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => RunAsync<IReadOnlyList<string>>(
        target: null,
        async (client, token) =>
        {
            var names = new List<string>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var request = new ListBucketsRequest();
            do
            {
                ListBucketsResponse page = await client.ListBucketsAsync(request, token).ConfigureAwait(false);
                names.AddRange((page.Buckets ?? []).Select(bucket => bucket.BucketName));
                request.ContinuationToken = page.ContinuationToken;
                if (!string.IsNullOrEmpty(page.ContinuationToken) && !seen.Add(page.ContinuationToken))
                {
                    throw new KmsException(KmsErrorCode.KmsProtocol, "The server gives the same page marker twice: its listing would never end.");
                }
            }
            while (!string.IsNullOrEmpty(request.ContinuationToken));
            return names;
        },
        cancellationToken);

    internal Task<KmsBucketEncryption> GetEncryptionAsync(string bucketName, CancellationToken cancellationToken) => RunAsync(
        bucketName,
        async (client, token) =>
        {
            try
            {
                GetBucketEncryptionResponse answer = await client
                    .GetBucketEncryptionAsync(new GetBucketEncryptionRequest { BucketName = bucketName }, token).ConfigureAwait(false);
                ServerSideEncryptionByDefault? rule = answer.ServerSideEncryptionConfiguration?.ServerSideEncryptionRules?
                    .Select(each => each.ServerSideEncryptionByDefault).FirstOrDefault(each => each is not null);
                return Describe(bucketName, rule);
            }
            catch (BucketHandler.FailureException exception) when (exception.Failure is null)
            {
                return Describe(bucketName, rule: null);
            }
        },
        cancellationToken);

    internal Task SetEncryptionAsync(string bucketName, KmsBucketAlgorithm algorithm, string? keyId, CancellationToken cancellationToken)
    {
        if (algorithm is not (KmsBucketAlgorithm.SseS3 or KmsBucketAlgorithm.SseKms) || (algorithm == KmsBucketAlgorithm.SseS3 && keyId is not null))
        {
            return Task.FromException(new KmsException(
                KmsErrorCode.KmsUsage,
                algorithm == KmsBucketAlgorithm.SseS3 ? "SSE-S3 takes no key; a key goes with SSE-KMS." : "A bucket encrypts with SSE-S3 or with SSE-KMS.",
                bucketName));
        }

        return RunAsync(
            bucketName,
            (client, token) => client.PutBucketEncryptionAsync(
                new PutBucketEncryptionRequest
                {
                    BucketName = bucketName,
                    ServerSideEncryptionConfiguration = new ServerSideEncryptionConfiguration
                    {
                        ServerSideEncryptionRules =
                        [
                            new ServerSideEncryptionRule
                            {
                                ServerSideEncryptionByDefault = new ServerSideEncryptionByDefault
                                {
                                    ServerSideEncryptionAlgorithm = algorithm == KmsBucketAlgorithm.SseKms
                                        ? ServerSideEncryptionMethod.AWSKMS
                                        : ServerSideEncryptionMethod.AES256,
                                    ServerSideEncryptionKeyManagementServiceKeyId = keyId,
                                },
                            },
                        ],
                    },
                },
                token),
            cancellationToken);
    }

    internal Task RemoveEncryptionAsync(string bucketName, CancellationToken cancellationToken) => RunAsync(
        bucketName,
        (client, token) => client.DeleteBucketEncryptionAsync(new DeleteBucketEncryptionRequest { BucketName = bucketName }, token),
        cancellationToken);

    public void Dispose()
    {
        _client?.Dispose();
        _chain.Dispose();
    }

    // It repeats nothing, and its signature, without which it makes no checksum, is replaced: the chain does both.
    private AmazonS3Client Create() => new(
        new BasicAWSCredentials("replaced", "replaced"),
        new AmazonS3Config
        {
            ServiceURL = channel.ServerRoot.ToString(),
            AuthenticationRegion = channel.Options.Region,
            ForcePathStyle = true,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 0,
            AllowAutoRedirect = false,
            UseHttp = channel.ServerRoot.Scheme == Uri.UriSchemeHttp,
            HttpClientFactory = _chain,
        });

    /// <summary>Refuses what would make another address of a bucket's.</summary>
    internal static void RequireName(string? name)
    {
        if (name is not null && (name.Length == 0 || name.Any(character => character is <= ' ' or > '~' or '/' or '?' or '#' or '%' or '\\') || name is "." or ".."))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The bucket's name holds something that no bucket name holds.", name);
        }
    }

    private KmsBucketEncryption Describe(string bucketName, ServerSideEncryptionByDefault? rule)
    {
        string? algorithm = rule?.ServerSideEncryptionAlgorithm?.Value;
        return new KmsBucketEncryption
        {
            Connection = channel.Options.ConnectionName,
            BucketName = bucketName,
            Algorithm = algorithm switch
            {
                null or "" => KmsBucketAlgorithm.NotConfigured,
                "AES256" => KmsBucketAlgorithm.SseS3,
                "aws:kms" => KmsBucketAlgorithm.SseKms,
                _ => KmsBucketAlgorithm.Unknown,
            },
            AlgorithmText = WireText.Clean(algorithm, 100),
            KeyId = rule?.ServerSideEncryptionKeyManagementServiceKeyId is { Length: > 0 } keyId ? keyId : null,
        };
    }

    private async Task<T> RunAsync<T>(string? target, Func<AmazonS3Client, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        RequireName(target);

        try
        {
            return await call(LazyInitializer.EnsureInitialized(ref _client, Create), cancellationToken).ConfigureAwait(false);
        }
        catch (BucketHandler.FailureException exception) when (exception.Failure is not null)
        {
            throw exception.Failure;
        }
        catch (Exception exception) when (exception is AmazonClientException or XmlException or FormatException or OverflowException or ArgumentException or InvalidOperationException)
        {
            // The SDK lets through whatever its readers of numbers and times throw.
            cancellationToken.ThrowIfCancellationRequested();
            throw new KmsException(KmsErrorCode.KmsProtocol, "The server's answer cannot be used: it is not what the S3 API gives.", target, innerException: exception);
        }
    }

    /// <summary>Gives the SDK this connection's chain for its sockets.</summary>
    private sealed class OwnChain(KmsHttpChannel channel) : HttpClientFactory, IDisposable
    {
        private HttpClient? _client;

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => LazyInitializer.EnsureInitialized(
            ref _client, () => new HttpClient(new BucketHandler(channel)) { Timeout = Timeout.InfiniteTimeSpan });

        public void Dispose() => _client?.Dispose();

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
