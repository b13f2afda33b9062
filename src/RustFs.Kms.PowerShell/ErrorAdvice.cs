namespace RustFs.Kms.PowerShell;

/// <summary>What to do about failures: the first row that fits. The fault of a record says more than the code, so it comes first.</summary>
/// <param name="Code">The code that the row is for; null for any.</param>
/// <param name="Fault">The fault that the row is for; null for any.</param>
/// <param name="When">What else must be so; null for nothing.</param>
/// <param name="Advice">What to do.</param>
internal sealed record ErrorAdvice(KmsErrorCode? Code, KmsKeyFault? Fault, Func<ErrorAdvice.Failure, bool>? When, Advice Advice)
{
    private const string Syntax = "Get-Command {command} -Syntax";
    /// <summary>Configures a server for a key directory. Today's servers want a master key, and Read-Host is not in every host.</summary>
    internal const string ConfigureLocal =
        "Set-KmsConfiguration -KeyDirectory '<path on the server>' -MasterKey ($Host.UI.ReadLineAsSecureString()) -Start{at}";

    private const string Reconnect = "Connect-Kms -KeyDirectory {directory} -MasterKeyFile '<file>'";
    private const string WithMasterKey = "{command} -KeyDirectory {directory} -MasterKeyFile '<file>'{create}";
    private const string ShowKey = "Get-KmsKey -KeyId {key}{at}";
    private const string ShowKeys = "Get-KmsKey{at}";
    private const string ShowFile = "Get-Item -LiteralPath {path}";
    private const string ShowStatus = "Get-KmsStatus{at}";
    private const string ShowEnvelope = "Get-KmsEnvelope -LiteralPath {file}";
    private const string ConnectServer = "Connect-Kms -Endpoint {endpoint} -Credential '<access key>'";

