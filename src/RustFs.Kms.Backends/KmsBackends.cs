using RustFs.Kms.Backends.Configuration;
using RustFs.Kms.Backends.Emulator;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Backends.Local.Backup;

namespace RustFs.Kms.Backends;

/// <summary>The way into the engines: the one class that sees them all, and the only one that the cmdlets name.</summary>
internal static class KmsBackends
{
    /// <summary>Opens a RustFS key directory in this process, or makes a new one.</summary>
    /// <param name="options">Which, and with what master key. The key is copied as far as needed.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The backend (an <see cref="IKmsKeyStore"/> too), and what the operator should know about the directory.</returns>
    /// <exception cref="KmsException">The directory cannot be opened. Nothing was written.</exception>
    internal static Task<(IKmsBackend Backend, IReadOnlyList<string> Warnings)> OpenKeyDirectoryAsync(
        KmsKeyDirectoryOptions options, CancellationToken cancellationToken) =>

        // Deriving the key and probing the records takes long enough to stop the caller's thread from reacting.
        Task.Run<(IKmsBackend, IReadOnlyList<string>)>(
            () =>
            {
                (KeyStore store, IReadOnlyList<string> warnings) = KeyStoreOpener.Open(options, cancellationToken);
                return (new LocalKmsBackend(store, options.Clock, options.ConnectionName, options.ServiceConfiguration), warnings);
            },
            cancellationToken);

    /// <summary>Verifies a key directory that may be beyond opening: damaged, half restored, under another master key.</summary>
    /// <param name="options">Which, and with what master key.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    internal static async IAsyncEnumerable<KmsKeyStoreFinding> VerifyKeyDirectoryAsync(
        KmsKeyDirectoryOptions options, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using KeyStore store = KeyStoreOpener.OpenForVerifying(options);
        var verifier = new KeyStoreVerifier(store, TimeProvider.System, options.ConnectionName);
        await foreach (KmsKeyStoreFinding finding in verifier.VerifyAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return finding;
        }
    }

    /// <summary>Opens a connection to a RustFS server, and finds out which generation of the API it speaks unless that is given.</summary>
    /// <param name="options">How the server is reached. The credential is copied.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The backend (an <see cref="IKmsBuckets"/> too), and what the operator should know about the connection.</returns>
    /// <exception cref="KmsException">A setting cannot be used, or the server cannot be reached or refuses the credential.</exception>
    internal static Task<(IKmsBackend Backend, IReadOnlyList<string> Warnings)> OpenEndpointAsync(
        KmsEndpointOptions options, CancellationToken cancellationToken) => OpenEndpointAsync(options, asksNow: true, cancellationToken);

    /// <summary>Opens a connection to a RustFS server, as the other overload does.</summary>
    /// <param name="options">How the server is reached. The credential is copied.</param>
    /// <param name="asksNow">Whether to ask the server now; otherwise the first operation does, so that one that is down gets a connection too.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    internal static async Task<(IKmsBackend Backend, IReadOnlyList<string> Warnings)> OpenEndpointAsync(
        KmsEndpointOptions options, bool asksNow, CancellationToken cancellationToken)
    {
        var channel = new KmsHttpChannel(options, TimeProvider.System);
        var backend = new HttpKmsBackend(channel);
        try
        {
            if (asksNow)
            {
                await backend.ConnectAsync(cancellationToken).ConfigureAwait(false);
            }

            return (backend, [.. EndpointRules.Warnings(options), .. new[] { channel.Clock.Describe() }.OfType<string>()]);
        }
        catch
        {
            await backend.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Goes the way to a server step by step; a step that fails is a result, not an exception.</summary>
    /// <param name="options">How the server is reached. The credential stays the caller's.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    internal static IAsyncEnumerable<KmsConnectionCheck> CheckEndpointAsync(KmsEndpointOptions options, CancellationToken cancellationToken) =>
        new ConnectionChecker(options, TimeProvider.System).RunAsync(cancellationToken);

    /// <summary>Looks at a configuration without a server: what one would refuse, what is not secure, what has no effect.</summary>
    /// <param name="configuration">The configuration; it stays the caller's.</param>
    /// <param name="generation">The generation of the server that it is for; what others refuse is told, and is no error.</param>
    internal static IEnumerable<KmsConfigurationFinding> ExamineConfiguration(KmsConfigurationRequest configuration, KmsApiGeneration generation)
    {
        var wrong = new HashSet<string?>(StringComparer.Ordinal);
        foreach (ConfigurationRule rule in ConfigurationRule.Table)
        {
            if (rule.Generations.Contains(generation) && rule.When(configuration))
            {
                _ = rule.Severity == KmsFindingSeverity.Error && wrong.Add(rule.Setting);
                yield return new KmsConfigurationFinding
                {
                    Severity = rule.Severity,
                    Setting = rule.Setting,
                    Message = rule.Message,
                    Recommendation = rule.Recommendation,
                };
            }
        }

        // Whether a generation has words for it, the dialects themselves know.
        foreach (KmsApiGeneration each in (KmsApiGeneration[])[KmsApiGeneration.Current, KmsApiGeneration.Guide, KmsApiGeneration.Early])
        {
            if (GenerationDetector.RefusalOf(configuration, each) is KmsException refusal && !wrong.Contains(refusal.Target))
            {
                yield return new KmsConfigurationFinding
                {
                    Severity = each == generation ? KmsFindingSeverity.Error : KmsFindingSeverity.Information,
                    Setting = refusal.Target,
                    Message = each == generation ? refusal.Message : $"A server of the {each} generation refuses this: {refusal.Message}",
                };
            }
        }
    }

    /// <summary>Reads a profile of the AWS shared files; nothing but those files is asked.</summary>
    /// <param name="name">The profile.</param>
    /// <param name="file">The credentials file; null for the usual ones.</param>
    /// <exception cref="KmsException">There is no such profile, or it holds no keys.</exception>
    internal static KmsAwsProfile ReadAwsProfile(string name, string? file) => AwsProfileReader.Read(name, file);

    /// <summary>Starts an emulator of a RustFS server's KMS on loopback, in this process.</summary>
    /// <param name="options">How. The secrets stay the caller's, and must live as long as the emulator.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="KmsException">The port is taken, or the key directory of a running emulator does not open.</exception>
    internal static async Task<IKmsEmulator> StartEmulatorAsync(KmsEmulatorOptions options, CancellationToken cancellationToken) =>
        await KmsEmulator.StartAsync(
            options,
            OpenKeyDirectoryAsync,
            (directory, _) => Task.FromResult<IKmsBackups>(new LocalRestore(
                new LocalBackups(directory.Path, directory.MasterKey, directory.Backup!, directory.Clock, directory.ConnectionName))),
            cancellationToken).ConfigureAwait(false);
}
