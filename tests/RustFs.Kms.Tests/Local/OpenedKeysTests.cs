using System.Security.Cryptography;
using RustFs.Kms.Backends.Local;
using Xunit;

namespace RustFs.Kms.Tests.Local;

/// <summary>A key that was opened is kept only for as long as its file is the one that was read.</summary>
public sealed class OpenedKeysTests : IDisposable
{
    private static readonly TimeSpan s_hang = TimeSpan.FromMinutes(2);

    private readonly TemporaryKeyDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_settled_sealed_key_is_kept_and_a_change_of_its_record_is_seen_at_once()
    {
        if (!TellsChanges())
        {
            return;
        }

        await using IKmsBackend store = await SettledAsync("kept");
        using KmsDataKey first = await MakeAsync(store, "kept");
        await using (IKmsBackend other = await _directory.OpenAsync())
        {
            await other.DisableKeyAsync("kept", default);
        }

        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => MakeAsync(store, "kept"));
        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, refused.Code);
        await store.EnableKeyAsync("kept", default);
        using KmsDataKey again = await MakeAsync(store, "kept");
        Assert.True(again.HasPlaintext);
    }

    [Fact]
    public async Task A_change_within_the_same_tick_of_the_clock_is_seen()
    {
        // As often as it takes for several changes to fall into one tick of the file system's clock (4 ms and more).
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "busy" }, default);
        for (int round = 0; round < 200; round++)
        {
            (await MakeAsync(store, "busy")).Dispose();
            await store.DisableKeyAsync("busy", default);
            Assert.Equal(KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => MakeAsync(store, "busy"))).Code);
            await store.EnableKeyAsync("busy", default);
        }
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(1.9, 0)]
    [InlineData(2, 1)]
    public async Task A_key_is_kept_only_once_its_file_has_been_as_it_is_for_two_seconds(double seconds, int kept)
    {
        if (!TellsChanges())
        {
            return;
        }

        string path = await WriteAsync("kept");
        using OpenedKeys keys = KeysAt(path, seconds);
        using WrappingKey key = AnyKey(KeyProtection.Sealed);
        keys.Remember("kept", key, path, OpenedKeys.Look(path));
        Assert.Equal(kept, keys.Count);
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("replaced")]
    [InlineData("link")]
    [InlineData("touched")]
    public async Task A_key_whose_file_is_not_the_one_that_was_read_is_dropped(string change)
    {
        if (!TellsChanges())
        {
            return;
        }

        string path = await WriteAsync("kept", "other");
        using OpenedKeys keys = KeysAt(path);
        using WrappingKey key = AnyKey(KeyProtection.Sealed);
        keys.Remember("kept", key, path, OpenedKeys.Look(path));
        Assert.Equal(1, keys.Count);
        using (WrappingKey? found = keys.Find("kept"))
        {
            Assert.Same(key, found);
        }

        PassATick(path);
        switch (change)
        {
            case "removed":
                File.Delete(path);
                break;
            case "replaced":
                File.Move(_directory.PathOf("other.key"), path, overwrite: true);
                break;
            case "link":
                File.Move(path, path + ".moved");
                File.CreateSymbolicLink(path, path + ".moved");
                break;
            default:
                DateTime modified = File.GetLastWriteTimeUtc(path);
                File.WriteAllBytes(path, File.ReadAllBytes(path)); // the same bytes, and the time set back
                File.SetLastWriteTimeUtc(path, modified);
                break;
        }

        Assert.Null(keys.Find("kept"));
        Assert.Equal(0, keys.Count);
    }

    [Fact]
    public async Task Plain_records_are_not_kept()
    {
        string path = await WriteAsync("kept");
        using OpenedKeys keys = KeysAt(path);
        using WrappingKey key = AnyKey(KeyProtection.Plaintext);
        keys.Remember("kept", key, path, OpenedKeys.Look(path));
        Assert.Equal(0, keys.Count);
    }

    [Fact]
    public async Task A_file_that_changed_while_it_was_read_is_not_kept()
    {
        string path = await WriteAsync("kept");
        FileIdentity before = OpenedKeys.Look(path)!.Value;
        using OpenedKeys keys = KeysAt(path);
        using WrappingKey key = AnyKey(KeyProtection.Sealed);
        keys.Remember("kept", key, path, before with { Changed = before.Changed - 1 });
        Assert.Equal(0, keys.Count);
    }

    [Fact]
    public async Task What_is_kept_is_wiped_when_all_is_disposed_of_and_not_before()
    {
        if (!TellsChanges())
        {
            return;
        }

        string path = await WriteAsync("kept");
        WrappingKey key = AnyKey(KeyProtection.Sealed);
        byte[] nonce = new byte[AeadCipher.NonceLength];
        using KmsSecret plaintext = KmsSecret.Random(32);
        WrappingKey found;
        using (OpenedKeys keys = KeysAt(path))
        {
            keys.Remember("kept", key, path, OpenedKeys.Look(path));
            key.Dispose();
            found = keys.Find("kept")!;
        }

        byte[] sealedBytes = found.Seal(nonce, plaintext); // in use while the cache is gone
        using (KmsSecret? opened = found.TryOpen(nonce, sealedBytes))
        {
            Assert.True(CryptographicOperations.FixedTimeEquals(plaintext.Bytes, opened!.Bytes));
        }

        found.Dispose();
        Assert.Throws<ObjectDisposedException>(() => found.Seal(nonce, plaintext));
        Assert.Throws<ObjectDisposedException>(() => found.TryOpen(nonce, sealedBytes));
        Assert.Throws<ObjectDisposedException>(found.Hold);
    }

    [Fact]
    public async Task A_disposed_cache_keeps_nothing()
    {
        string path = await WriteAsync("kept");
        OpenedKeys keys = KeysAt(path);
        keys.Dispose();
        using WrappingKey key = AnyKey(KeyProtection.Sealed);
        keys.Remember("kept", key, path, OpenedKeys.Look(path));
        Assert.Equal(0, keys.Count);
    }

    [Fact]
    public async Task Many_threads_use_keys_while_one_changes_them_and_the_store_is_closed()
    {
        IKmsBackend store = await SettledAsync("a", "b");
        await using IKmsBackend reader = await _directory.OpenAsync();
        using var closing = new CancellationTokenSource();
        int made = 0;
        Task[] users = [.. Enumerable.Range(0, 4).Select(number => Task.Run(async () =>
        {
            string keyId = number % 2 == 0 ? "a" : "b";
            while (true)
            {
                try
                {
                    using KmsDataKey key = await MakeAsync(store, keyId);
                    using KmsDataKey opened = await reader.UnwrapDataKeyAsync(key.CiphertextBlob, KmsKey.NoTags, default);
                    Assert.True(key.HasSamePlaintextAs(opened));
                    _ = Interlocked.Increment(ref made);
                }
                catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsNotFound && closing.IsCancellationRequested)
                {
                    return; // "The connection was closed while it was being used."
                }
            }
        }))];
        for (int change = 0; change < 20; change++)
        {
            await reader.SetKeyDescriptionAsync("a", $"change {change}", default);
        }

        while (Volatile.Read(ref made) < 100)
        {
            Assert.DoesNotContain(users, user => user.IsFaulted);
            await Task.Yield();
        }

        await closing.CancelAsync();
        await store.DisposeAsync();
        await Task.WhenAll(users).WaitAsync(s_hang);
    }

    // What tells a change that nobody can set back: not Windows.
    private bool TellsChanges()
    {
        _directory.MakeEmpty().Write("probe", "probe");
        bool tells = OpenedKeys.Look(_directory.PathOf("probe")) is { Changed: > 0 };
        File.Delete(_directory.PathOf("probe"));
        return tells || (OperatingSystem.IsWindows() ? false : throw new InvalidOperationException("The file system tells no changes."));
    }

    private static WrappingKey AnyKey(KeyProtection protection)
    {
        using KmsSecret material = KmsSecret.Random(KeyRecord.MaterialLength);
        return new WrappingKey(
            new KeyRecord
            {
                KeyId = "kept",
                CreatedAt = ZonedTime.FromInstant(DateTimeOffset.UtcNow),
                Material = new byte[48],
                Nonce = new byte[12],
                Protection = protection,
            },
            material);
    }

    /// <summary>A cache that looks at a file some time after its last change.</summary>
    private static OpenedKeys KeysAt(string path, double secondsAfter = 60) => new(new FixedClock(
        DateTimeOffset.UnixEpoch.AddTicks(OpenedKeys.Look(path)!.Value.Changed / TimeSpan.NanosecondsPerTick).AddSeconds(secondsAfter).AddTicks(1)));

    // Until the file system's clock has moved on: two changes within one step look alike.
    private void PassATick(string path)
    {
        string probe = _directory.PathOf("probe");
        do
        {
            File.WriteAllText(probe, "probe");
        }
        while (OpenedKeys.Look(probe)!.Value.Changed <= OpenedKeys.Look(path)!.Value.Changed);
        File.Delete(probe);
    }

    private async Task<string> WriteAsync(params string[] keyIds)
    {
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        foreach (string keyId in keyIds)
        {
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = keyId }, default);
        }

        return _directory.PathOf(keyIds[0] + ".key");
    }

    private static Task<KmsDataKey> MakeAsync(IKmsBackend store, string keyId) =>
        store.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = keyId }, default);

    /// <summary>A store whose keys are old enough to be kept: the file system's clock is waited for, not a duration.</summary>
    private async Task<IKmsBackend> SettledAsync(params string[] keyIds)
    {
        IKmsBackend store = await _directory.CreateStoreAsync();
        foreach (string keyId in keyIds)
        {
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = keyId }, default);
        }

        DateTimeOffset newest = DateTimeOffset.UtcNow;
        while (DateTimeOffset.UtcNow - newest < TimeSpan.FromSeconds(2.5))
        {
            await Task.Delay(100);
        }

        return store;
    }
}
