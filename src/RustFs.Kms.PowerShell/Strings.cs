using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>The texts that people read. Whatever comes from outside goes through <see cref="Name"/> or <see cref="Literal"/>.</summary>
internal static partial class Strings
{
    internal const string ActionDisable = "Disable: it makes no more data keys, and still opens those that it made";
    internal const string ActionEnable = "Enable: it makes data keys again";
    internal const string ActionDescribe = "Change the description";
    internal const string ActionUndoRemoval =
        "Cancel the scheduled deletion: the key is enabled afterwards, even if it was disabled before";
    internal const string ActionRotate = "Give the key new material, and keep the old for what it wrapped";
    internal const string ActionCreate = "Create a key";
    internal const string ActionCreateUnlessThere = "Create a key, unless one with this id exists";
    internal const string ActionDestroyDue = "Destroy the key, whose deletion date is past: what it wrapped can never be opened again";
    internal const string ActionDestroyNow =
        "Destroy the key AT ONCE: whatever it wrapped can never be opened again, and nothing brings the key back";
    internal const string ActionCreateDirectory = "Make a new, empty key directory";

    internal const string ActionOpen = "Open";
    internal const string ActionMakeDefault = " and make it the default connection";

    internal const string ActionStart = "Start the KMS with the configuration that it has";
    internal const string ActionStop = "Stop the KMS: until it is started again, the server neither encrypts nor decrypts with its keys";
    internal const string ActionRestart = "Restart the KMS: until it is back, the server neither encrypts nor decrypts with its keys";
    internal const string ActionClearCache = "Empty the cache of key metadata";
    internal const string ActionRemoveEncryption =
        "Remove the default encryption: what is put there from now on is encrypted only when the request says so";
    internal const string ActionStartEmulator = "Start an emulator of a RustFS server's KMS in this process";
    internal const string ActionStopEmulator = "Stop the emulator: what it was not told to keep is gone";

    /// <summary>The names of the fields: hosts print them with a colon.</summary>
    internal const string PlacePrompt = "Server or key directory";
    internal const string PlaceHint = "Where to: the address of a RustFS server (https://rustfs.example.com:9000), or the path of a key directory.";
    internal const string PlaceMissing =
        "Which server, or which key directory? Give -Endpoint or -KeyDirectory, or set the environment variable RUSTFS_KMS_ENDPOINT or " +
        "RUSTFS_KMS_KEY_DIR. This session cannot ask.";

    internal const string EndpointPrompt = "Address of the server";
    internal const string KeyDirectoryPrompt = "Key directory";
    internal const string AccessKeyPrompt = "Access key";
    internal const string SecretKeyPrompt = "Secret key";
    internal const string SecretInText =
        "The address seems to hold a user name or a password. Give the server alone, such as https://rustfs.example.com:9000, and the rest with -Credential, or of a proxy with -ProxyCredential.";

    internal const string MasterKeyPrompt = "Master key of the key directory";
    internal const string MasterKeyPromptAgain = "The same master key again";

    internal const string MasterKeysDiffer = "The two master keys that were typed are not the same. Nothing was made.";

    internal const string MasterKeyMissing =
        "No master key was given, and this session cannot ask for one. Give -MasterKey or -MasterKeyFile, set the environment " +
        "variable RUSTFS_KMS_LOCAL_MASTER_KEY, or say -NoMasterKey for a directory in development mode.";

    internal const string MasterKeyNotTyped =
        "No master key was typed. Give it, or say -NoMasterKey for a directory in development mode.";

    internal const string MasterKeyDisposed = "The secure string of -MasterKey was disposed of, and holds no master key any more. Make it anew.";

    internal const string KeyDirectoryMissing =
        "Which key directory? Give -KeyDirectory, or set the environment variable RUSTFS_KMS_KEY_DIR.";

