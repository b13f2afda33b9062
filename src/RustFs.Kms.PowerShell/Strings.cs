using System.Globalization;

namespace RustFs.Kms.PowerShell;

/// <summary>The texts that people read. Whatever comes from outside goes through <see cref="Name"/> or <see cref="Literal"/>.</summary>
internal static class Strings
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

    internal const string EmptyMasterKeyWarning = "The master key is empty. A RustFS server accepts that in its development mode only.";

    internal const string MasterKeyPrompt = "Master key of the key directory: ";
    internal const string MasterKeyPromptAgain = "The same master key again: ";

    internal const string MasterKeysDiffer = "The two master keys that were typed are not the same. Nothing was made.";

    internal const string MasterKeyMissing =
        "No master key was given, and this session cannot ask for one. Give -MasterKey or -MasterKeyFile, set the environment " +
        "variable RUSTFS_KMS_LOCAL_MASTER_KEY, or say -NoMasterKey for a directory in development mode.";

    internal const string KeyDirectoryMissing =
        "Which key directory? Give -KeyDirectory, or set the environment variable RUSTFS_KMS_KEY_DIR.";

    internal const string EmptyKeyId = "A key id must not be empty.";
    internal const string EmptyConnectionName = "A connection's name must not be empty.";
    internal const string UnknownConnectionInput = "-Connection takes connections (from Connect-Kms or Get-KmsConnection) and their names.";
    internal const string DataKeyNeedsOneConnection = "A data key comes through exactly one connection; -Connection names several.";
    internal const string NotAKeyStore = "This connection does not lead to a key directory.";
    internal const string RoundTripDiffers = "The data key that came back is not the one that was made.";

    internal const string RotationUnsupported =
        "This backend does not rotate: a key in a key directory has one material for life, and nowhere to keep a second. " +
        "Nothing was changed.";

    internal static string SchedulingAction(int days) => string.Create(
        CultureInfo.InvariantCulture,
        $"Schedule the deletion in {days} days: it makes no more data keys, and Undo-KmsKeyRemoval cancels it until then");

    internal static string AddTagsAction(IEnumerable<string> names) => $"Set the tag {Names(names)}";

    internal static string RemoveTagsAction(IEnumerable<string> names) => $"Take off the tag {Names(names)}";

    internal static string KeyOn(string? keyId, string connection) =>
        keyId is null ? $"a new key with a random id on {Name(connection)}" : $"key {Name(keyId)} on {Name(connection)}";

    internal static string Directory(string path) => $"key directory {Name(path)}";

    internal static string Operation(string connection, string operation, string? target, TimeSpan duration, bool failed) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{DisplayText.Neutralize(connection)}: {operation}{(target is null ? string.Empty : " " + Name(target))}, " +
            $"{duration.TotalMilliseconds:0.0} ms{(failed ? ", failed" : string.Empty)}");

    internal static string ExistsAlready(string keyId, string connection) =>
        $"{KeyOn(keyId, connection)} exists already and stays as it is.";

    internal static string WillBeDestroyed(KmsKey key) =>
        $"Key {Name(key.KeyId)} will be destroyed on {KmsView.Time(key.DeletionDate)}. " +
        $"Until then this cancels it: Undo-KmsKeyRemoval {Literal(key.KeyId)}";

    internal static string UnreadableKeys(int count, string connection) => string.Create(
        CultureInfo.InvariantCulture,
        $"{count} key record(s) on {Name(connection)} cannot be used. " +
        $"See what is wrong with them: Test-KmsKeyStore -Connection {Literal(connection)}");

    internal static string ConnectionReplaced(string name, string location) =>
        $"The connection {Name(name)} to {Name(location)} was open under this name and is closed.";

    internal static string BadConnectionName(string name) =>
        $"{Name(name)} cannot be a connection's name: no wildcard and no control characters.";

    internal static string NoConnectionNamed(string name) => $"There is no open connection named {Name(name)}.";

    internal static string NoConnection(IReadOnlyList<KmsConnection> open) => open.Count == 0
        ? "There is no connection. Connect first: Connect-Kms -KeyDirectory <path>"
        : $"There is no default connection. Name an open one with -Connection ({Names(open.Select(connection => connection.Name))}), " +
          "or connect: Connect-Kms -KeyDirectory <path>";

    internal static string NotAFileSystemPath(string path) => $"{Name(path)} is not a path in the file system.";

    internal static string MasterKeyFileTooLong(string path, int limit) => string.Create(
        CultureInfo.InvariantCulture, $"The master key file {Name(path)} is longer than {limit} bytes. Is it the right file?");

    internal static string MasterKeyFileEmpty(string path) => $"The master key file {Name(path)} is empty.";

    internal static string MasterKeyFileNotFound(string path) => $"There is no master key file {Name(path)}.";

    internal static string MasterKeyFileUnreadable(string path, string reason) =>
        $"The master key file {Name(path)} cannot be read: {DisplayText.Neutralize(reason)}";

    internal static string MasterKeyFileOpenToOthers(string path) =>
        $"Others can read the master key file {Name(path)}. Take that from them: chmod 600 {Literal(path)}";

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

    /// <summary>Text from outside, safe to print, in quotes.</summary>
    internal static string Name(string text) => $"'{DisplayText.Neutralize(text)}'";

    /// <summary>Text from outside as a PowerShell literal that can be copied into a command.</summary>
    internal static string Literal(string text) => DisplayText.Literal(text);

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(Name));
}