    /// <summary>The table.</summary>
    internal static IReadOnlyList<ErrorAdvice> Table { get; } =
    [
        ForFault(KmsKeyFault.UnsupportedFormatVersion, null,
            "A newer RustFS wrote the record; leave it alone and update this module", "Update-PSResource -Name RustFs.Kms"),
        ForFault(KmsKeyFault.ConfigurationError, Opening,
            "The keys are encrypted; give the master key that their server has", WithMasterKey),
        ForFault(KmsKeyFault.ConfigurationError, null,
            "The keys are encrypted, and the connection has no master key; connect with the one that the server has", Reconnect),
        ForFault(KmsKeyFault.Unreadable, null,
            "Check the file's permissions and the disk, then see what else is wrong", "{verify}"),
        ForFault(KmsKeyFault.InvalidKey, null,
            "The file was renamed or copied; give it back the name of the id that is in it. Which one", "{verify}"),
        ForFault(KmsKeyFault.MaterialAuthenticationFailed, Opening,
            "Use the master key that the RustFS server of this directory has, byte for byte", WithMasterKey),
        ForFault(KmsKeyFault.MaterialAuthenticationFailed, AboutTheStore,
            "The connection's master key is not the one of the directory; connect with the one that the server has", Reconnect),
        ForFault(KmsKeyFault.MaterialAuthenticationFailed, null,
            "If no key opens, it is the wrong master key: connect with the server's. If it is this record alone, restore its file from a " +
            "backup. Which it is", "{verify}"),
        ForFault(KmsKeyFault.MaterialCorrupt, AboutTheStore,
            "Restore the salt file from a backup of the directory; no other salt opens its keys. See what is wrong", "{verify}"),
        ForFault(KmsKeyFault.MaterialCorrupt, null,
            "Restore the record's file from a backup; without one its data keys are lost. See what is wrong with it", "{verify}"),
        ForFault(KmsKeyFault.MaterialMissing, null,
            "Restore the record's file from a backup; without one its data keys are lost. See what is wrong with it", "{verify}"),

        For(KmsErrorCode.KmsKeyDamaged, null, "See what is wrong with the record", "{verify}"),

        For(KmsErrorCode.KmsNotFound, WithoutConnection,
            "See what is open with Get-KmsConnection, or connect. Connect-Kms alone asks for what it needs. To a key directory: Connect-Kms " +
            "-KeyDirectory '<path>' -MasterKeyFile '<file>'. To a server",
            "Connect-Kms -Endpoint '<address>' -Credential '<access key>'"),

        For(KmsErrorCode.KmsUsage, AboutAFolder, "It is a folder, and files are wanted: give those that are in it. Which", "Get-ChildItem -File -LiteralPath {path}"),
        For(KmsErrorCode.KmsUsage, AboutALink, "Give the file itself. Where the link leads", ShowFile),
        For(KmsErrorCode.KmsUsage, WithoutKeyOfAServer,
            "Name a key with -KeyId, or give the KMS a default one with Update-KmsConfiguration -DefaultKeyId. See which keys there are", ShowKeys),
        For(KmsErrorCode.KmsUsage, WithoutKey, "Name a key with -KeyId: a key directory has no default one. See which keys there are", ShowKeys),
        For(KmsErrorCode.KmsUsage, By("Unprotect-KmsFile", "Get-KmsEnvelope", "Update-KmsEnvelope"), "See what the file is, and what the parameters take", Syntax),
        For(KmsErrorCode.KmsAuthentication, AboutARecoveryKey,
            "Give the passphrase of the recovery key with -RecoveryKeyPassphrase. The recovery key", ShowFile),
        For(KmsErrorCode.KmsAuthentication, AboutAFile,
            "Bring one of the ways that the message names: connect to the key directory of the KMS key, or give -RecoveryKeyFile, -Passphrase or " +
            "-AskPassphrase. More about the ways in", ShowEnvelope),
        For(KmsErrorCode.KmsIntegrity, AboutAFile,
            "If what was given is right, get the file anew from where it is kept, and see with what it opens", ShowEnvelope),
        For(KmsErrorCode.KmsNotFound, AboutAPath, "Check that path", ShowFile),
        For(KmsErrorCode.KmsNotFound, By("Update-KmsEnvelope"), "See which wraps the file has", ShowEnvelope),
        For(KmsErrorCode.KmsConflict, By("New-KmsRecoveryKey"), "Choose another path: a recovery key may be the only way into files", ShowFile),
        For(KmsErrorCode.KmsConflict, AboutTheSource, "Something changed the file meanwhile. Try again when nothing does", ShowFile),
        For(KmsErrorCode.KmsConflict, AboutAFile, "Choose another -Destination, or replace what is there with -Force", ShowFile),
        For(KmsErrorCode.KmsStorage, AboutAFile, "Check free space, permissions and the mount", ShowFile),
        For(KmsErrorCode.KmsUnsupported, AboutAFile, "A newer version made the file; update this module", "Update-PSResource -Name RustFs.Kms"),
        For(KmsErrorCode.KmsOutcomeUnknown, AboutAFile, "Look before you try again", ShowFile),

        For(KmsErrorCode.KmsUsage, AboutAnotherFile, "Check the master key file", ShowFile),
        For(KmsErrorCode.KmsUsage, AboutABundle, "See what the parameters take", Syntax),
        For(KmsErrorCode.KmsUsage, AboutNoEndpoint, "Give the server, and as whom", ConnectServer),
        For(KmsErrorCode.KmsUsage, AboutNoDirectory,
            "Give the key directory, and the master key that its server has", "{command} -KeyDirectory '<path>' -MasterKeyFile '<file>'{create}"),
        For(KmsErrorCode.KmsUsage, OpeningWithoutTarget,
            "Give the directory, and the master key that its server has", WithMasterKey),
        For(KmsErrorCode.KmsUsage, ForDevelopmentOnly,
            "Give what servers take in production, or, for development only, -AllowInsecureDevDefaults besides. See what the parameters take", Syntax),
        For(KmsErrorCode.KmsUsage, null, "See what the parameters take", Syntax),

        For(KmsErrorCode.KmsAuthentication, AboutABundle,
            "Give the keys that the server had, byte for byte: -BackupKey for the bundle, -MasterKey for its keys; for what a server without a " +
            "KMS wrapped, -ServerKey", Syntax),
        For(KmsErrorCode.KmsAuthentication, Opening,
            "Use the master key that the RustFS server of this directory has, byte for byte", WithMasterKey),
        For(KmsErrorCode.KmsAuthentication, OverServer,
            "Check the access key and its secret key, and that no proxy rewrites the Host header. See what the server makes of the signature",
            "{check}"),
        For(KmsErrorCode.KmsAuthentication, null, "Connect as somebody whom the server knows. What is open", "Get-KmsConnection"),
        For(KmsErrorCode.KmsAccessDenied, null,
            "Ask for the permission that the message names, or connect as somebody who has it. What is open", "Get-KmsConnection"),

        For(KmsErrorCode.KmsKeyNotFound, null, "Ids are case-sensitive. See which keys there are", ShowKeys),
        For(KmsErrorCode.KmsNotFound, By("Get-KmsBucketEncryption", "Set-KmsBucketEncryption", "Remove-KmsBucketEncryption", "Test-KmsHealth"),
            "See which buckets there are", "Get-KmsBucketEncryption{at}"),
        For(KmsErrorCode.KmsNotFound, Connecting, "Check the names of the profile, the secret and the files that were given", Syntax),
        For(KmsErrorCode.KmsNotFound, AboutAGivenFile, "Check the path", ShowFile),
        For(KmsErrorCode.KmsNotFound, AboutAnotherFile, "Check that path and its permissions", ShowFile),
        For(KmsErrorCode.KmsNotFound, Opening,
            "Check the path. A backup comes back there with Restore-KmsKeyStore -KeyDirectory; to make a new key directory", "Connect-Kms -KeyDirectory {directory}{bare} -Create"),
        For(KmsErrorCode.KmsNotFound, null, "See what is open", "Get-KmsConnection"),

        // What only one cmdlet says comes before what is said of directories.
        For(KmsErrorCode.KmsConflict, By("Export-KmsSupportBundle"), "Choose another name, or replace the file with -Force. What is there", ShowFile),
        For(KmsErrorCode.KmsConflict, By("Start-KmsEmulator"),
            "Another program has the port, or another emulator the directory. Leave -Port out for a free one, or stop what this session started",
            "Get-KmsEmulator"),
        For(KmsErrorCode.KmsConflict, By("Set-KmsConfiguration"),
            "The KMS runs. Change some settings of it with Update-KmsConfiguration, give it all of them with Reset-KmsService, or stop it first",
            "Stop-KmsService{at}"),
        For(KmsErrorCode.KmsConflict, By("Update-KmsConfiguration", "Reset-KmsService"), "See what is configured", "Get-KmsConfiguration{at}"),
        For(KmsErrorCode.KmsConflict, AboutABundle,
            "A restore goes over nothing. Choose an empty directory, or move away what is there; a restore of another bundle that is half done " +
            "is taken back with Stop-KmsRestore. What there is", "Test-KmsKeyStore -KeyDirectory {directory}"),
        For(KmsErrorCode.KmsConflict, Opening,
            "Make it elsewhere, or open what is there, without -Create", "Connect-Kms -KeyDirectory {directory}{bare}"),
        For(KmsErrorCode.KmsConflict, AboutTheStore,
            "The directory is not the one that was opened. Look at it, then connect again", "Connect-Kms -KeyDirectory {directory}"),
        For(KmsErrorCode.KmsConflict, By("New-KmsKey"),
            "Choose another id, or take the key that exists", "New-KmsKey -Name {key} -IfNotExists{at}"),
        For(KmsErrorCode.KmsConflict, By("Restore-KmsKeyStore"),
            "A restore needs a stopped KMS and an empty key directory. See where it goes with Get-KmsBackup, and stop the KMS", "Stop-KmsService{at}"),
        For(KmsErrorCode.KmsConflict, By("Stop-KmsRestore", "Backup-KmsKeyStore"), "See how things are", "Get-KmsBackup{at}"),
        For(KmsErrorCode.KmsConflict, null, "Somebody else changed it in between. Look at it, then try again", ShowKey),

        For(KmsErrorCode.KmsPreconditionFailed, By("Start-KmsEmulator"), "See what is wrong with the key directory", "Test-KmsKeyStore -KeyDirectory {path}"),
        For(KmsErrorCode.KmsPreconditionFailed, AbortingInDirectory,
            "Nothing has to be taken back, unless the message names a marker that cannot be read. See how the directory is", "{verify}"),
        For(KmsErrorCode.KmsPreconditionFailed, OpeningABundle,
            "See all that stands in its way", "Test-KmsRestore -Bundle {path} -KeyDirectory {directory}"),
        For(KmsErrorCode.KmsPreconditionFailed, BackingUp,
            "See what keeps bundles from being made and restored", "Get-KmsBackup{at}"),
        For(KmsErrorCode.KmsPreconditionFailed, AboutTheStore,
            "It is the key directory that is not in order. See what is wrong with it", "{verify}"),
        For(KmsErrorCode.KmsPreconditionFailed, By("Enable-KmsKey", "Disable-KmsKey"),
            "If its deletion is scheduled, cancel that first", "Undo-KmsKeyRemoval -KeyId {key}{at}"),
        For(KmsErrorCode.KmsPreconditionFailed, By("New-KmsDataKey", "Update-KmsDataKey", "Test-KmsKey", "Protect-KmsFile", "Update-KmsEnvelope"),
            "Only an enabled key wraps data keys. If its deletion is scheduled, use Undo-KmsKeyRemoval; if it is disabled",
            "Enable-KmsKey -KeyId {key}{at}"),
        For(KmsErrorCode.KmsPreconditionFailed, By("Undo-KmsKeyRemoval"),
            "Only a scheduled deletion can be cancelled. See the key's state", ShowKey),
        For(KmsErrorCode.KmsPreconditionFailed, By("Restore-KmsKeyStore"),
            "A restore needs a stopped KMS and an empty key directory. See where it goes with Get-KmsBackup, and stop the KMS", "Stop-KmsService{at}"),
        For(KmsErrorCode.KmsPreconditionFailed, By("Set-KmsConfiguration", "Update-KmsConfiguration", "Reset-KmsService"),
            "Some settings stay as they were first set: leave them out. See what is configured", "Get-KmsConfiguration{at}"),
        For(KmsErrorCode.KmsPreconditionFailed, By("Set-KmsBucketEncryption"), "Choose a key that is enabled", "Get-KmsKey -State Enabled{at}"),
        For(KmsErrorCode.KmsPreconditionFailed, null, "See the key's state and dates", ShowKey),

        For(KmsErrorCode.KmsUnsupported, RotatingOverServer,
            "Make a new key with New-KmsKey, name it wherever the old one is configured (Update-KmsConfiguration -DefaultKeyId, " +
            "Set-KmsBucketEncryption), write anew what has to leave the old one, and keep the old one until nothing needs it. Start with",
            "New-KmsKey -Name '<new id>'{at}"),
        For(KmsErrorCode.KmsUnsupported, By("Invoke-KmsKeyRotation"),
            "Make a new key with New-KmsKey, move the wrapped data keys to it with Update-KmsDataKey, name it wherever the old one is " +
            "configured, and keep the old one until nothing needs it. Start with", "New-KmsKey -Name '<new id>'{at}"),
        For(KmsErrorCode.KmsUnsupported, AboutABundle,
            "A newer RustFS made the bundle, or one with another backend; update this module", "Update-PSResource -Name RustFs.Kms"),
        For(KmsErrorCode.KmsUnsupported, RemovingOverServer,
            "The server deletes keys in no other way than it says. See whether it schedules deletions", "(Get-KmsStatus{at}).Capabilities"),
        For(KmsErrorCode.KmsUnsupported, By("Test-KmsKeyStore", "Remove-KmsKey"),
            "This works on a key directory. Open one", "Connect-Kms -KeyDirectory '<path>'"),
        For(KmsErrorCode.KmsUnsupported, By("New-KmsKey"),
            "Leave -KeyUsage out, or see what the backend is", "Get-KmsStatus{at}"),
        For(KmsErrorCode.KmsUnsupported, By("Update-KmsConfiguration"),
            "Give the whole configuration instead", "Get-Command Set-KmsConfiguration -Syntax"),
        For(KmsErrorCode.KmsUnsupported, By("Test-KmsConnection"), "Verify the key directory instead", "Test-KmsKeyStore{at}"),
        For(KmsErrorCode.KmsUnsupported, Connecting, "Check that the address is a RustFS server's", "{check}"),
        For(KmsErrorCode.KmsUnsupported, null, "See what the backend can do", "(Get-KmsStatus{at}).Capabilities"),

        For(KmsErrorCode.KmsIntegrity, By("Test-KmsKey"), "The key's material cannot be trusted. See what is wrong", "{verify}"),
        For(KmsErrorCode.KmsIntegrity, AboutABundle,
            "A bundle that is damaged is never used: take another copy of it, or an older one. See all that is wrong with it",
            "Test-KmsRestore -Bundle {path} -KeyDirectory '<an empty directory>'"),
        For(KmsErrorCode.KmsIntegrity, null,
            "Check that the blob is complete, that -EncryptionContext has every entry that it was made with, and that the key that made it " +
            "is one of these", ShowKeys),

        For(KmsErrorCode.KmsStorage, AboutAGivenFile, "Check that path and its permissions", ShowFile),
        For(KmsErrorCode.KmsStorage, AboutAnotherFile, "Check that path and its permissions", ShowFile),
        For(KmsErrorCode.KmsStorage, null, "Check free space, permissions and the mount, then look at the store", "{verify}"),
        For(KmsErrorCode.KmsTimeout, Opening, "Try again when nobody else changes the directory", "Connect-Kms -KeyDirectory {directory}{bare}"),
        For(KmsErrorCode.KmsTimeout, By("Wait-KmsService"), "See how the KMS is, and look into the server's log", ShowStatus),
        For(KmsErrorCode.KmsTimeout, OverServer, "Try again, or give more time with -TimeoutSeconds. See how far the way to the server leads", "{check}"),
        For(KmsErrorCode.KmsTimeout, null, "Try again, and see whether the backend answers", ShowStatus),
        For(KmsErrorCode.KmsOutcomeUnknown, Opening, "Look at the directory before you try again", "{verify}"),
        For(KmsErrorCode.KmsOutcomeUnknown, By("Export-KmsSupportBundle"), "Look before you try again", ShowFile),
        For(KmsErrorCode.KmsOutcomeUnknown, By("Backup-KmsKeyStore", "Restore-KmsKeyStore", "Stop-KmsRestore"),
            "Look before you try again", "Get-KmsBackup{at}"),
        For(KmsErrorCode.KmsOutcomeUnknown, By("Set-KmsBucketEncryption", "Remove-KmsBucketEncryption"),
            "Look before you try again", "Get-KmsBucketEncryption {bucket}{at}"),
        For(KmsErrorCode.KmsOutcomeUnknown, By("Set-KmsConfiguration", "Update-KmsConfiguration"), "Look before you try again", "Get-KmsConfiguration{at}"),
        For(KmsErrorCode.KmsOutcomeUnknown, By("Clear-KmsCache"), "Do it again: twice does no harm", "Clear-KmsCache{at}"),
        For(KmsErrorCode.KmsOutcomeUnknown, WithKey, "Look before you try again", ShowKey),
        For(KmsErrorCode.KmsOutcomeUnknown, AboutTheService, "Look before you try again", ShowStatus),
        For(KmsErrorCode.KmsOutcomeUnknown, null, "Look before you try again", ShowKeys),

        For(KmsErrorCode.KmsNetwork, null, "See how far the way to the server leads", "{check}"),
        For(KmsErrorCode.KmsTls, null,
            "If it is the certificate, trust the authority that issued it with -CaCertificate, or pin it with -CertificateThumbprint. " +
            "See what is wrong", "{check}"),
        For(KmsErrorCode.KmsClockSkew, null,
            "Set the clock that is wrong: a signature holds for 15 minutes. See how far the clocks are apart", "{check}"),
        For(KmsErrorCode.KmsProtocol, null, "Check that the address is a RustFS server's and not a console's or a proxy's", "{check}"),
        For(KmsErrorCode.KmsKeyStillReferenced, null, "See what names the key, and make that name another", "Get-KmsKeyImpact -KeyId {key}{at}"),
        For(KmsErrorCode.KmsConfigurationChanged, null,
            "Look at what it is now and try again; -OverwriteChanges overwrites it", "Get-KmsConfiguration{at}"),
        For(KmsErrorCode.KmsNotConfigured, null,
            "Configure the KMS and start it; type the master key after Enter", ConfigureLocal),
        For(KmsErrorCode.KmsNotRunning, null,
            "See its State. NotConfigured: it cannot start yet, configure it with Set-KmsConfiguration -Start. Anything else: Start-KmsService -Wait",
            ShowStatus),
        For(KmsErrorCode.KmsUnhealthy, By("Start-KmsService"), "Look into the server's log, and restart the KMS", "Restart-KmsService -Wait{at}"),
        For(KmsErrorCode.KmsUnhealthy, By("Assert-KmsHealth"), "See every check", "Test-KmsHealth{at}"),
        For(KmsErrorCode.KmsUnhealthy, null, "See what is wrong, and look into the server's log", ShowStatus),
        For(KmsErrorCode.KmsServerError, null, "Look for the request id in the server's log, and see how the KMS is", ShowStatus),

        new(null, null, null, new Advice("See how the KMS is", ShowStatus)),
    ];