    internal const string EmptyKeyId = "A key id must not be empty.";
    internal const string EmptyConnectionName = "A connection's name must not be empty.";
    internal const string UnknownConnectionInput = "-Connection takes connections (from Connect-Kms or Get-KmsConnection) and their names.";
    internal const string DataKeyNeedsOneConnection = "A data key comes through exactly one connection; -Connection names several.";
    internal const string NotAKeyStore = "This connection does not lead to a key directory.";
    internal const string MasterKeyTwice = "The master key is given once: with -MasterKey or with -MasterKeyFile.";
    internal const string RoundTripDiffers = "The data key that came back is not the one that was made.";

    internal const string EndpointMissing =
        "Which server? Give -Endpoint, a -ProfileName with an endpoint_url, or set the environment variable RUSTFS_KMS_ENDPOINT.";

    internal const string CredentialMissing =
        "As whom? Give -Credential, -ProfileName or -SecretName, or set the environment variables RUSTFS_KMS_ACCESS_KEY and RUSTFS_KMS_SECRET_KEY.";

    internal const string DirectoryAndEndpoint =
        "A connection leads to a key directory or to a server: give -KeyDirectory or what is for a server (-Endpoint, -Credential, -ProfileName and so on), not both.";

    internal const string CreateNeedsDirectory = "-Create makes a key directory, and nothing on a server.";
    internal const string EndpointAsDirectory = "That is an address, not a key directory. Give it with its name: Connect-Kms -Endpoint";

    internal const string NoSecretManagement =
        "-SecretName needs Get-Secret, which is not there: install the module Microsoft.PowerShell.SecretManagement and register a vault, or give -Credential.";

    internal const string BackendMissing =
        "The configuration does not say where the keys are to be (its backend_type): Local, VaultKv2, VaultTransit or Aws.";

    internal const string NothingGiven = "Nothing was given that is to change.";
    internal const string ConfigurationChangedMeanwhile = "Somebody else changed the configuration since it was read. Nothing was sent.";
    internal const string NoBuckets = "This connection leads to a key directory, which has no buckets.";
    internal const string KeyWithoutSseKms = "SSE-S3 takes no key. Leave -KeyId out, or choose -Algorithm SseKms.";
    internal static string RunsWithProblem(KmsStatus status) =>
        $"The KMS was started before, and is not as it should be: {status.State}{(status.Problem is null ? string.Empty : $" ({status.Problem.TrimEnd('.')})")}. " +
        "A start leaves it so; a restart does not.";

    internal const string RunsAlready = "The KMS runs already and is left alone.";
    internal const string ResetActivity = "Resetting the KMS";
    internal const string LeftUnknown = "How that left the KMS is not known, and the steps after it were not begun.";
    internal const string LeftAsItWas = "Nothing was changed.";
    internal const string LeftStopped = "The KMS was stopped, and has the configuration that it had before.";
    internal const string LeftConfigured = "The KMS has the new configuration and was not started.";
    internal const string LeftStarted = "The KMS has the new configuration and was started.";

    internal const string EmulatorNeedsCredential =
        "With -Wait, other programs have to sign for the emulator: give -Credential, set RUSTFS_KMS_ACCESS_KEY and RUSTFS_KMS_SECRET_KEY, or say -AllowAnonymous.";

    internal const string RotationUnsupported =
        "This backend does not rotate: a key in a key directory (a server's, too) has one material for life, and nowhere to keep a second. " +
        "Nothing was changed.";

    internal const string VaultAddressMissing =
        "Which Vault? Give -Address, pipe a configuration from Get-KmsConfiguration, or set the environment variable VAULT_ADDR.";

    internal const string HalfAnAppRole = "An AppRole login takes -RoleId, and one of -SecretId and -SecretIdFile.";
    internal const string SecretDisposed = "A secure string that was given was disposed of, and holds no secret any more. Make it anew.";

    internal const string NoErrorYet = "There is no error in this session. Pipe one, or give its text with -Message.";
    internal const string EmptyError = "An empty text is no error.";

    internal static string SchedulingAction(int days) => string.Create(
        CultureInfo.InvariantCulture,
        $"Schedule the deletion in {days} days: it makes no more data keys, and Undo-KmsKeyRemoval cancels it until then");

    internal static string AddTagsAction(IEnumerable<string> names) => $"Set the tag {Names(names)}";

