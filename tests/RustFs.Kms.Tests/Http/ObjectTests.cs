using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>The objects of a smoke test, over real sockets, in every encryption.</summary>
public sealed class ObjectTests
{
    private static readonly byte[] s_body = [.. Enumerable.Range(0, 300).Select(number => (byte)number)];

    public enum Kind
    {
        SseS3,
        SseKms,
        SseC,
    }

    [Theory]
    [InlineData(Kind.SseS3, "AES256", false)]
    [InlineData(Kind.SseKms, "aws:kms", false)]
    [InlineData(Kind.SseC, null, true)]
    public async Task An_object_is_put_read_back_and_removed(Kind kind, string? algorithm, bool customers)
    {
        await using EmulatorHost host = await StartAsync();
        await using HttpKmsBackend backend = Backend(host);
        using var customerKey = KmsSecret.Random(32);
        KmsObjectEncryption encryption = Encryption(kind, customerKey);
        var address = new KmsObjectAddress("photos", "a prefix/ü 1");

        KmsObjectAnswer put = await backend.PutObjectAsync(address, s_body, encryption, default);
        KmsObjectAnswer got = await backend.GetObjectAsync(address, encryption, default);
        await backend.DeleteObjectAsync(address, default);
        await backend.DeleteObjectAsync(address, default);

        Assert.Equal((algorithm, customers), (put.Algorithm, put.IsCustomers));
        Assert.Equal((algorithm, customers), (got.Algorithm, got.IsCustomers));
        Assert.Equal(s_body, got.Body);
        await HttpTest.FailsAsync(KmsErrorCode.KmsNotFound, () => backend.GetObjectAsync(address, encryption, default));
    }

    [Fact]
    public async Task A_customers_object_opens_with_the_customers_key_only()
    {
        await using EmulatorHost host = await StartAsync();
        await using HttpKmsBackend backend = Backend(host);
        using var customerKey = KmsSecret.Random(32);
        using var another = KmsSecret.Random(32);
        var address = new KmsObjectAddress("photos", "mine");
        await backend.PutObjectAsync(address, s_body, Encryption(Kind.SseC, customerKey), default);

        await HttpTest.FailsAsync(KmsErrorCode.KmsAccessDenied, () => backend.GetObjectAsync(address, new KmsObjectEncryption(), default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsAccessDenied, () => backend.GetObjectAsync(address, Encryption(Kind.SseC, another), default));
    }

    [Fact]
    public async Task A_download_that_ends_early_is_no_success_and_a_lost_put_is_unknown()
    {
        await using EmulatorHost host = await StartAsync();
        await using HttpKmsBackend backend = Backend(host);
        using var customerKey = KmsSecret.Random(32);
        KmsObjectEncryption encryption = Encryption(Kind.SseC, customerKey);
        var address = new KmsObjectAddress("photos", "mine");
        await backend.PutObjectAsync(address, s_body, encryption, default);

        host.Emulator.Inject(new KmsEmulatorFault { Kind = KmsEmulatorFaultKind.Truncate, Method = "GET", PathSuffix = "/mine" });
        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetObjectAsync(address, encryption, default));

        host.Emulator.Inject(new KmsEmulatorFault { Kind = KmsEmulatorFaultKind.Reset, Method = "PUT", PathSuffix = "/mine", Times = 1000 });
        await HttpTest.FailsAsync(KmsErrorCode.KmsOutcomeUnknown, () => backend.PutObjectAsync(address, s_body, encryption, default));
    }

    private static async Task<EmulatorHost> StartAsync()
    {
        EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        Assert.Equal(200, (await host.SendAsync("PUT", "/photos")).Status);
        await host.CreateKeyAsync("app");
        return host;
    }

    private static HttpKmsBackend Backend(EmulatorHost host) => HttpTest.Backend(HttpTest.Options(host.Emulator.Endpoint) with
    {
        Credential = new KmsCredential(EmulatorHost.AccessKey, EmulatorHost.Secret(EmulatorHost.SecretKey)),
        RetryCount = 0,
    });

    private static KmsObjectEncryption Encryption(Kind kind, KmsSecret customerKey) => kind switch
    {
        Kind.SseS3 => new KmsObjectEncryption { Algorithm = KmsBucketAlgorithm.SseS3 },
        Kind.SseKms => new KmsObjectEncryption { Algorithm = KmsBucketAlgorithm.SseKms, KeyId = "app" },
        _ => new KmsObjectEncryption { CustomerKey = customerKey },
    };
}