    /// <summary>What to do about a failure.</summary>
    internal static string Of(KmsException exception, FailureContext context)
    {
        var failure = new Failure(exception, context);
        return RowOf(failure).Advice.Fill(failure.Values, context.Command.Spell);
    }

    /// <summary>The row that a failure is for.</summary>
    internal static ErrorAdvice RowOf(Failure failure) => Table.First(row => row.Fits(failure));

    /// <summary>What the placeholders of advice stand for, also where nothing failed.</summary>
    /// <param name="exception">The failure; null when there is none.</param>
    /// <param name="context">Where.</param>
    /// <param name="endpoint">The server's address, when it is known.</param>
    internal static IReadOnlyDictionary<string, string> ValuesOf(KmsException? exception, FailureContext context, Uri? endpoint)
    {
        var failure = new Failure(exception ?? new KmsException(KmsErrorCode.KmsUnhealthy, string.Empty), context);
        return endpoint is null
            ? failure.Values
            : new Dictionary<string, string>(failure.Values) { ["endpoint"] = Strings.Literal(endpoint.ToString()) };
    }

    private static ErrorAdvice For(KmsErrorCode code, Func<Failure, bool>? when, string sentence, string command) =>
        new(code, null, when, new Advice(sentence, command));

    private static ErrorAdvice ForFault(KmsKeyFault fault, Func<Failure, bool>? when, string sentence, string command) =>
        new(null, fault, when, new Advice(sentence, command));

