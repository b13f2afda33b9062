namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Looks at everything in a key directory as a starting server would, and goes on where the server would stop. Opens every
/// record; changes nothing. The last finding is the summary.
/// </summary>
internal sealed class KeyStoreVerifier(KeyStore store, TimeProvider clock, string? connectionName)
{
    private const string RecordCheck = "Record";
    private const string SaltCheck = "Salt";
    private const string PermissionCheck = "Permission";
    private const string LeftoverCheck = "Leftover";
    private const string RestoreCheck = "Restore";
    private const string DeletionCheck = "Deletion";
    private const string EntryCheck = "Entry";

    private readonly KeyDirectory _directory = store.Directory;
    private int _records;
    private int _unusable;
    private bool _needsSalt;

    internal IEnumerable<KmsKeyStoreFinding> Verify()
    {
        if (ListEntries(out List<string> entries) is { } failure)
        {
            yield return failure;
            yield break;
        }

        KmsFindingSeverity worst = KmsFindingSeverity.Ok;
        foreach (KmsKeyStoreFinding finding in VerifyEntries(entries))
        {
            worst = (KmsFindingSeverity)Math.Max((int)worst, (int)finding.Severity);
            yield return finding;
        }

        yield return Summary(worst);
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyEntries(List<string> entries)
    {
        if (WrongMode(".", DurableFile.DirectoryMode) is { } mode)
        {
            yield return mode with { Message = $"The key directory has the mode {mode.Message}." };
        }

        if (_directory.HasRestoreMarker)
        {
            yield return Error(RestoreCheck, KeyDirectory.RestoreMarkerName, KeyStoreOpener.HalfRestored(_directory).Message) with
            {
                Recommendation = "Restore the same bundle again, or abort that restore. A server does not start before.",
            };
        }

        foreach (string name in entries)
        {
            IEnumerable<KmsKeyStoreFinding> findings = KeyDirectory.KeyIdOf(name) is { } keyId
                ? VerifyRecord(name, keyId)
                : VerifyOther(name);
            foreach (KmsKeyStoreFinding finding in findings)
            {
                yield return finding;
            }
        }

        foreach (KmsKeyStoreFinding finding in VerifySalt(entries.Contains(KeyDirectory.SaltName)).Concat(SameButForCase(entries)))
        {
            yield return finding;
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyRecord(string name, string keyId)
    {
        _records++;
        foreach (KmsKeyStoreFinding finding in VerifyFile(name))
        {
            yield return finding with { KeyId = keyId };
        }

        if (TryLoad(keyId, out KeyRecord? record) is { } fault)
        {
            _unusable++;
            yield return fault with { Name = name };
        }

        if (record is not null)
        {
            _needsSalt |= record.Protection == KeyProtection.Sealed;
            foreach (KmsKeyStoreFinding finding in Remark(record))
            {
                yield return finding with { Name = name, KeyId = keyId };
            }
        }
    }

    // What works today, and deserves to be known.
    private IEnumerable<KmsKeyStoreFinding> Remark(KeyRecord record)
    {
        if (record.IsOldestLayout)
        {
            yield return Error(RecordCheck, "", "The record has the layout before 1.0.0-alpha.83, and a server of today refuses to start on it.") with
            {
                Fault = KmsKeyFault.MaterialCorrupt,
                Recommendation = "Any change of the key writes it anew in today's layout, for example: " +
                    $"Set-KmsKey -KeyId '{record.KeyId}' -Description 'migrated'",
            };
        }
        else if (record.IsPlaintext)
        {
            yield return Warning(RecordCheck, "The key material stands in the record in clear.") with
            {
                Recommendation = "With a master key, any change of the key seals it, for example: " +
                    $"Set-KmsKey -KeyId '{record.KeyId}' -Description 'sealed'",
            };
        }
        else if (record.Protection == KeyProtection.Unspecified)
        {
            yield return Information(RecordCheck, "The record is from before 1.0.0-beta.9 and says nothing of its protection. It opens.");
        }

        if (record.Version > 1 || record.RotatedAt is not null)
        {
            yield return Warning(RecordCheck, "The key was rotated by a build that overwrote its material: what it wrapped before cannot be opened.");
        }

        if (record.Algorithm != KeyRecord.Aes256)
        {
            yield return Warning(RecordCheck, "The key's algorithm is not AES_256; it cannot be backed up by a server.");
        }

        if (RemarkOnDeletion(record) is { } deletion)
        {
            yield return deletion;
        }
    }

    private KmsKeyStoreFinding? RemarkOnDeletion(KeyRecord record) => (record.State, record.DeletionDate) switch
    {
        (KmsKeyState.Unavailable, _) =>
            Warning(DeletionCheck, "The key is a tombstone: a server removes it within a minute of starting."),
        (KmsKeyState.PendingDeletion, null) =>
            Information(DeletionCheck, "The key is pending deletion without a date, and is never removed by itself."),
        (KmsKeyState.PendingDeletion, { } date) when date.Instant <= clock.GetUtcNow() =>
            Warning(DeletionCheck, $"The key's deletion was due at {date.Text}: a server destroys it within a minute of starting.") with
            {
                Recommendation = $"To keep it: Undo-KmsKeyRemoval -KeyId '{record.KeyId}'",
            },
        _ => null,
    };

    private KmsKeyStoreFinding? TryLoad(string keyId, out KeyRecord? record)
    {
        record = null;
        try
        {
            record = store.Load(keyId);
            using KmsSecret material = store.OpenWrappingKey(record);
            return null;
        }
        catch (KmsException exception)
        {
            return Error(RecordCheck, "", exception.Message) with
            {
                KeyId = keyId,
                Fault = exception.Fault,
                Recommendation = exception.Fault switch
                {
                    KmsKeyFault.UnsupportedFormatVersion => "Use the version of RustFS, or of this module, that wrote it or a newer one.",
                    KmsKeyFault.InvalidKey => "Give the file back the name of the key that it holds.",
                    KmsKeyFault.ConfigurationError => "Verify with the master key.",
                    KmsKeyFault.Unreadable => "Check the file's permissions and the disk.",
                    _ => "Bring the file back from a backup of the key directory. A server does not start as long as it is there like this.",
                },
            };
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifySalt(bool hasSalt)
    {
        string? problem = null;
        if (hasSalt)
        {
            foreach (KmsKeyStoreFinding finding in VerifyFile(KeyDirectory.SaltName))
            {
                yield return finding;
            }

            problem = SaltProblem();
        }
        else if (_needsSalt)
        {
            problem = "The salt file is missing, and keys were sealed with it. They cannot be opened without that very salt.";
        }

        if (problem is not null)
        {
            yield return Error(SaltCheck, KeyDirectory.SaltName, problem) with
            {
                Recommendation = "Bring the salt file back from a backup. Never make a new one.",
            };
        }
    }

    private string? SaltProblem()
    {
        try
        {
            _ = _directory.ReadSalt();
            return null;
        }
        catch (KmsException exception)
        {
            return exception.Message;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return $"The salt file cannot be read: {exception.Message}";
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyOther(string name)
    {
        if (KeyDirectory.IsLeftover(name))
        {
            yield return Information(LeftoverCheck, "A write was interrupted here before it was published. A server removes the file when it starts.")
                with { Name = name };
        }
        else if (name is KeyDirectory.RestoreStagingName)
        {
            yield return Warning(RestoreCheck, "Staged files of a restore are left here.") with { Name = name };
        }
        else if (name is not (KeyDirectory.SaltName or KeyDirectory.RestoreMarkerName))
        {
            yield return Information(EntryCheck, "The entry is none of RustFS's. Servers ignore it, but do not restore into a directory that has it.")
                with { Name = name };
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyFile(string name)
    {
        if (new FileInfo(Path.Combine(_directory.Path, name)).LinkTarget is not null)
        {
            yield return Warning(EntryCheck, "The file is a symbolic link. It is followed when read, and replaced by a file when written.")
                with { Name = name };
        }

        if (WrongMode(name, DurableFile.FileMode) is { } mode)
        {
            yield return mode with { Message = $"The file has the mode {mode.Message}." };
        }
    }

    private KmsKeyStoreFinding? WrongMode(string name, UnixFileMode expected)
    {
        string path = Path.Combine(_directory.Path, name);
        return ModeOf(path) is { } mode && mode != expected
            ? Warning(PermissionCheck, $"{Octal(mode)} instead of {Octal(expected)}") with
            {
                Name = name,
                Recommendation = $"chmod {Octal(expected)} '{Path.GetFullPath(path)}'",
            }
            : null;
    }

    // Null where there are no modes, and for a link that leads nowhere: the record's own finding says so.
    private static UnixFileMode? ModeOf(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    private IEnumerable<KmsKeyStoreFinding> SameButForCase(List<string> entries) =>
        from name in entries
        where KeyDirectory.KeyIdOf(name) is not null
        group name by name.ToUpperInvariant() into alike
        where alike.Count() > 1
        select Information(EntryCheck, $"Names that differ only by case ({string.Join(", ", alike)}) become one file on Windows and macOS.")
            with { Name = alike.First() };

    private KmsKeyStoreFinding? ListEntries(out List<string> entries)
    {
        entries = [];
        try
        {
            entries.AddRange(_directory.EntryNames().Order(Utf8Order.Comparer));
            return null;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return Error(EntryCheck, ".", $"The key directory cannot be listed: {exception.Message}");
        }
    }

    private KmsKeyStoreFinding Summary(KmsFindingSeverity worst) => new()
    {
        Severity = worst == KmsFindingSeverity.Error ? KmsFindingSeverity.Error : KmsFindingSeverity.Ok,
        Check = "Summary",
        Name = ".",
        Message = _unusable > 0
            ? $"{_unusable} of {_records} keys cannot be used."
            : $"All {_records} keys were opened{(worst == KmsFindingSeverity.Error ? ", and a server would refuse to start" : "")}.",
        KeyDirectory = _directory.Path,
        Connection = connectionName,
    };

    private KmsKeyStoreFinding Error(string check, string name, string message) => Finding(KmsFindingSeverity.Error, check, name, message);

    private KmsKeyStoreFinding Warning(string check, string message) => Finding(KmsFindingSeverity.Warning, check, "", message);

    private KmsKeyStoreFinding Information(string check, string message) => Finding(KmsFindingSeverity.Information, check, "", message);

    private KmsKeyStoreFinding Finding(KmsFindingSeverity severity, string check, string name, string message) => new()
    {
        Severity = severity,
        Check = check,
        Name = name,
        Message = message,
        KeyDirectory = _directory.Path,
        Connection = connectionName,
    };
}
