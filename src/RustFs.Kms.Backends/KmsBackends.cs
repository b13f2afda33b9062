using System.Text;
using RustFs.Kms.Backends.Configuration;
using RustFs.Kms.Backends.Emulator;
using RustFs.Kms.Backends.Envelopes;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Backends.Support;
using RustFs.Kms.Backends.Vault;
using RustFs.Kms.Backends.Wire;

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

    /// <summary>What <see cref="RepairKeyDirectoryAsync"/> would do about a finding; null when it is none that is repaired.</summary>
    internal static string? PlanRepair(KmsKeyStoreFinding finding) => new KeyStoreRepair(finding.KeyDirectory, TimeProvider.System).Plan(finding);

    /// <summary>Repairs what a verification found, where that is safe and can be undone.</summary>
    /// <param name="finding">The finding.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    /// <returns>The finding, with what was done about it.</returns>
    internal static Task<KmsKeyStoreFinding> RepairKeyDirectoryAsync(KmsKeyStoreFinding finding, CancellationToken cancellationToken) =>
        new KeyStoreRepair(finding.KeyDirectory, TimeProvider.System).RepairAsync(finding, cancellationToken);

    /// <summary>Opens the way to restore into a key directory that need not open as one: missing, empty or half restored.</summary>
    /// <param name="options">Which, with what master key, and what opens the bundle. The secrets are copied. Nothing is touched yet.</param>
    /// <returns>What restores; the caller disposes of it.</returns>
    internal static IKmsRestore OpenRestore(KmsKeyDirectoryOptions options) =>
        new LocalRestore(new LocalBackups(options.Path, options.MasterKey, options.Backup!, TimeProvider.System, options.ConnectionName));

    /// <summary>Makes sure that there is a restore to take back, before anybody is asked. Nothing is touched.</summary>
    /// <param name="keyDirectory">The directory, absolute.</param>
    /// <exception cref="KmsException">No restore is half done there, or nobody can tell what it was to do.</exception>
    internal static void RequireRestore(string keyDirectory) => LocalBackups.RequireRestore(keyDirectory);

    /// <summary>Takes back a restore that is half done. It removes files only, and so needs no key.</summary>
    /// <param name="keyDirectory">The directory, absolute.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    /// <exception cref="KmsException">No restore is half done there, or nobody can tell what it was to do.</exception>
    internal static Task<KmsRestoreAbort> AbortRestoreAsync(string keyDirectory, CancellationToken cancellationToken) =>
        LocalBackups.AbortRestoreAsync(keyDirectory, keyDirectory, before: null, cancellationToken);

    /// <summary>Verifies a bundle completely, and opens it for taking data keys out of their wrapping. Not one byte of it changes.</summary>
    /// <param name="masterKey">The master key of the keys in it; null for a development directory. Copied.</param>
    /// <param name="backup">Where the bundle is, and what opens it. Copied.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The bundle; the caller disposes of it.</returns>
    internal static async Task<IKmsBundle> OpenBundleAsync(KmsSecret? masterKey, KmsBackupEnvironment backup, CancellationToken cancellationToken)
    {
        string path = backup.BundlePath!;
        using var backups = new LocalBackups(path, masterKey, backup, TimeProvider.System, connection: null);
        return new LocalBundle(await backups.OpenBundleAsync(path, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Opens a data key that a server without a key directory wrapped, under a key of its environment.</summary>
    /// <param name="keys">Its keys, as far as they are known.</param>
    /// <param name="ciphertextBlob">The wrapped data key.</param>
    /// <param name="encryptionContext">Empty, or at least every entry that the data key was made with.</param>
    /// <returns>The data key, and what the operator should know about it; null when it was wrapped under another kind of key.</returns>
    /// <exception cref="KmsException">It was wrapped by such a server, and does not open.</exception>
    internal static (KmsDataKey DataKey, string? Warning)? TryOpenServerDataKey(
        KmsServerKeys keys, byte[] ciphertextBlob, IReadOnlyDictionary<string, string> encryptionContext) =>
        ServerDataKey.TryOpen(keys, ciphertextBlob, encryptionContext);

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

    /// <summary>Meets a Vault as a RustFS server would; a step that fails is a result, not an exception. Writes nothing.</summary>
    /// <param name="options">Which, as whom and for what. The secrets stay the caller's.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="KmsException">A setting cannot be used; nothing was sent.</exception>
    internal static async IAsyncEnumerable<KmsVaultCheck> CheckVaultAsync(
        KmsVaultOptions options, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        EndpointRules.Require(options.Endpoint);
        var preflight = new VaultPreflight(options, TimeProvider.System, seen => new VaultApi(options.Endpoint, options.Namespace, seen));
        await foreach (KmsVaultCheck check in preflight.RunAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return check;
        }
    }

    /// <summary>What an answer's body means that somebody pasted, in any of the styles of RustFS's servers.</summary>
    /// <param name="body">The body.</param>
    /// <param name="status">The HTTP status; null when it is not known.</param>
    /// <returns>What could be read; nulls for the rest.</returns>
    internal static (KmsErrorCode? Code, KmsKeyFault Fault, string? ServerCode, string? Message, string? RequestId) ReadRefusal(string body, int? status)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        using var answer = new WireAnswer(status ?? 0, bytes, bytes.Length, requestId: null);
        return KmsWireError.Of(answer) is { } error && !(status is null && error is { Code: KmsErrorCode.KmsProtocol, ServerCode: null })
            ? ((KmsErrorCode?)error.Code, error.Fault, error.ServerCode, (string?)error.Message, error.RequestId)
            : (null, KmsKeyFault.None, null, null, null);
    }

    /// <summary>Writes a support bundle: what goes in passes the redactor first, and no file of that name is replaced unless asked for.</summary>
    /// <param name="path">The zip file, absolute.</param>
    /// <param name="overwrite">Whether a file of that name is replaced.</param>
    /// <param name="producer">Who writes it.</param>
    /// <param name="parts">What goes in.</param>
    /// <param name="secrets">What is known to be secret, as UTF-8; borrowed for the call.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    /// <exception cref="KmsException">The file exists, or cannot be written.</exception>
    internal static async Task<KmsSupportBundle> WriteSupportBundleAsync(
        string path, bool overwrite, string producer, IReadOnlyList<KmsSupportPart> parts, IReadOnlyList<KmsSecret> secrets, CancellationToken cancellationToken)
    {
        using var redactor = new Redactor();
        foreach (KmsSecret secret in secrets)
        {
            redactor.Known.Add(secret);
        }

        return await SupportBundleWriter.WriteAsync(path, overwrite, producer, parts, redactor, TimeProvider.System, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether what is called so is a secret: of a variable, a header, a field.</summary>
    /// <param name="name">The name.</param>
    internal static bool IsSecretName(string name) => RedactionRules.MayName(name) && !RedactionRules.IsHarmless(name);

    /// <summary>A text without the secrets that can be recognized in it.</summary>
    /// <param name="text">The text.</param>
    internal static string Redact(string text)
    {
        using var redactor = new Redactor();
        return redactor.Redact(text);
    }

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

    /// <summary>The names of the profiles in the AWS shared files; nothing but those files is asked.</summary>
    /// <param name="file">The credentials file; null for the usual ones.</param>
    /// <exception cref="KmsException">The file is damaged or not accessible.</exception>
    internal static IReadOnlyList<string> ListAwsProfiles(string? file) => AwsProfileReader.List(file);

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

    /// <summary>
    /// Encrypts a file under a fresh key, which is wrapped in every way asked for. The result has its name only when it is whole and
    /// synced; on any failure, and on cancellation, nothing of it is left and an existing destination is as it was.
    /// </summary>
    /// <param name="options">Which file, where to, and how.</param>
    /// <param name="cancellationToken">Cancels the work until the result is published.</param>
    /// <exception cref="KmsException">
    /// <see cref="KmsErrorCode.KmsUsage"/>: a path or a wrap cannot be used, or only servers wrap.
    /// <see cref="KmsErrorCode.KmsNotFound"/>: there is no such file. <see cref="KmsErrorCode.KmsConflict"/>: the destination exists, or
    /// the source changed while it was read. <see cref="KmsErrorCode.KmsStorage"/>: the disk refused. And what the KMS answers.
    /// </exception>
    internal static Task<KmsFileResult> ProtectFileAsync(KmsProtectFileOptions options, CancellationToken cancellationToken) =>
        EnvelopeOperations.RunAsync(options.Source, () => FileProtector.ProtectAsync(options, cancellationToken), cancellationToken);

    /// <summary>
    /// Opens a protected file. Nothing that was not authenticated is ever written, and the result has its name only after the last byte
    /// was; on any failure, and on cancellation, nothing of it is left.
    /// </summary>
    /// <param name="options">Which file, where to, and with what.</param>
    /// <param name="cancellationToken">Cancels the work until the result is published.</param>
    /// <exception cref="KmsException">
    /// <see cref="KmsErrorCode.KmsUsage"/>: not a protected file, or a path cannot be used.
    /// <see cref="KmsErrorCode.KmsUnsupported"/>: a newer version of the format.
    /// <see cref="KmsErrorCode.KmsAuthentication"/>: nothing was brought that fits any wrap.
    /// <see cref="KmsErrorCode.KmsIntegrity"/>: it does not open, for one reason or another; which one is not said.
    /// Otherwise as for <see cref="ProtectFileAsync"/>.
    /// </exception>
    internal static Task<KmsFileResult> UnprotectFileAsync(KmsUnprotectFileOptions options, CancellationToken cancellationToken) =>
        EnvelopeOperations.RunAsync(options.Source, () => FileOpener.OpenAsync(options, cancellationToken), cancellationToken);

    /// <summary>Reads the header of a protected file. It takes no key, and authenticates nothing.</summary>
    /// <param name="path">The absolute path.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="KmsException">As for <see cref="UnprotectFileAsync"/>.</exception>
    internal static Task<KmsEnvelope> ReadEnvelopeAsync(string path, CancellationToken cancellationToken) =>
        EnvelopeOperations.RunAsync(
            path,
            () =>
            {
                using EnvelopeFile envelope = EnvelopeFile.Open(path);
                return envelope.Describe();
            },
            cancellationToken);

    /// <summary>
    /// Adds and removes wraps of a protected file. The payload is copied as it stands and compared by hash before the new file takes
    /// the old one's place in one step.
    /// </summary>
    /// <param name="options">Which file, with what it opens, and what changes.</param>
    /// <param name="cancellationToken">Cancels the work until the result is published.</param>
    /// <returns>The file as it is now.</returns>
    /// <exception cref="KmsException">
    /// <see cref="KmsErrorCode.KmsUsage"/>: no wrap would remain, or only a server's, or more than <see cref="KmsEnvelope.MaximumWraps"/>.
    /// Otherwise as for <see cref="UnprotectFileAsync"/>.
    /// </exception>
    internal static Task<KmsEnvelope> UpdateEnvelopeAsync(KmsUpdateEnvelopeOptions options, CancellationToken cancellationToken) =>
        EnvelopeOperations.RunAsync(options.Path, () => EnvelopeUpdater.UpdateAsync(options, cancellationToken), cancellationToken);

    /// <summary>Makes a recovery key and writes its private half, and its public half where asked for. No file is ever replaced.</summary>
    /// <param name="creation">Where to, and under what passphrase.</param>
    /// <param name="cancellationToken">Cancels before anything is written.</param>
    /// <exception cref="KmsException"><see cref="KmsErrorCode.KmsConflict"/>: a file is there. <see cref="KmsErrorCode.KmsStorage"/>: the disk refused.</exception>
    internal static Task<KmsRecoveryKey> CreateRecoveryKeyAsync(KmsRecoveryKeyCreation creation, CancellationToken cancellationToken) =>
        EnvelopeOperations.RunAsync(creation.Path, () => RecoveryKeys.Create(creation), cancellationToken);

    /// <summary>Reads the private half of a recovery key: PKCS #8 in PEM, in clear or encrypted. The caller disposes of it.</summary>
    /// <param name="path">The absolute path.</param>
    /// <param name="passphrase">For an encrypted one, as UTF-8; null for none.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="KmsException">
    /// <see cref="KmsErrorCode.KmsNotFound"/>; <see cref="KmsErrorCode.KmsUsage"/>: it is no X25519 private key in PEM;
    /// <see cref="KmsErrorCode.KmsAuthentication"/>: it is encrypted, and the passphrase is missing or wrong;
    /// <see cref="KmsErrorCode.KmsUnsupported"/>: it is encrypted in another way than PBES2 with PBKDF2 and AES.
    /// </exception>
    internal static Task<KmsRecoverySecret> ReadRecoveryKeyAsync(string path, KmsSecret? passphrase, CancellationToken cancellationToken) =>
        EnvelopeOperations.RunAsync(path, () => RecoveryKeys.Read(path, passphrase), cancellationToken);

    /// <summary>Reads a recipient: the public half of a recovery key in PEM, or the one line of Base64 in that.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="KmsException"><see cref="KmsErrorCode.KmsUsage"/>: it is no X25519 public key. The text is not quoted.</exception>
    internal static KmsRecoveryRecipient ReadRecoveryRecipient(string text) => RecoveryKeys.ReadRecipient(text);

    /// <summary>Reads a recipient from a file, which holds what <see cref="ReadRecoveryRecipient"/> takes.</summary>
    /// <param name="path">The absolute path.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="KmsException">As for <see cref="ReadRecoveryRecipient"/>, and <see cref="KmsErrorCode.KmsNotFound"/>.</exception>
    internal static Task<KmsRecoveryRecipient> ReadRecoveryRecipientFileAsync(string path, CancellationToken cancellationToken) =>
        EnvelopeOperations.RunAsync(path, () => RecoveryKeys.ReadRecipientFile(path), cancellationToken);
}
