using RustFs.Kms.Backends;

namespace RustFs.Kms.Bench;

/// <summary>The key directory that the measurements use.</summary>
internal static class BenchStore
{
    internal const string KeyId = "bench";

    internal const string MasterKey = "a master key for measuring";

    /// <summary>Opens it, and makes it first where it is not there.</summary>
    internal static async Task<IKmsBackend> OpenAsync(string path)
    {
        using KmsSecret masterKey = KmsSecret.CopyOf(System.Text.Encoding.UTF8.GetBytes(MasterKey));
        bool isNew = !Directory.Exists(path);
        (IKmsBackend store, _) = await KmsBackends.OpenKeyDirectoryAsync(
            new KmsKeyDirectoryOptions { Path = path, MasterKey = masterKey, Create = isNew }, CancellationToken.None);
        if (isNew)
        {
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = KeyId }, CancellationToken.None);
        }

        return store;
    }
}
