using System.Net.Sockets;
using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>Starting, stopping, keeping state, working in parallel, and failing on demand.</summary>
public sealed class LifetimeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_directory_keeps_configuration_keys_buckets_and_objects(bool running)
    {
        KmsEmulatorOptions In(KmsEmulatorOptions options) => options with { KeyDirectory = _directory, Running = running };
        await using (EmulatorHost host = await EmulatorHost.StartAsync(In))
        {
            if (!running)
            {
                string json = $$"""{"backend_type":"Local","key_dir":{{System.Text.Json.JsonSerializer.Serialize(host.Emulator.KeyDirectory)}},"master_key":"canary-master-key","allow_insecure_dev_defaults":true,"default_key_id":"a"}""";
                Assert.True((await host.AdminAsync("POST", "/kms/reconfigure", json)).Json.GetProperty("success").GetBoolean());
            }

            await host.CreateKeyAsync("a");
            await host.SendAsync("PUT", "/bucket");
            await host.SendAsync("PUT", "/bucket?encryption", Encoding.UTF8.GetBytes(S3Tests.KmsRule("a")));
            Assert.Equal(200, (await host.SendAsync("PUT", "/bucket/o", [1, 2, 3])).Status);
            Assert.Equal(200, (await host.SendAsync("PUT", "/bucket/s", [4], null, ("x-amz-server-side-encryption", "AES256"))).Status);
            await host.AdminAsync("POST", "/kms/stop");
        }

        Assert.All(Directory.EnumerateFiles(Path.Combine(_directory, "config")), file => Assert.DoesNotContain("canary-master-key", File.ReadAllText(file), StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            string[] files = Directory.GetFiles(_directory, "*", SearchOption.AllDirectories);
            Assert.Contains(files, file => file.EndsWith("seal.salt", StringComparison.Ordinal));
            foreach (string file in files)
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }

        Assert.All(Directory.EnumerateFiles(Path.Combine(_directory, "keys")), file => Assert.True(file.EndsWith(".key", StringComparison.Ordinal) || file.EndsWith(".master-key.salt", StringComparison.Ordinal)));
        await using (EmulatorHost host = await EmulatorHost.StartAsync(In))
        {
            Assert.Equal("Running", (await host.AdminAsync("GET", "/kms/service-status")).Json.GetProperty("status").GetString());
            Assert.Equal(200, (await host.AdminAsync("GET", "/kms/keys/a")).Status);
            Assert.Equal([1, 2, 3], (await host.SendAsync("GET", "/bucket/o")).Body);
            Assert.Equal([4], (await host.SendAsync("GET", "/bucket/s")).Body);
            Assert.Equal(1, (await host.AdminAsync("GET", "/kms/keys/a?impact=true")).Json.GetProperty("impact").GetProperty("references").EnumerateArray().Count(r => r.GetProperty("kind").GetString() == "bucket-default-encryption"));
        }
    }

    [Fact]
    public async Task A_key_directory_that_there_is_is_served_as_it_is_and_stays_clean()
    {
        string keys = Path.Combine(_directory, "mine");
        using KmsSecret masterKey = EmulatorHost.Secret("m");
        (IKmsBackend backend, _) = await KmsBackends.OpenKeyDirectoryAsync(new KmsKeyDirectoryOptions { Path = keys, MasterKey = masterKey, Create = true }, default);
        await backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "old" }, default);
        await backend.DisposeAsync();
        await using EmulatorHost host = await EmulatorHost.StartAsync("m", null, options => options with { KeyDirectory = keys, Running = true });
        Assert.Equal(keys, host.Emulator.KeyDirectory);
        Assert.Equal(200, (await host.AdminAsync("GET", "/kms/keys/old")).Status);
        Assert.Equal([".master-key.salt", "old.key"], Directory.EnumerateFileSystemEntries(keys).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_a_directory_nothing_is_left()
    {
        string keys;
        await using (EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true }))
        {
            keys = host.Emulator.KeyDirectory;
            Assert.True(Directory.Exists(keys));
        }

        Assert.False(Directory.Exists(Path.GetDirectoryName(keys)));
    }

    [Fact]
    public async Task A_wrong_master_key_or_a_taken_port_is_said_at_the_start()
    {
        await using (EmulatorHost host = await EmulatorHost.StartAsync("one", null, options => options with { KeyDirectory = _directory, Running = true }))
        {
            await host.CreateKeyAsync("a");
            KmsException taken = await Assert.ThrowsAsync<KmsException>(() => EmulatorHost.StartAsync(options => options with { Port = host.Emulator.Endpoint.Port }));
            Assert.Equal(KmsErrorCode.KmsConflict, taken.Code);
        }

        Directory.Delete(Path.Combine(_directory, "config"), recursive: true);
        await Assert.ThrowsAsync<KmsException>(() => EmulatorHost.StartAsync("two", null, options => options with { KeyDirectory = _directory, Running = true }));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"backend_type":"Floppy"}""")]
    [InlineData("""{"backend_type":"Local"}""")]
    [InlineData("""{"backend_type":"VaultKV2","address":"https://v"}""")]
    [InlineData("""{"backend_type":"Local","key_dir":"/x","sealed_master_key":"?"}""")]
    public async Task A_damaged_configuration_is_said_at_the_start_and_stays_as_it_is(string json)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, "config")).FullName, "kms_config.json");
        await File.WriteAllTextAsync(path, json);
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => EmulatorHost.StartAsync(options => options with { KeyDirectory = _directory }));
        Assert.Equal((KmsErrorCode.KmsStorage, path), (refused.Code, refused.Target));
        Assert.Equal(json, await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task Another_master_key_than_the_one_that_was_kept_is_refused_and_not_passed_over()
    {
        await (await EmulatorHost.StartAsync("one", null, options => options with { KeyDirectory = _directory, Running = true })).DisposeAsync();
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => EmulatorHost.StartAsync("two", null, options => options with { KeyDirectory = _directory }));
        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, refused.Code);
        await (await EmulatorHost.StartAsync("one", null, options => options with { KeyDirectory = _directory, Running = true })).DisposeAsync();
    }

    [Fact]
    public async Task A_directory_that_another_has_or_that_is_none_is_refused()
    {
        await using (await EmulatorHost.StartAsync(options => options with { KeyDirectory = _directory }))
        {
            KmsException taken = await Assert.ThrowsAsync<KmsException>(() => EmulatorHost.StartAsync(options => options with { KeyDirectory = _directory }));
            Assert.Equal(KmsErrorCode.KmsConflict, taken.Code);
        }

        string file = Path.Combine(_directory, "file");
        await File.WriteAllTextAsync(file, "x");
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => EmulatorHost.StartAsync(options => options with { KeyDirectory = file }));
        Assert.Equal((KmsErrorCode.KmsStorage, file), (refused.Code, refused.Target));
    }

    [Fact]
    public async Task Hundreds_of_requests_at_once_are_all_answered()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        await host.CreateKeyAsync("a");
        await host.SendAsync("PUT", "/bucket");
        RawAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(number => (number % 5) switch
        {
            0 => host.AdminAsync("POST", "/kms/generate-data-key", """{"key_id":"a","key_spec":"Aes256"}"""),
            1 => host.AdminAsync("GET", "/kms/keys/a"),
            2 => host.AdminAsync("POST", "/kms/keys", $$$"""{"tags":{"name":"k{{{number}}}"}}"""),
            3 => host.SendAsync("PUT", "/bucket/o", [1, 2, 3], null, ("x-amz-server-side-encryption", "aws:kms"), ("x-amz-server-side-encryption-aws-kms-key-id", "a")),
            _ => host.AdminAsync("GET", "/kms/keys?limit=3"),
        }));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(81, (await host.AdminAsync("GET", "/kms/keys")).Json.GetProperty("keys").GetArrayLength());
        Assert.True(host.Emulator.Requests.Count is > 400 and <= 1000);
        Assert.Contains("POST /rustfs/admin/v3/kms/generate-data-key", host.Emulator.Requests);
    }

    [Fact]
    public async Task Requests_under_way_end_before_it_stops()
    {
        EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        host.Emulator.Inject(new KmsEmulatorFault { Kind = KmsEmulatorFaultKind.Delay, Delay = TimeSpan.FromSeconds(1) });
        Task<RawAnswer> slow = host.AdminAsync("GET", "/kms/keys");
        await Patience.UntilAsync(() => host.Emulator.Requests.Count > 0, "the request");

        await host.DisposeAsync();
        Assert.Equal(200, (await slow).Status);
        await Assert.ThrowsAnyAsync<SocketException>(() => host.AdminAsync("GET", "/kms/keys"));
    }

    [Fact]
    public async Task Faults_come_when_they_are_asked_for()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        void Inject(KmsEmulatorFaultKind kind) => host.Emulator.Inject(new KmsEmulatorFault
        {
            Kind = kind,
            Method = "POST",
            PathSuffix = "/kms/keys",
            Status = 502,
            Body = "<html>"u8.ToArray(),
            Headers = new Dictionary<string, string> { ["Retry-After"] = "7", ["Content-Type"] = "text/html" },
        });
        Inject(KmsEmulatorFaultKind.ResetBefore);
        Assert.Equal(200, (await host.AdminAsync("GET", "/kms/keys")).Status);
        await Assert.ThrowsAnyAsync<IOException>(() => host.CreateKeyAsync("before"));
        Assert.Equal(404, (await host.AdminAsync("GET", "/kms/keys/before")).Status);
        Inject(KmsEmulatorFaultKind.Reset);
        await Assert.ThrowsAnyAsync<IOException>(() => host.CreateKeyAsync("after"));
        Assert.Equal(200, (await host.AdminAsync("GET", "/kms/keys/after")).Status);
        Inject(KmsEmulatorFaultKind.Truncate);
        await Assert.ThrowsAnyAsync<IOException>(() => host.CreateKeyAsync("cut"));
        Inject(KmsEmulatorFaultKind.Answer);
        RawAnswer answer = await host.AdminAsync("POST", "/kms/keys");
        Assert.Equal((502, "<html>", "7", "text/html"), (answer.Status, answer.Text, answer.Headers["retry-after"], answer.ContentType));
        Assert.Equal(200, (await host.AdminAsync("POST", "/kms/keys")).Status);
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nbroken\r\n\r\n")]
    [InlineData("POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n")]
    public async Task What_is_no_HTTP_is_refused_and_hurts_nobody(string request)
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        Assert.Equal(400, (await RawHttp.SendAsync(host.Emulator.Endpoint, Encoding.ASCII.GetBytes(request))).Status);
        Assert.Equal(200, (await host.AdminAsync("GET", "/kms/keys")).Status);
    }
}
