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

    internal const string ActionOpen = "Open";
    internal const string ActionMakeDefault = " and make it the default connection";

    /// <summary>The names of the fields: hosts print them with a colon.</summary>
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
    internal const string RoundTripDiffers = "The data key that came back is not the one that was made.";

    internal const string RotationUnsupported =
        "This backend does not rotate: a key in a key directory has one material for life, and nowhere to keep a second. " +
        "Nothing was changed.";

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
        ? "There is no connection. Connect first: Connect-Kms -KeyDirectory '<path>'"
        : $"There is no default connection. Name an open one with -Connection ({Names(open.Select(connection => connection.Name))}), " +
          "or connect: Connect-Kms -KeyDirectory '<path>'";

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

    /// <summary>Text from outside, safe to print, in quotes.</summary>
    internal static string Name(string text) => $"'{DisplayText.Neutralize(text)}'";

    /// <summary>Text from outside as a PowerShell literal that can be copied into a command.</summary>
    internal static string Literal(string text) => DisplayText.Literal(text);

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(Name));
}