    private static Func<Failure, bool> By(params string[] commands) => failure => commands.Contains(failure.Context.Command.Name);

    private static bool WithoutConnection(Failure failure) => failure.Exception.LacksConnection;

    private static bool WithoutKey(Failure failure) => failure.Exception.LacksKey;

    private static bool WithoutKeyOfAServer(Failure failure) => WithoutKey(failure) && OverServer(failure);

    private static bool Opening(Failure failure) => failure.Context.IsOpening;

    private static bool Connecting(Failure failure) => failure.Context.IsConnecting;

    private static bool OverServer(Failure failure) => failure.Context.IsServer;

    private static bool AboutNoEndpoint(Failure failure) => failure.Context is { IsConnecting: true, Target: null };

    /// <summary>Whether the cmdlet is one for the KMS as a whole, which has no key to look at.</summary>
    private static bool AboutTheService(Failure failure) =>
        failure.Context.Command.Name.EndsWith("-KmsService", StringComparison.Ordinal) || ConfiguresTheService(failure);

    private static bool OpeningWithoutTarget(Failure failure) => failure.Context.IsOpening && failure.Exception.Target is null;

    /// <summary>Whether what was given as the key directory is none, or none was given.</summary>
    private static bool AboutNoDirectory(Failure failure) =>
        failure.Context.IsOpening && failure.Context.Target == failure.Exception.Target;

