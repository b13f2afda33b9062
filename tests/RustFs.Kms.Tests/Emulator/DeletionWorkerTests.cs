using System.Text;
using RustFs.Kms.Tests.Shared;
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
        await UntilSweptAsync();
        Assert.Equal(["due.key", "kept.key", "later.key", "named.key"], Files());
        _clock.Offset = TimeSpan.FromDays(8);
        await UntilAsync(["kept.key", "later.key", "named.key"]);
        Assert.Equal(404, (await _host.AdminAsync("GET", "/kms/keys/due", signer: Signer)).Status);
        await UntilSweptAsync();
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
        await Patience.UntilAsync(() => _clock.Periodic == 0, "the end of the worker's timer"); // nothing looks any more
        Assert.Equal(["due.key"], Files());
        await _host.AdminAsync("POST", "/kms/start", signer: Signer);
        await UntilAsync([]);
    }

    [Fact]
    public async Task A_tombstone_is_removed()
    {
        await _host.CreateKeyAsync("gone");
        await BuryAsync("gone");
        await UntilAsync([]);
    }

    // Twice, because the sweep that takes the first tombstone may have passed the other keys before.
    private async Task UntilSweptAsync()
    {
        for (int round = 0; round < 2; round++)
        {
            string name = $"tombstone{round}";
            Assert.Equal(200, (await _host.AdminAsync("POST", "/kms/keys", $$$"""{"tags":{"name":"{{{name}}}"}}""", Signer)).Status);
            await BuryAsync(name);
            await Patience.UntilAsync(() => !File.Exists(PathOf(name)), "the sweep");
        }
    }

    private async Task BuryAsync(string name)
    {
        string record = await File.ReadAllTextAsync(PathOf(name));
        Assert.Contains("\"Active\"", record, StringComparison.Ordinal);
        await File.WriteAllTextAsync(PathOf(name), record.Replace("\"Active\"", "\"Deleted\"", StringComparison.Ordinal));
    }

    private string PathOf(string name) => Path.Combine(Keys, name + ".key");

    private string[] Files() => [.. Directory.GetFiles(Keys, "*.key").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private Task UntilAsync(string[] files) => Patience.UntilAsync(() => Files().SequenceEqual(files), string.Join(", ", files));
}
