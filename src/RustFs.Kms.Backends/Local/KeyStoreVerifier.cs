using System.Runtime.CompilerServices;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Looks at everything in a key directory as a starting server would, and goes on where the server would stop. Opens every
/// record; changes nothing. What another process makes, removes or writes meanwhile is no finding.
/// </summary>
internal sealed class KeyStoreVerifier(KeyStore store, TimeProvider clock, string? connectionName)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly KeyDirectory _directory = store.Directory;
    private readonly List<string> _temporaries = [];
    private int _records;
    private int _unusable;
    private bool _needsSalt;
    private bool _hasErrors;

    internal async IAsyncEnumerable<KmsKeyStoreFinding> VerifyAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (ListEntries(out List<string> entries) is { } failure)
        {
            yield return failure;
            yield break;
        }

        foreach (KmsKeyStoreFinding finding in VerifyEntries(entries))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _hasErrors |= finding.Severity == KmsFindingSeverity.Error;
            yield return finding;
        }

        foreach (string name in await LeftoversAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return Information(
                KmsKeyStoreIssue.Leftover, name, "A write was interrupted here before it was published. A server removes the file when it starts.");
        }

        yield return Summary();
    }

    // A temporary that is still there when nobody writes is left over; another is somebody's work.
    private async Task<List<string>> LeftoversAsync(CancellationToken cancellationToken)
    {
        if (_temporaries.Count == 0)
        {
            return [];
        }

        try
        {
            using DirectoryLock held = await DirectoryLock.AcquireAsync(_directory.Path, s_patience, cancellationToken).ConfigureAwait(false);
            return [.. _temporaries.Where(_directory.Exists)];
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return [.. _temporaries.Where(_directory.Exists)]; // a file system without locks: what is there counts
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsTimeout)
        {
            return []; // somebody works there all the time, and they are his
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyEntries(List<string> entries)
    {
        foreach (KmsKeyStoreFinding finding in VerifyMode(".", "The key directory", DurableFile.DirectoryMode))
        {
            yield return finding;
        }

        if (_directory.HasRestoreMarker)
        {
            yield return Error(KmsKeyStoreIssue.HalfRestored, KeyDirectory.RestoreMarkerName, KeyStoreOpener.HalfRestored(_directory).Message);
        }

        foreach (string name in entries)
        {
            IEnumerable<KmsKeyStoreFinding> findings = KeyDirectory.KeyIdOf(name) is { } keyId
                ? VerifyRecord(name, keyId).Select(finding => finding with { KeyId = keyId })
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
        KeyRecord? record = null;
        KmsException? failure = null;
        try
        {
            record = store.Load(keyId);
            store.OpenWrappingKey(record).Dispose();
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsKeyNotFound)
        {
            yield break; // it was deleted since the directory was listed
        }
        catch (KmsException exception)
        {
            failure = exception;
        }

        _records++;
        foreach (KmsKeyStoreFinding finding in VerifyFile(name))
        {
            yield return finding;
        }

        if (failure is not null)
        {
            _unusable++;
            yield return Error(KmsKeyStoreIssue.RecordUnusable, name, failure.Message) with { Fault = failure.Fault };
        }

        if (record is not null)
        {
            _needsSalt |= record.Protection == KeyProtection.Sealed;
            foreach (KmsKeyStoreFinding finding in Remark(name, record))
            {
                yield return finding;
            }
        }
    }

    // What works today, and deserves to be known.
    private IEnumerable<KmsKeyStoreFinding> Remark(string name, KeyRecord record)
    {
        if (record.IsOldestLayout)
        {
            yield return Error(
                KmsKeyStoreIssue.OldestLayout, name, "The record has the layout before 1.0.0-alpha.83, and a server of today refuses to start on it.")
                with
            { Fault = KmsKeyFault.MaterialCorrupt };
        }
        else if (record.IsPlaintext)
        {
            yield return Warning(KmsKeyStoreIssue.PlaintextRecord, name, "The key material stands in the record in clear.");
        }
        else if (record.Protection == KeyProtection.Unspecified)
        {
            yield return Information(
                KmsKeyStoreIssue.LegacyRecord, name, "The record is from before 1.0.0-beta.9 and says nothing of its protection. It opens.");
        }

        if (record.Version > 1 || record.RotatedAt is not null)
        {
            yield return Warning(
                KmsKeyStoreIssue.LostHistory,
                name,
                "The key was rotated by a build that overwrote its material: what it wrapped before cannot be opened.");
        }

        if (record.Algorithm != KeyRecord.Aes256)
        {
            yield return Warning(
                KmsKeyStoreIssue.UnknownAlgorithm, name, $"The key's algorithm is not {KeyRecord.Aes256}; a server cannot back it up.");
        }

        switch (record.State, record.DeletionDate)
        {
            case (KmsKeyState.Unavailable, _):
                yield return Warning(KmsKeyStoreIssue.Tombstone, name, "The key is a tombstone: a server removes it within a minute of starting.");
                break;
            case (KmsKeyState.PendingDeletion, null):
                yield return Information(
                    KmsKeyStoreIssue.PendingWithoutDate, name, "The key is pending deletion without a date, and is never removed by itself.");
                break;
            case (KmsKeyState.PendingDeletion, { } date) when date.Instant <= clock.GetUtcNow():
                yield return Warning(
                    KmsKeyStoreIssue.DeletionDue,
                    name,
                    $"The key's deletion was due at {date.Text}: a server destroys it within a minute of starting.");
                break;
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifySalt(bool hasSalt)
    {
        if (!hasSalt && _needsSalt)
        {
            yield return Error(
                KmsKeyStoreIssue.SaltMissing,
                KeyDirectory.SaltName,
                "The salt file is missing, and keys were sealed with it. They cannot be opened without that very salt.");
        }

        if (hasSalt)
        {
            foreach (KmsKeyStoreFinding finding in VerifyFile(KeyDirectory.SaltName))
            {
                yield return finding;
            }

            if (SaltProblem() is { } problem)
            {
                yield return Error(KmsKeyStoreIssue.SaltUnusable, KeyDirectory.SaltName, problem);
            }
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
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyOther(string name)
    {
        if (KeyDirectory.IsLeftover(name))
        {
            _temporaries.Add(name);
        }
        else if (name is KeyDirectory.RestoreStagingName)
        {
            yield return Warning(KmsKeyStoreIssue.RestoreStaging, name, "Staged files of a restore are left here.");
        }
        else if (name is not (KeyDirectory.SaltName or KeyDirectory.RestoreMarkerName))
        {
            yield return Information(
                KmsKeyStoreIssue.UnknownEntry,
                name,
                "The entry is none of RustFS's. Servers ignore it, but do not restore into a directory that has it.");
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyFile(string name)
    {
        if (_directory.IsLink(name))
        {
            yield return Warning(
                KmsKeyStoreIssue.SymbolicLink, name, "The file is a symbolic link. It is followed when read, and replaced by a file when written.");
        }

        foreach (KmsKeyStoreFinding finding in VerifyMode(name, "The file", DurableFile.FileMode))
        {
            yield return finding;
        }
    }

    private IEnumerable<KmsKeyStoreFinding> VerifyMode(string name, string what, UnixFileMode expected)
    {
        if (ModeOf(Path.Combine(_directory.Path, name)) is { } mode && mode != expected)
        {
            yield return Warning(KmsKeyStoreIssue.LooseMode, name, $"{what} has the mode {Octal(mode)} instead of {Octal(expected)}.");
        }
    }

    // Null where there are no modes, and for what cannot be looked at: the record's own finding says so.
    private static UnixFileMode? ModeOf(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(path);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
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
        select Information(
            KmsKeyStoreIssue.SameButForCase,
            alike.First(),
            $"Names that differ only by case ({string.Join(", ", alike)}) become one file on Windows and macOS.");

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
            return Error(KmsKeyStoreIssue.DirectoryUnreadable, ".", $"The key directory cannot be listed: {exception.Message}");
        }
    }

    private KmsKeyStoreFinding Summary()
    {
        string message = (_unusable, _hasErrors) switch
        {
            ( > 0, _) => $"{_unusable} of {_records} keys cannot be used.",
            (0, true) => $"All {_records} keys were opened, and a server would refuse to start.",
            _ => $"All {_records} keys were opened.",
        };
        return Finding(_hasErrors ? KmsFindingSeverity.Error : KmsFindingSeverity.Ok, KmsKeyStoreIssue.None, ".", message);
    }

    private KmsKeyStoreFinding Error(KmsKeyStoreIssue issue, string name, string message) =>
        Finding(KmsFindingSeverity.Error, issue, name, message);

    private KmsKeyStoreFinding Warning(KmsKeyStoreIssue issue, string name, string message) =>
        Finding(KmsFindingSeverity.Warning, issue, name, message);

    private KmsKeyStoreFinding Information(KmsKeyStoreIssue issue, string name, string message) =>
        Finding(KmsFindingSeverity.Information, issue, name, message);

    private KmsKeyStoreFinding Finding(KmsFindingSeverity severity, KmsKeyStoreIssue issue, string name, string message) => new()
    {
        Severity = severity,
        Issue = issue,
        Check = CheckOf(issue),
        Name = name,
        Message = message,
        KeyDirectory = _directory.Path,
        Connection = connectionName,
    };

    private static string CheckOf(KmsKeyStoreIssue issue) => issue switch
    {
        KmsKeyStoreIssue.None => "Summary",
        KmsKeyStoreIssue.Tombstone or KmsKeyStoreIssue.PendingWithoutDate or KmsKeyStoreIssue.DeletionDue => "Deletion",
        KmsKeyStoreIssue.SaltMissing or KmsKeyStoreIssue.SaltUnusable => "Salt",
        KmsKeyStoreIssue.HalfRestored or KmsKeyStoreIssue.RestoreStaging => "Restore",
        KmsKeyStoreIssue.Leftover => "Leftover",
        KmsKeyStoreIssue.LooseMode => "Permission",
        KmsKeyStoreIssue.DirectoryUnreadable or KmsKeyStoreIssue.UnknownEntry or KmsKeyStoreIssue.SymbolicLink
            or KmsKeyStoreIssue.SameButForCase => "Entry",
        _ => "Record",
    };
}