    /// <summary>Whether it is about a file or folder that a cmdlet was given which has no key directory open.</summary>
    private static bool AboutAGivenFile(Failure failure) => failure.IsAboutAPath && (ConfiguresTheService(failure) ||
        By("Reset-KmsService", "Start-KmsEmulator", "Test-KmsVault", "Export-KmsSupportBundle")(failure));

    private static bool ConfiguresTheService(Failure failure) => failure.Context.Command.Name.EndsWith("-KmsConfiguration", StringComparison.Ordinal);

    /// <summary>Whether it is about a file beside the key directory: the master key's.</summary>
    private static bool AboutAnotherFile(Failure failure) =>
        failure.Context.IsOpening && failure.Exception.Target is string path && path != failure.Context.Target && Path.IsPathRooted(path);

    private static bool AboutAFile(Failure failure) => failure.Context.Subject == FailureSubject.File && failure.IsAboutAPath;

    private static bool AboutAFolder(Failure failure) => AboutAFile(failure) && Directory.Exists(failure.Exception.Target);

    private static bool AboutALink(Failure failure) => AboutAFile(failure) && new FileInfo(failure.Exception.Target!).LinkTarget is not null;

    /// <summary>Whether a server refused what it takes in development. It names its own variable, which is no parameter.</summary>
    private static bool ForDevelopmentOnly(Failure failure) =>
        failure.Exception.Message.Contains("ALLOW_INSECURE_DEV_DEFAULTS", StringComparison.Ordinal) && AboutTheService(failure);

