using System.Text;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>What a running service destroys by itself. http-api.md 2.4, local-backend-format.md 4.4.</summary>
public sealed class DeletionWorkerTests : IAsyncLifetime
{
    private readonly TestClock _clock = new();
    private EmulatorHost _host = null!;

    private string Keys => _host.Emulator.KeyDirectory;

    private TestSigner Signer => _host.Signer with { Time = _clock.GetUtcNow() };

    public async Task InitializeAsync() => _host = await EmulatorHost.StartAsync(options => options with { Running = true, Clock = _clock });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_due_key_is_destroyed_within_a_minute_and_one_that_is_named_only_when_it_is_no_longer()
    {
        foreach (string key in new[] { "due", "later", "kept", "named" })
        {
            await _host.CreateKeyAsync(key);
        }

        await _host.SendAsync("PUT", "/bucket");
        await _host.SendAsync("PUT", "/bucket?encryption", Encoding.UTF8.GetBytes(S3Tests.KmsRule("named")));
        foreach ((string key, int days) in new[] { ("due", 7), ("named", 7), ("later", 9) })
        {
            Assert.Equal(200, (await _host.AdminAsync("DELETE", "/kms/keys/delete", $$"""{"key_id":"{{key}}","pending_window_in_days":{{days}}}""")).Status);
        }

        _clock.Offset = TimeSpan.FromDays(6.9);
        await Task.Delay(2000);
        Assert.Equal(["due.key", "kept.key", "later.key", "named.key"], Files());
        _clock.Offset = TimeSpan.FromDays(8);
        await UntilAsync(["kept.key", "later.key", "named.key"]);
        Assert.Equal(404, (await _host.AdminAsync("GET", "/kms/keys/due", signer: Signer)).Status);
        await Task.Delay(1500);
        Assert.Equal(["kept.key", "later.key", "named.key"], Files());
        Assert.Equal(204, (await _host.SendAsync("DELETE", "/bucket?encryption", signer: Signer)).Status);
        await UntilAsync(["kept.key", "later.key"]);
    }

    [Fact]
    public async Task A_service_that_does_not_run_destroys_nothing_and_looks_at_once_when_it_starts()
    {
        await _host.CreateKeyAsync("due");
        await _host.AdminAsync("DELETE", "/kms/keys/delete", """{"key_id":"due"}""");
        await _host.AdminAsync("POST", "/kms/stop");
        _clock.Offset = TimeSpan.FromDays(31);
        await Task.Delay(1500);
        Assert.Equal(["due.key"], Files());
        await _host.AdminAsync("POST", "/kms/start", signer: Signer);
        await UntilAsync([]);
    }

    [Fact]
    public async Task A_tombstone_is_removed()
    {
        await _host.CreateKeyAsync("gone");
        string path = Path.Combine(Keys, "gone.key");
        string record = await File.ReadAllTextAsync(path);
        Assert.Contains("\"Active\"", record, StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, record.Replace("\"Active\"", "\"Deleted\"", StringComparison.Ordinal));
        await UntilAsync([]);
    }

    private string[] Files() => [.. Directory.GetFiles(Keys, "*.key").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private async Task UntilAsync(string[] files)
    {
        for (int attempt = 0; attempt < 200 && !Files().SequenceEqual(files); attempt++)
        {
            await Task.Delay(50);
        }

        Assert.Equal(files, Files());
    }
}
