using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RustFs.Kms.Backends.Net;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>The default encryption of buckets, through the S3 SDK: its XML and its signature, our sockets, time limits and credential.</summary>
internal sealed class S3Buckets(KmsHttpChannel channel) : IDisposable
{
    private readonly SameTransport _transport = new(channel.Options);
    private AmazonS3Client? _client;

    internal Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => RunAsync<IReadOnlyList<string>>(
        target: null,
        changes: null,
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
        changes: null,
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
            catch (AmazonS3Exception exception) when (exception.ErrorCode == "ServerSideEncryptionConfigurationNotFoundError")
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
            $"The encryption of the bucket '{bucketName}' may or may not have been set.",
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
        $"The encryption of the bucket '{bucketName}' may or may not have been removed.",
        (client, token) => client.DeleteBucketEncryptionAsync(new DeleteBucketEncryptionRequest { BucketName = bucketName }, token),
        cancellationToken);

    public void Dispose()
    {
        _client?.Dispose();
        _transport.Dispose();
    }

    private AmazonS3Client Create() => new(
        channel.Credentials is { } credentials ? credentials : new AnonymousAWSCredentials(),
        new AmazonS3Config
        {
            ServiceURL = channel.ServerRoot.ToString(),
            AuthenticationRegion = channel.Options.Region,
            ForcePathStyle = true,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = channel.Options.RetryCount,
            Timeout = channel.Options.TryTimeout,
            AllowAutoRedirect = false,
            UseHttp = channel.ServerRoot.Scheme == Uri.UriSchemeHttp,
            HttpClientFactory = _transport,
        });

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

    private async Task<T> RunAsync<T>(
        string? target, string? changes, Func<AmazonS3Client, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        if (target is not null && (target.Length == 0 || target.Any(character => character is <= ' ' or > '~' or '/' or '?' or '#' or '%' or '\\')
            || target is "." or ".."))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The bucket's name holds something that no bucket name holds.", target);
        }

        using var deadline = new CancellationTokenSource(channel.Options.Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            // The SDK sits out its waits between tries when it is stopped; the caller does not. It sends nothing more either way.
            return await call(LazyInitializer.EnsureInitialized(ref _client, Create), either.Token).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (AmazonServiceException exception)
        {
            throw Translate(exception, target);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KmsException(
                changes is null ? KmsErrorCode.KmsTimeout : KmsErrorCode.KmsOutcomeUnknown,
                $"{changes} There was no answer in time.".TrimStart(),
                target,
                innerException: exception);
        }
        catch (Exception exception) when (exception is AmazonClientException or HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Lost(exception, target, changes);
        }
    }

    private static KmsException Translate(AmazonServiceException exception, string? target)
    {
        if (exception.StatusCode == default || exception.InnerException is HttpRequestException)
        {
            return Lost(exception, target, changes: null);
        }

        HttpStatusCode status = exception.StatusCode == SameTransport.StandIn ? HttpStatusCode.NotFound : exception.StatusCode;
        (KmsErrorCode code, string message) = KmsWireError.OfCode((int)status, exception.ErrorCode, exception.Message);
        return new KmsException(status == HttpStatusCode.NotFound ? KmsErrorCode.KmsNotFound : code, message, target)
        {
            HttpStatus = (int)status,
            RequestId = WireText.Clean(exception.RequestId, 200),
        };
    }

    private static KmsException Lost(Exception exception, string? target, string? changes)
    {
        var causes = new List<Exception>();
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            causes.Add(cause);
        }

        string? reason = WireText.Clean(causes[^1].Message);
        return causes.OfType<System.Security.Authentication.AuthenticationException>().Any()
            ? new KmsException(KmsErrorCode.KmsTls, $"There is no secure connection to the server: {reason}", target, innerException: exception)
            : causes.OfType<HttpRequestException>().FirstOrDefault()?.HttpRequestError is HttpRequestError.ConnectionError
                or HttpRequestError.NameResolutionError or HttpRequestError.ProxyTunnelError || changes is null
                ? new KmsException(KmsErrorCode.KmsNetwork, $"The server cannot be reached: {reason}", target, innerException: exception)
                : new KmsException(KmsErrorCode.KmsOutcomeUnknown, $"{changes} {reason}", target, innerException: exception);
    }

    /// <summary>Gives the SDK sockets with this connection's certificates, proxy and limits.</summary>
    private sealed class SameTransport(KmsEndpointOptions options) : HttpClientFactory, IDisposable
    {
        /// <summary>What the SDK sees instead of 404.</summary>
        internal const HttpStatusCode StandIn = HttpStatusCode.Gone;

        private HttpClient? _client;

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => LazyInitializer.EnsureInitialized(ref _client, () =>
            new HttpClient(new Told404 { InnerHandler = Transport.Create(options) }) { Timeout = options.TryTimeout, MaxResponseContentBufferSize = 16 * 1024 * 1024 });

        public void Dispose() => _client?.Dispose();

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        /// <summary>The SDK turns a 404 of some reads into an empty success, and a bucket that is not there into one without encryption.</summary>
        private sealed class Told404 : DelegatingHandler
        {
            protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                response.StatusCode = response.StatusCode == HttpStatusCode.NotFound ? StandIn : response.StatusCode;
                return response;
            }
        }
    }
}