    /// <summary>Whether a path is not there, and not a wrap of the file that was worked on.</summary>
    private static bool AboutAPath(Failure failure) => AboutAFile(failure) && !File.Exists(failure.Exception.Target);

    private static bool AboutTheSource(Failure failure) => AboutAFile(failure) && failure.Exception.Target == failure.Context.Target;

    private static bool AboutARecoveryKey(Failure failure) => AboutAFile(failure) && !AboutTheSource(failure);

    private static bool AboutTheStore(Failure failure) => failure.IsAboutTheStore;

    /// <summary>
    /// Whether a bundle on the disk is opened or restored, and not by a server. A bundle is a folder; what is given beside it are files,
    /// and a data key has neither.
    /// </summary>
    private static bool AboutABundle(Failure failure) => !failure.Context.IsServer && !File.Exists(failure.Exception.Target) &&
        (By("Restore-KmsKeyStore", "Test-KmsRestore")(failure) ||
            (By("Unprotect-KmsDataKey")(failure) &&
                (failure.Exception.Code is KmsErrorCode.KmsAuthentication || Path.IsPathRooted(failure.Exception.Target ?? string.Empty))));

    private static bool AbortingInDirectory(Failure failure) => failure.Context.IsOpening && By("Stop-KmsRestore")(failure);

