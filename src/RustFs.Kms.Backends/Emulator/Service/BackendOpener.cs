namespace RustFs.Kms.Backends.Emulator;

/// <summary>Opens a key directory; which engine does it is none of the emulator's business.</summary>
internal delegate Task<(IKmsBackend Backend, IReadOnlyList<string> Warnings)> KeyDirectoryOpening(
    KmsKeyDirectoryOptions options, CancellationToken cancellationToken);

/// <summary>Makes the backend of a configuration, as a server does when its service starts.</summary>
internal sealed class BackendOpener(KeyDirectoryOpening opening, KmsEmulatorOptions options)
{
    /// <exception cref="KmsException">There is no such backend here, or it does not open.</exception>
    internal async Task<IKmsBackend> OpenAsync(EmulatorConfiguration configuration, CancellationToken cancellationToken)
    {
        if (configuration.Backend != BackendName.Local)
        {
            throw new KmsException(
                KmsErrorCode.KmsUnsupported,
                $"Backend error: this emulator has no {configuration.Backend.Title} behind it; only the Local backend starts here");
        }

        string path = configuration.KeyDirectory!;
        IKmsBackend backend = await OpenDirectoryAsync(configuration, IsNew(path), cancellationToken).ConfigureAwait(false);
        try
        {
            if (options.CreateProbeKey)
            {
                await EnsureProbeKeyAsync(backend, cancellationToken).ConfigureAwait(false);
            }

            return backend;
        }
        catch
        {
            await backend.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens the directory of a stopped service, for a restore into it.</summary>
    internal Task<IKmsBackend> OpenForRestoreAsync(EmulatorConfiguration configuration, CancellationToken cancellationToken) =>
        OpenDirectoryAsync(configuration, create: false, cancellationToken);

    private static bool IsNew(string path) => !Directory.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any();

    private static async Task EnsureProbeKeyAsync(IKmsBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            _ = await backend.CreateKeyAsync(
                new KmsKeyCreation { KeyId = KeyView.ProbeKeyId, Description = "RustFS internal KMS health-probe key" },
                cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsConflict)
        {
            // It is there from an earlier start.
        }
    }

    private async Task<IKmsBackend> OpenDirectoryAsync(EmulatorConfiguration configuration, bool create, CancellationToken cancellationToken)
    {
        (IKmsBackend backend, _) = await opening(
            new KmsKeyDirectoryOptions
            {
                Path = configuration.KeyDirectory!,
                MasterKey = configuration.MasterKey is { Length: > 0 } masterKey ? masterKey : null,
                Create = create,
                Backup = options.Backup,
                ConnectionName = "emulator",
            },
            cancellationToken).ConfigureAwait(false);
        return backend;
    }
}
