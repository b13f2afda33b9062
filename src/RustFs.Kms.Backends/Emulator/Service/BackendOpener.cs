namespace RustFs.Kms.Backends.Emulator;

/// <summary>Opens a key directory; which engine does it is none of the emulator's business.</summary>
internal delegate Task<(IKmsBackend Backend, IReadOnlyList<string> Warnings)> KeyDirectoryOpening(
    KmsKeyDirectoryOptions options, CancellationToken cancellationToken);

/// <summary>
/// Opens what restores into a key directory that need not open as one: missing, empty or half restored. Disposed of after use,
/// where it is disposable.
/// </summary>
internal delegate Task<IKmsBackups> RestoreOpening(KmsKeyDirectoryOptions options, CancellationToken cancellationToken);

/// <summary>Makes the backend of a configuration, as a server does when its service starts.</summary>
internal sealed class BackendOpener(KeyDirectoryOpening opening, RestoreOpening restoring, KmsEmulatorOptions options)
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
    internal Task<IKmsBackups> OpenForRestoreAsync(EmulatorConfiguration configuration, CancellationToken cancellationToken) =>
        restoring(Directions(configuration, create: false), cancellationToken);

    internal static async ValueTask CloseAsync(IKmsBackups backups)
    {
        if (backups is IAsyncDisposable opened)
        {
            await opened.DisposeAsync().ConfigureAwait(false);
        }
        else
        {
            (backups as IDisposable)?.Dispose();
        }
    }

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
        (IKmsBackend backend, _) = await opening(Directions(configuration, create), cancellationToken).ConfigureAwait(false);
        return backend;
    }

    private KmsKeyDirectoryOptions Directions(EmulatorConfiguration configuration, bool create) => new()
    {
        Path = configuration.KeyDirectory!,
        MasterKey = configuration.MasterKey is { Length: > 0 } masterKey ? masterKey : null,
        Create = create,
        Backup = options.Backup,
        ServiceConfiguration = ConfigurationSummary.Sanitized(configuration),
        Clock = options.Clock,
        ConnectionName = "emulator",
    };
}