    private static bool OpeningABundle(Failure failure) => failure.Context.IsOpening && AboutABundle(failure);

    /// <summary>Whether a connection is to make or restore bundles, and is not the stopped server that a restore needs.</summary>
    private static bool BackingUp(Failure failure) => !failure.Context.IsOpening &&
        (By("Backup-KmsKeyStore", "Test-KmsRestore", "Stop-KmsRestore")(failure) || (!failure.Context.IsServer && By("Restore-KmsKeyStore")(failure)));

    private static bool RotatingOverServer(Failure failure) => OverServer(failure) && By("Invoke-KmsKeyRotation")(failure);

    /// <summary>Whether a server refused to delete a key as it was asked to. -Due, which only a key directory takes, is about no key.</summary>
    private static bool RemovingOverServer(Failure failure) =>
        OverServer(failure) && By("Remove-KmsKey")(failure) && failure.Exception.Target is not null;

    private static bool WithKey(Failure failure) => failure.Context.KeyId is not null;

    private bool Fits(Failure failure) =>
        (Code is null || Code == failure.Exception.Code) &&
        (Fault is null || Fault == failure.Exception.Fault) &&
        When?.Invoke(failure) != false;

    /// <summary>A failure, and where it happened.</summary>
    internal sealed record Failure(KmsException Exception, FailureContext Context)
    {
        /// <summary>
        /// Whether the key directory is to blame (its salt, a half-done restore) and no key. No key id holds a separator, so what a
        /// blob's key is called is never a path; and not every path is the key directory's.
        /// </summary>
        internal bool IsAboutTheStore => Context.IsOpening
            || (!Context.IsServer
                && Exception.Target is string target
                && target != Context.KeyId
                && (Context.Subject == FailureSubject.Key || IsOfTheKeyDirectory(target)));