    internal static string RemoveTagsAction(IEnumerable<string> names) => $"Take off the tag {Names(names)}";

    internal static string OpenAction(bool create, bool asDefault, KmsConnection? replaced) =>
        (create ? ActionCreateDirectory : ActionOpen) +
        (asDefault ? ActionMakeDefault : string.Empty) +
        (replaced is null ? string.Empty : $", in place of the connection {Name(replaced.Name)} to {Name(replaced.Location)}");

    internal static string KeyOn(string? keyId, string connection, string? location = null)
    {
        string where = Name(connection) + (location is null ? string.Empty : $" ({DisplayText.ShortenStart(DisplayText.Neutralize(location), 48)})");
        return keyId is null ? $"a new key with a random id on {where}" : $"key {Name(keyId)} on {where}";
    }

    internal static string FoundFile(KmsKeyStoreFinding finding) =>
        finding.Name == "." ? Directory(finding.KeyDirectory) : $"file {Name(Path.Join(finding.KeyDirectory, finding.Name))}";

    internal static string Directory(string path) => $"key directory {Name(path)}";

    internal static string Operation(string connection, string operation, string? target, TimeSpan duration, bool failed) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{DisplayText.Neutralize(connection)}: {operation}{(target is null ? string.Empty : " " + Name(target))}, " +
            $"{duration.TotalMilliseconds:0.0} ms{(failed ? ", failed" : string.Empty)}");

    internal static string ExistsAlready(string keyId, string connection) =>
        $"{KeyOn(keyId, connection)} exists already and stays as it is.";

    internal static string WillBeDestroyed(KmsKey key, KmsConnection connection) =>
        $"Key {Name(key.KeyId)} will be destroyed on {KmsView.Time(key.DeletionDate)}. " +
        $"Until then this cancels it: Undo-KmsKeyRemoval {Literal(key.KeyId)}{Advice.At(connection)}";

    internal static string UnreadableKeys(int count, KmsConnection connection) => string.Create(
        CultureInfo.InvariantCulture,
        $"{count} key record(s) on {Name(connection.Name)} cannot be used. " +
        $"See what is wrong with them: Test-KmsKeyStore{Advice.At(connection)}");

    internal static string ConnectionReplaced(string name, string location) =>
        $"The connection {Name(name)} to {Name(location)} was open under this name and is closed now. Objects that came through it carry the name.";

    internal static string BadConnectionName(string name) =>
        $"{Name(name)} cannot be a connection's name: no wildcard and no control characters.";

    internal static string NoConnectionNamed(string name) => $"There is no open connection named {Name(name)}.";

    internal static string NoConnection(IReadOnlyList<KmsConnection> open) => open.Count == 0
        ? "There is no connection. Connect first, with Connect-Kms."
        : $"There is no default connection. Name an open one with -Connection ({Names(open.Select(connection => connection.Name))}), or connect.";

    internal static string NoKeyDirectory(string path) => $"There is no key directory {Name(path)}.";

    internal static string NothingTyped(string label) => $"Nothing was typed for \"{label}\".";

    internal static string NotAFileSystemPath(string path) => $"{Name(path)} is not a path in the file system.";

    internal static string SecretFileTooLong(string what, string path, int limit) => string.Create(
        CultureInfo.InvariantCulture, $"The {what} file {Name(path)} is longer than {limit} bytes. Is it the right file?");

    internal static string SecretFileEmpty(string what, string path) => $"The {what} file {Name(path)} is empty.";

    internal static string SecretFileNotFound(string what, string path) => $"There is no {what} file {Name(path)}.";

    internal static string SecretFileUnreadable(string what, string path, string reason) =>
        $"The {what} file {Name(path)} cannot be read: {DisplayText.Neutralize(reason)}";

    internal static string SecretFileOpenToOthers(string what, string path) =>
        $"Others can read the {what} file {Name(path)}. Take that from them: chmod 600 {Literal(path)}";

    internal static string MasterKeyEndsInNewline(string source) =>
        $"The master key (from {DisplayText.Neutralize(source)}) ends in a newline, which is part of it: a RustFS server takes its " +
        "master key verbatim too. If the directory does not open, the newline is the first thing to look at.";

    internal static string ConfirmKeyIdDiffers(string keyId) =>
        $"-ConfirmKeyId is not {Name(keyId)}. It must repeat the key's id exactly, upper and lower case included. Nothing was changed.";

    internal static string NullMapValue(string parameter, string key) => $"-{parameter}: {Name(key)} has no value.";

    internal static string ListMapValue(string parameter, string key) =>
        $"-{parameter}: the value of {Name(key)} must be one text, not a list.";

    internal static string RepeatedMapKey(string parameter, string key) => $"-{parameter}: {Name(key)} occurs twice.";

    internal static string EmptyMap(string parameter) => $"-{parameter} must not be empty.";

    internal static string NoKeyName(string type) =>
        $"An object of type {type} is no key's name. Give the name as text (-Name, or a text in the pipeline), or pipe objects that have a property Name or " +
        "KeyId, or at least Description, Tag or KeyUsage for a key with a random id.";

    internal static string NoKeyId(string type) =>
        $"An object of type {type} is no key id. Give ids as text, or objects with a property KeyId or Id.";

    internal static string UnquotedFraction(string number) =>
        $"{number} came as a number, and how it was written, with which zeros at its end, is lost: it is no key id. Quote the id.";

    internal static string BadBase64(string reason) =>
        $"The text is not Base64 ({reason}). A ciphertext blob is bytes or standard Base64 text.";

    internal static string ScalarBlob(string type) =>
        $"A single {type} is no ciphertext blob. PowerShell takes an array in a pipeline apart; keep it whole with a comma: ,$bytes | ...";

    internal static string Unexpected(Exception exception, string command) =>
        $"{command} met an unexpected {exception.GetType().Name} ({DisplayText.Neutralize(exception.Message)}). " +
        "This is a bug; please report it.";

    internal static string NotUsableInState(KmsKeyState state) => state switch
    {
        KmsKeyState.Disabled => "The key is disabled: it opens data keys and makes none.",
        KmsKeyState.PendingDeletion => "The key's deletion is scheduled: it opens data keys and makes none.",
        KmsKeyState.PendingImport => "The key waits for its material.",
        KmsKeyState.Unavailable => "The key is destroyed; a server's next sweep removes the record.",
        _ => "The key is in a state that this version does not know.",
    };

    internal static string NotForDataKeys(KmsKeyUsage usage) => $"The key's usage is {usage}: it wraps no data keys.";

    internal static string Server(string endpoint) => $"server {Name(endpoint)}";

    internal static string ServiceOn(string connection, string location) =>
        $"KMS of {Name(connection)} ({DisplayText.ShortenStart(DisplayText.Neutralize(location), 48)})";

    internal static string BucketOn(string bucket, string connection, string location) =>
        $"bucket {Name(bucket)} on {Name(connection)} ({DisplayText.ShortenStart(DisplayText.Neutralize(location), 48)})";

    internal static string Emulator(string endpoint) => $"emulator {Name(endpoint)}";

    internal static string EmulatorOn(int port) => string.Create(
        CultureInfo.InvariantCulture, $"127.0.0.1, {(port == 0 ? "a free port" : $"port {port}")}");

    // One line, with what there is to warn of in it: with -Wait, nothing else is written.
    internal static string EmulatorListens(string endpoint, bool isOpen) =>
        $"RustFS KMS emulator listens on {DisplayText.Neutralize(endpoint)}" + (isOpen ? " (unsigned requests are answered too)" : string.Empty);

    internal static string EmulatorIsOpen(string endpoint) =>
        $"The emulator on {DisplayText.Neutralize(endpoint)} answers unsigned requests too: any program on this machine can use it, and any web page in its browsers.";

    internal static string RequestId(string id) => $" (request id {DisplayText.Neutralize(id)})";

    internal static string Request(string connection, KmsRequestLogEntry request) => string.Create(
        CultureInfo.InvariantCulture,
        $"{DisplayText.Neutralize(connection)}: {request.Method} {DisplayText.Neutralize(request.Path)} -> " +
        $"{(request.Status is int status ? status.ToString(CultureInfo.InvariantCulture) : "no answer")}, {request.Duration.TotalMilliseconds:0.0} ms" +
        $"{(request.Try > 1 ? $", try {request.Try}" : string.Empty)}{(request.RequestId is null ? string.Empty : RequestId(request.RequestId))}" +
        $"{(request.Note is null ? string.Empty : $": {DisplayText.Neutralize(request.Note)}")}");

    internal static string SeveralIdentities(IEnumerable<string> parameters) =>
        $"Several parameters say who asks: {Parameters(parameters)}. Give one of them.";

    internal static string NeedsAnother(string parameter, params string[] others) => $"-{parameter} goes with {string.Join(" or ", others.Select(other => "-" + other))} only.";

    internal static string Noted(string connection, string note) => $"{DisplayText.Neutralize(connection)}: {DisplayText.Neutralize(note)}";

    internal static string SecretInAddress(string parameter, string instead) =>
        $"The address ({parameter}) holds a user name or a password; give them with -{instead}.";

    internal static string QueryInAddress(string parameter) => $"The address ({parameter}) must not have a query or a fragment.";

    internal static string NotAnEndpoint(string text) =>
        $"{Name(text)} is no address of a server. Give scheme, host and port, such as https://rustfs.example.com:9000.";

    internal static string DirectoryAndEndpointInEnvironment(string variable) =>
        $"The environment names a key directory (RUSTFS_KMS_KEY_DIR) and a server ({variable}). Say which: give -KeyDirectory or -Endpoint.";

    internal static string HalfACredential(string present, IEnumerable<string> missing) =>
        $"The environment variable {present} is set, and the other half of the credential is not: {string.Join(" or ", missing)}.";

    internal static string ProfileSource(string profile, string? file) =>
        $"AWS profile {Name(profile)}{(file is null ? string.Empty : $" in {Name(file)}")}";

    internal static string SecretSource(string secret, string? vault) =>
        $"secret {Name(secret)}{(vault is null ? string.Empty : $" of the vault {Name(vault)}")}";

    internal static string SecretUnreadable(string secret, string? vault, string reason) =>
        $"The {SecretSource(secret, vault)} cannot be read: {DisplayText.Neutralize(reason)}";

    internal static string SecretIsNoCredential(string secret) =>
        $"The secret {Name(secret)} is no PSCredential. Keep the access key and the secret key together in one.";

    internal static string NoSuchFile(string path) => $"There is no file {Name(path)}.";

    internal static string NotACertificate(string path, string reason) =>
        $"{Name(path)} holds no certificate that can be read: {DisplayText.Neutralize(reason)}";

    internal static string SupportBundleAction(IEnumerable<string> names) => $"Write a support bundle of manifest.json, {string.Join(", ", names)}";

    internal static string NotAnError(string type) => $"An object of type {type} is no error. Give an error record, an exception or a text.";

    internal static string NotAVaultAddress(string text) => $"{Name(text)} is no address of a Vault. Give scheme, host and port, such as https://vault.example.com:8200.";

    internal static string NotAVaultToken(string parameter) => $"What -{parameter} gives is no token: it is empty, or holds characters that no token has.";

    internal static string NotAVaultBackend(KmsBackendType backend) =>
        $"Keys of the backend {backend} are not in a Vault: -Backend is VaultKv2 or VaultTransit.";

    internal static string NoWayToTest(string connection, bool isOpen) => isOpen
        ? $"The connection {Name(connection)} leads to a key directory: there is no way to a server to be tested."
        : $"The connection {Name(connection)} was closed.";

    internal static string WaitActivity(ServiceGoal goal) =>
        $"Waiting until the KMS is {(goal.State ?? "there")}{(goal.Healthy ? " and healthy" : string.Empty)}";

    internal static string WaitStatus(KmsConnection connection, ServiceSighting sighting) =>
        $"{DisplayText.Neutralize(connection.Name)}: {Seen(sighting)}";

    internal static string WaitedInVain(ServiceGoal goal, ServiceSighting? last) => string.Create(
        CultureInfo.InvariantCulture,
        $"The KMS did not come to be {goal.State ?? "there"}{(goal.Healthy ? " and healthy" : string.Empty)} within {goal.Patience.TotalSeconds:0.###} s. " +
        $"Last seen: {(last is null ? "no answer" : Seen(last))}.");

    internal static string ConfigureAction(ConfigurationSettings settings, bool start) =>
        $"Configure: {Settings(settings)}{(start ? ", and start" : string.Empty)}";

    internal static string ResetAction(ConfigurationSettings settings) =>
        $"Stop the KMS, configure it ({Settings(settings)}), start it and wait until it is healthy: until then, the server neither encrypts nor decrypts with its keys";

    internal static string UpdateAction(IEnumerable<string> differences) =>
        $"Change {string.Join("; ", differences)}; the KMS is restarted, or started if it is stopped";

    internal static string Difference(string setting, string? before, string after) =>
        before is null ? $"{setting}: {after}" : $"{setting}: {before} -> {after}";

    internal static string NothingToChange(string connection) => $"The KMS of {Name(connection)} is configured so already; nothing was sent.";

    internal static string NothingToUpdate(string? backend) => backend is null
        ? "The KMS has no configuration that could be changed."
        : $"The KMS is configured for {Name(backend)}, which this version does not know.";

    internal static string WouldBeRefused(KmsConnection connection, KmsConfigurationFinding finding) =>
        $"{Name(connection.Name)} would refuse that: {DisplayText.Neutralize(finding.Message)}";

    internal static string DefaultKeyMissing(string keyId, KmsConnection connection) =>
        $"{Name(connection.Name)} has no key {Name(keyId)}: what names no key fails until there is one.";

    internal static string DefaultKeyNotEnabled(KmsKey key, KmsConnection connection) =>
        $"The key {Name(key.KeyId)} of {Name(connection.Name)} is {key.State}: what names no key fails until it is enabled.";

    internal static string DefaultKeyNotSeen(string keyId, string why) => $"Whether the key {Name(keyId)} is there was not seen: {why}";

    internal static string SecretsNeeded(IEnumerable<string> parameters) =>
        "The server replaces its whole configuration, and keeps no secrets that are left out. Give them again: " +
        $"{string.Join(", ", parameters)}. Nothing was sent.";

    internal static string PartOfALogin(string parameter) =>
        $"-{parameter} is a part of a way to log in to Vault, of which the server shows nothing and forgets what is left out. Give it whole, with " +
        "-RoleId and -SecretId, -KubernetesRole or -TokenFile. Nothing was sent.";

    internal static string SeveralLogins(IEnumerable<string> parameters) =>
        $"Several parameters say how the server logs in to Vault: {Parameters(parameters)}. Give those of one way.";

    internal static string UnknownSetting(string name) => $"{Name(name)} is no setting of a KMS configuration.";

    internal static string RepeatedSetting(string name) => $"The setting {Name(name)} occurs twice, perhaps under two names.";

    internal static string UnusableSetting(string name, ConfigurationValue kind) => $"The setting {Name(name)} must be " + kind switch
    {
        ConfigurationValue.Text => "a text.",
        ConfigurationValue.Number => "a whole number.",
        ConfigurationValue.Flag => "true or false.",
        ConfigurationValue.Secret => "a secure string, or in a file a text.",
        ConfigurationValue.Backend => "Local, VaultKv2, VaultTransit or Aws, in any spelling of the API.",
        _ => "Token, AppRole, Kubernetes or TokenFile.",
    };

    internal static string BadLogin(string name) =>
        $"The setting {Name(name)} must hold one way to log in, such as {{\"Token\":{{\"token\":\"...\"}}}}: Token, AppRole, Kubernetes or TokenFile.";

    internal static string NotAConfiguration(string type) =>
        $"An object of type {type} is no configuration. Give a hashtable, or an object that has the settings as properties.";

    internal static string NotAConfigurationFile(string path) => $"The file {Name(path)} holds no JSON object.";

    internal static string ConfigurationFileTooLong(string path, long limit) => string.Create(
        CultureInfo.InvariantCulture, $"The file {Name(path)} is longer than {limit} bytes. Is it the right one?");

    internal static string ConfigurationFileDamaged(string path, long? line, long? column) => string.Create(
        CultureInfo.InvariantCulture, $"The file {Name(path)} is no JSON: see line {line}, byte {column}.");

    internal static string ConfigurationFileUnreadable(string path, string reason) =>
        $"The file {Name(path)} cannot be read: {DisplayText.Neutralize(reason)}";

    internal static string ResetProgress(string connection, string step) => $"{DisplayText.Neutralize(connection)}: {step}";

    internal static string ResetFailed(int number, string step, string reason, string left) => string.Create(
        CultureInfo.InvariantCulture, $"Step {number} of {ServiceReset.StepCount} ({step}) failed: {reason.TrimEnd('.')}. {left}");

    internal static string EncryptAction(KmsBucketAlgorithm algorithm, string? keyId) => algorithm == KmsBucketAlgorithm.SseS3
        ? "Set the default encryption to SSE-S3"
        : $"Set the default encryption to SSE-KMS with {(keyId is null ? "the server's default key" : $"the key {Name(keyId)}")}";

    internal static string KeyNotForBucket(string keyId, string reason) => $"The key {Name(keyId)} cannot encrypt a bucket: {reason}";

    internal static string BackupAction(string? backupId) =>
        $"Make a bundle of all keys, {(backupId is null ? "under a name that is made up" : $"named {Name(backupId)}")}";

    internal const string BackupDirectoryMissing =
        "No backup directory was given. Give -BackupDirectory, or set the environment variable RUSTFS_KMS_BACKUP_DIR, as on the server.";

    internal const string BackupKeyMissing =
        "The key that seals bundles was not given. Give -BackupKey or -BackupKeyFile, or set the environment variable RUSTFS_KMS_BACKUP_KEK, " +
        "as on the server.";

    internal const string BackupKeyTwice = "-BackupKey and -BackupKeyFile were both given. Give one.";

    internal const string ServerKeyTwice = "-ServerKey and -ServerKeyFile were both given. Give one.";

    internal const string BackupsAreTheServers =
        "-BackupDirectory, -BackupKey, -BackupKeyFile, -BackupKeyId and -DeploymentIdentity are for key directories. A server has its own.";

    /// <summary>A key of 32 bytes in Base64 that is none; nothing of it is shown.</summary>
    internal static string BadSealedKey(string what, string source, int? length) => string.Create(
        CultureInfo.InvariantCulture,
        $"The {what} (from {DisplayText.Neutralize(source)}) {(length is null ? "is not standard Base64" : $"stands for {length} bytes")}; it must be Base64 of 32 bytes.");

    internal static string BadBackupKeyVersion(string variable) => $"The environment variable {variable} is not a whole number.";

    internal static string VariablePassedOver(string problem) => $"{problem} The variable is not used.";

    internal static string RestoreAction(KmsRestorePlan plan, bool configured = true) =>
        $"Restore the keys of the bundle {Name(plan.Bundle)} (backup id {Name(plan.BackupId ?? string.Empty)}) into {(configured ? "the configured" : "this")} key directory. " +
        (plan.IsPermitted ? "Nothing stands in the way" : $"In the way: {Sentences([.. plan.Conflicts, .. plan.ExternalMismatches])}") +
        (plan.Warnings.Count == 0 ? string.Empty : $". To be known before: {Sentences(plan.Warnings)}");

    internal static string RestoreRefused(KmsRestorePlan plan) =>
        $"The bundle {Name(plan.Bundle)} cannot be restored: {Sentences([.. plan.Blockers, .. plan.Conflicts, .. plan.ExternalMismatches])}. Nothing was changed.";

    internal static string PolicyNeverWrites(KmsRestorePlan plan) =>
        $"The conflict policy Fail never writes, and RestoreIntoEmptyTarget restores into an empty directory. " +
        (plan.IsPermitted ? "Nothing else stands in the way" : $"In the way besides: {Sentences([.. plan.Conflicts, .. plan.ExternalMismatches])}") +
        ". Nothing was changed.";

    internal static ProgressRecord Progress(KmsBackupProgress progress) => new(
        0,
        progress.Stage switch
        {
            KmsBackupStage.Sealing => "Reading and sealing the keys",
            KmsBackupStage.Writing => "Writing the bundle",
            KmsBackupStage.Verifying => "Verifying the bundle",
            KmsBackupStage.Opening => "Opening the keys of the bundle",
            KmsBackupStage.Staging => "Writing the keys",
            KmsBackupStage.Proving => "Reading back and opening the keys",
            _ => "Putting the keys in place",
        },
        progress.Total == 0 ? " " : string.Create(CultureInfo.InvariantCulture, $"{progress.Done} of {progress.Total} files"))
    {
        PercentComplete = progress.Total == 0 ? -1 : (int)(100L * progress.Done / progress.Total),
    };

    internal static string ConfirmBackupIdDiffers(string? backupId) =>
        $"-ConfirmBackupId is not the id in the bundle's manifest, {Name(backupId ?? string.Empty)}. It must repeat it exactly. Nothing was changed.";

    internal static string AbortRestoreAction(string directory) =>
        $"Take back the interrupted restore into {Name(directory)}: what it wrote there is deleted";

    internal static string RestoreAborted(KmsRestoreAbort abort) => $"The restore into {Name(abort.KeyDirectory)} was taken back.";

    internal static string RestoreAborted(string connection, KmsRestoreAbort abort) =>
        $"{DisplayText.Neutralize(connection)}: the restore into {Name(abort.KeyDirectory)} was taken back.";

    internal static string ImpactUnknown(string reason) => $". What names the key is not known: {DisplayText.Neutralize(reason).TrimEnd('.')}";

    /// <summary>What a removal would strand, as the end of a question.</summary>
    internal static string Impact(KmsKeyImpact impact) =>
        (impact.References.Any(reference => !reference.IsUnreadable)
            ? $". STILL NAMED BY {Listed(impact.References.Where(reference => !reference.IsUnreadable).Select(reference => reference.ToString()))}"
            : impact.IsComplete ? ". Nothing that was looked at names the key" : ". Whether anything names the key could not be found out") +
        (impact.References.Any(reference => reference.IsUnreadable)
            ? $". NOT READABLE, and perhaps naming it: {Listed(impact.References.Where(reference => reference.IsUnreadable).Select(reference => reference.Id ?? reference.Kind))}"
            : string.Empty) +
        (impact.Scanned.Count == 0 ? string.Empty : $" (looked at: {Listed(impact.Scanned)})") +
        (impact.NotScanned.Count == 0 ? string.Empty : $"; not looked at: {Listed(impact.NotScanned)}");

    /// <summary>Text from outside, safe to print, in quotes.</summary>
    internal static string Name(string text) => $"'{DisplayText.Neutralize(text)}'";

    /// <summary>Text from outside as a PowerShell literal that can be copied into a command.</summary>
    internal static string Literal(string text) => DisplayText.Literal(text);

    private static string Seen(ServiceSighting sighting) => sighting.Status is not KmsStatus status
        ? $"no answer ({DisplayText.Neutralize(sighting.Failure)})"
        : DisplayText.Neutralize(status.State) +
            (status.Healthy is bool healthy ? (healthy ? ", healthy" : ", not healthy") : string.Empty) +
            (status.Problem is null ? string.Empty : $" ({DisplayText.Neutralize(status.Problem)})");

    private static string Settings(ConfigurationSettings settings) =>
        string.Join(", ", settings.Names.Select(name => Difference(name, null, ConfigurationSettings.Shown(settings.Get(name)))));

    private static string Parameters(IEnumerable<string> names) => string.Join(", ", names.Select(name => "-" + name));

    /// <summary>Texts that may be whole sentences, without the last one's full stop.</summary>
    private static string Sentences(IEnumerable<string> texts) =>
        string.Join("; ", texts.Select(text => DisplayText.Neutralize(text).TrimEnd('.')));

    private static string Listed(IEnumerable<string> texts) => string.Join(", ", texts.Select(text => DisplayText.Neutralize(text)));

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(Name));
}
