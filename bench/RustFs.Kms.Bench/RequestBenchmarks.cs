using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using BenchmarkDotNet.Attributes;
using RustFs.Kms.Backends;

namespace RustFs.Kms.Bench;

/// <summary>One signed request, and its answer read, against the same server.</summary>
public class RequestBenchmarks : IDisposable
{
    private const string Secret = "a secret key for measuring";

    private BenchServerProcess? _server;
    private HttpClient? _bare;
    private Uri? _address;
    private IKmsBackend? _ours;
    private AmazonS3Client? _sdk;

    /// <summary>Starts the server and opens the three clients.</summary>
    [GlobalSetup]
    public void Open()
    {
        _server = BenchServerProcess.Start(1, 0);
        Uri endpoint = _server.Endpoints[0];
        _address = new Uri(endpoint, "rustfs/admin/v3/kms/keys/bench");
        _bare = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        using var credential = new KmsCredential("measuring", KmsSecret.CopyOf(System.Text.Encoding.UTF8.GetBytes(Secret)));
        (_ours, _) = KmsBackends.OpenEndpointAsync(
            new KmsEndpointOptions { Endpoint = endpoint, Credential = credential, Generation = KmsApiGeneration.Current, NoProxy = true },
            CancellationToken.None).GetAwaiter().GetResult();
        _sdk = new AmazonS3Client(
            new BasicAWSCredentials("measuring", Secret),
            new AmazonS3Config { ServiceURL = endpoint.ToString(), ForcePathStyle = true, UseHttp = true, AuthenticationRegion = "us-east-1" });
    }

    /// <summary>Ends them.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _sdk?.Dispose();
        _ours?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _bare?.Dispose();
        _server?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>No signature, and the answer's bytes as they are.</summary>
    [Benchmark(Baseline = true)]
    public int RequestBare() => BareAsync().GetAwaiter().GetResult();

    /// <summary>Describes a key.</summary>
    [Benchmark]
    public string RequestOurs() => _ours!.GetKeyAsync("bench", CancellationToken.None).GetAwaiter().GetResult().KeyId;

    /// <summary>Asks where a bucket is.</summary>
    [Benchmark]
    public string RequestSdk() =>
        _sdk!.GetBucketLocationAsync(new GetBucketLocationRequest { BucketName = "bench" }).GetAwaiter().GetResult().Location.Value;

    private async Task<int> BareAsync()
    {
        using HttpResponseMessage answer = await _bare!.GetAsync(_address);
        return (await answer.Content.ReadAsByteArrayAsync()).Length;
    }
}