        /// <summary>Whether a path is the connection's key directory or in it; without a connection, whether a file's key directory can be meant.</summary>
        private bool IsOfTheKeyDirectory(string path) => Path.IsPathRooted(path) && (Context.Connection is { Location: string directory }
            ? path == directory || path.StartsWith(directory + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            : Context.Subject is FailureSubject.File or FailureSubject.DataKey);

        /// <summary>Whether a data key's key is to blame, which only the blob or the default of the KMS named.</summary>
        private bool IsAboutTheKey => Context.Subject is FailureSubject.DataKey or FailureSubject.File && !IsAboutTheStore && !IsAboutAPath;

        /// <summary>Whether a file that a command was given is to blame.</summary>
        internal bool IsAboutAPath => Exception.Target is string path && Path.IsPathRooted(path);

        /// <summary>As whom to reach a server: as before, where a profile said it.</summary>
        private string As => Context.ProfileName is string profile
            ? $"-ProfileName {Strings.Literal(profile)}{(Context.ProfileLocation is string file ? $" -ProfileLocation {Strings.Literal(file)}" : string.Empty)}"
            : "-Credential '<access key>'";

        /// <summary>What the placeholders stand for.</summary>
        internal IReadOnlyDictionary<string, string> Values
        {
            get
            {
                string? keyId = Context.KeyId ?? (IsAboutTheKey ? Exception.Target : null);
                string? directory = Context.IsOpening
                    ? Context.Target
                    : Context.Connection is { Kind: KmsBackendKind.Local } connection ? connection.Location : null;
                string at = Advice.At(Context.Connection);
                string bare = Context.WithoutMasterKey ? " -NoMasterKey" : string.Empty;
                string place = directory is null ? Advice.SomeDirectory : Strings.Literal(directory);
                return new Dictionary<string, string>
                {
                    ["command"] = Context.Command.Spell(Context.Command.Name),
                    ["key"] = keyId is null ? Advice.SomeKey : Strings.Literal(keyId),
                    ["directory"] = place,
                    ["path"] = Exception.Target is null ? Advice.SomeDirectory : Strings.Literal(Exception.Target),
                    ["file"] = Context is { Subject: FailureSubject.File, Target: string file } ? Strings.Literal(file) : Advice.SomeDirectory,
                    ["endpoint"] = Context is { IsConnecting: true, Target: string endpoint } ? Strings.Literal(endpoint) : Advice.SomeEndpoint,
                    ["bucket"] = Context is { Subject: FailureSubject.Bucket, Target: string bucket } ? Strings.Literal(bucket) : Advice.SomeBucket,
                    ["at"] = at,
                    ["bare"] = bare,
                    ["create"] = Context.Creates ? " -Create" : string.Empty,
                    ["verify"] = Context switch
                    {
                        { IsOpening: true } => $"{Context.Command.Spell("Test-KmsKeyStore")} -KeyDirectory {place}{bare}",
                        { IsServer: true } => $"{Context.Command.Spell("Get-KmsStatus")}{at}", // the directory, if it is one, is the server's
                        _ => $"{Context.Command.Spell("Test-KmsKeyStore")}{at}",
                    },
                    ["check"] = Context is { IsConnecting: true, Target: string server }
                        ? $"{Context.Command.Spell("Test-KmsConnection")} -Endpoint {Strings.Literal(server)} {As}"
                        : $"{Context.Command.Spell("Test-KmsConnection")}{at}",
                };
            }
        }
    }
}
