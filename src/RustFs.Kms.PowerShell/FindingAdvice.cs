namespace RustFs.Kms.PowerShell;

/// <summary>
/// What to do about what a verification found: the first row that fits, if any. No row recommends what could lose data: what
/// cannot be used today is kept, because a backup or another master key may bring it back.
/// </summary>
/// <param name="Issue">The issue that the row is for.</param>
/// <param name="Fault">The fault that the row is for; null for any.</param>
/// <param name="When">What else must be so; null for nothing.</param>
/// <param name="Advice">What to do.</param>
internal sealed record FindingAdvice(
    KmsKeyStoreIssue Issue, KmsKeyFault? Fault, Func<FindingAdvice.Found, bool>? When, Advice Advice)
{
    private const string OpenIt = "Connect-Kms -KeyDirectory {directory} -MasterKeyFile '<file>'";
    private const string ShowFile = "Get-Item -LiteralPath {file}";
    private const string EnableIt = "Enable-KmsKey -KeyId {key}{at}";

    /// <summary>The table.</summary>
    internal static IReadOnlyList<FindingAdvice> Table { get; } =
    [
        For(KmsKeyStoreIssue.DirectoryUnreadable, null, "Check the path, its permissions and the mount", "Get-Item -LiteralPath {directory}"),

        ForFault(KmsKeyFault.UnsupportedFormatVersion,
            "A newer RustFS wrote the record; leave it alone and update this module", "Update-PSResource -Name RustFs.Kms"),
        ForFault(KmsKeyFault.ConfigurationError,
            "Verify with the master key that the server has", "Test-KmsKeyStore -KeyDirectory {directory} -MasterKeyFile '<file>'"),
        ForFault(KmsKeyFault.MaterialAuthenticationFailed,
            "If no key opens, the master key or the salt is not the server's. If it is this record alone, restore its file from a backup"),
        ForFault(KmsKeyFault.InvalidKey,
            "The file was renamed or copied. Give it back the name of the id that is in it, or move it elsewhere if it is a copy", ShowFile),
        ForFault(KmsKeyFault.Unreadable, "Check the file's permissions and the disk", ShowFile),
        For(KmsKeyStoreIssue.RecordUnusable, null,
            "Restore the file from a backup, and keep it until then; without a backup, what the key wrapped is lost", ShowFile),

        For(KmsKeyStoreIssue.OldestLayout, Connected,
            "Have it written anew, in today's layout. A key that is disabled: with Disable-KmsKey. One that is enabled", EnableIt),
        For(KmsKeyStoreIssue.OldestLayout, null,
            "Connect, and have it written anew in today's layout: with Enable-KmsKey if the key is enabled, with Disable-KmsKey if it is " +
            "disabled", OpenIt),
        For(KmsKeyStoreIssue.PlaintextRecord, Connected,
            "On a connection with a master key, have it written anew, sealed. A key that is disabled: with Disable-KmsKey. One that is " +
            "enabled", EnableIt),
        For(KmsKeyStoreIssue.PlaintextRecord, null,
            "Connect with a master key, and have it written anew, sealed: with Enable-KmsKey if the key is enabled, with Disable-KmsKey if " +
            "it is disabled", OpenIt),
        For(KmsKeyStoreIssue.LegacyRecord, Connected,
            "To have it written anew, in today's form. A key that is disabled: with Disable-KmsKey. One that is enabled", EnableIt),
        For(KmsKeyStoreIssue.LegacyRecord, null,
            "To have it written anew in today's form, connect, and use Enable-KmsKey if the key is enabled, Disable-KmsKey if it is disabled",
            OpenIt),

        For(KmsKeyStoreIssue.LostHistory, null,
            "Keep the file. What the key wrapped before its rotation opens with the record of that time only, from a backup"),
        For(KmsKeyStoreIssue.UnknownAlgorithm, Connected,
            "Make another key, and move what this one wrapped to it with Update-KmsDataKey. Start with", "New-KmsKey -Name '<new id>'{at}"),
        For(KmsKeyStoreIssue.UnknownAlgorithm, null,
            "Connect, make another key with New-KmsKey, and move what this one wrapped to it with Update-KmsDataKey", OpenIt),
        For(KmsKeyStoreIssue.Tombstone, null,
            "If anything may still need the key, keep a copy of the file before a server starts on the directory",
            "Copy-Item -LiteralPath {file} -Destination '<path>'"),
        For(KmsKeyStoreIssue.PendingWithoutDate, Connected, "To keep the key, cancel its deletion", "Undo-KmsKeyRemoval -KeyId {key}{at}"),
        For(KmsKeyStoreIssue.PendingWithoutDate, null, "To keep the key, connect and cancel its deletion with Undo-KmsKeyRemoval", OpenIt),
        For(KmsKeyStoreIssue.DeletionDue, Connected,
            "If anything still needs the key, cancel its deletion before a server starts on the directory",
            "Undo-KmsKeyRemoval -KeyId {key}{at}"),
        For(KmsKeyStoreIssue.DeletionDue, null,
            "If anything still needs the key, connect and cancel its deletion with Undo-KmsKeyRemoval before a server starts on the directory",
            OpenIt),

        For(KmsKeyStoreIssue.SaltMissing, null, "Restore the salt file from a backup of this directory; no other salt opens its keys"),
        For(KmsKeyStoreIssue.SaltUnusable, null,
            "Restore the salt file from a backup of this directory, and keep what is there until then; no other salt opens its keys", ShowFile),
        For(KmsKeyStoreIssue.HalfRestored, null,
            "Run the same restore again, or take it back with Stop-KmsRestore; on a server, there. The marker stays until then",
            "Restore-KmsKeyStore -Bundle '<bundle>' -KeyDirectory {directory} -ConfirmBackupId '<backup id>' -ConflictPolicy RestoreIntoEmptyTarget"),
        For(KmsKeyStoreIssue.RestoreStaging, null,
            "Leave it alone while a restore runs or is half done; otherwise -Repair moves it aside. See what it is", ShowFile),
        For(KmsKeyStoreIssue.UnknownEntry, null,
            "If it is yours, move it out of the directory", "Move-Item -LiteralPath {file} -Destination '<path>'"),
        For(KmsKeyStoreIssue.SymbolicLink, null,
            "If the link is not there on purpose, put the file that it leads to in its place. Where it leads", ShowFile),
        For(KmsKeyStoreIssue.LooseMode, IsDirectory, "Take the directory from everybody but its owner", "chmod 700 {directory}"),
        For(KmsKeyStoreIssue.LooseMode, null, "Take the file from everybody but its owner", "chmod 600 {file}"),
        For(KmsKeyStoreIssue.SameButForCase, null,
            "Keep the directory on a file system that tells such names apart; backups and copies too"),
    ];

    /// <summary>The finding with what to do about it, when there is something to do.</summary>
    /// <param name="finding">What was found.</param>
    /// <param name="connection">The connection that it was found through; null when the directory was verified by its path.</param>
    internal static KmsKeyStoreFinding Advise(KmsKeyStoreFinding finding, KmsConnection? connection)
    {
        var found = new Found(finding, connection);
        return Table.FirstOrDefault(row => row.Fits(found)) is FindingAdvice row
            ? finding with { Recommendation = row.Advice.Fill(found.Values) }
            : finding;
    }

    private static FindingAdvice For(KmsKeyStoreIssue issue, Func<Found, bool>? when, string sentence, string? command = null) =>
        new(issue, null, when, new Advice(sentence, command));

    private static FindingAdvice ForFault(KmsKeyFault fault, string sentence, string? command = null) =>
        new(KmsKeyStoreIssue.RecordUnusable, fault, null, new Advice(sentence, command));

    /// <summary>Whether a command reaches the directory: through any other connection it would change another key.</summary>
    private static bool Connected(Found found) => found.Connection is not null;

    private static bool IsDirectory(Found found) => found.Finding.Name == ".";

    private bool Fits(Found found) =>
        Issue == found.Finding.Issue && (Fault is null || Fault == found.Finding.Fault) && When?.Invoke(found) != false;

    /// <summary>What was found, and through which connection.</summary>
    internal sealed record Found(KmsKeyStoreFinding Finding, KmsConnection? Connection)
    {
        /// <summary>What the placeholders stand for.</summary>
        internal IReadOnlyDictionary<string, string> Values => new Dictionary<string, string>
        {
            ["key"] = Finding.KeyId is null ? Advice.SomeKey : Strings.Literal(Finding.KeyId),
            ["directory"] = Strings.Literal(Finding.KeyDirectory),
            ["file"] = Strings.Literal(Path.Join(Finding.KeyDirectory, Finding.Name)),
            ["at"] = Advice.At(Connection),
        };
    }
}
