namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Repairs what a verification found, where that is safe and can be undone: modes are set back, leftovers are moved aside and never
/// deleted. Everything else is the operator's.
/// </summary>
internal sealed class KeyStoreRepair(string path, TimeProvider clock, Action<string>? before = null)
{
    /// <summary>What is younger may be the work of a server, which takes no lock.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromMinutes(1);

    private static readonly KmsKeyStoreIssue[] s_leftovers = [KmsKeyStoreIssue.Leftover, KmsKeyStoreIssue.RestoreStaging];

    private readonly KeyDirectory _directory = new(path);

    /// <summary>What a repair would do about a finding, as a person reads it; null when it is none that is repaired here.</summary>
    internal string? Plan(KmsKeyStoreFinding finding) => finding.Issue switch
    {
        KmsKeyStoreIssue.LooseMode when HasMode(finding) => $"Set its mode to {Octal(ModeOf(finding))}",
        KmsKeyStoreIssue.Leftover => $"Move it out of the key directory, into '{Aside.Of(path)}'",
        KmsKeyStoreIssue.RestoreStaging when !_directory.HasRestoreMarker => $"Move it out of the key directory, into '{Aside.Of(path)}'",
        _ => null,
    };

    /// <summary>Repairs what <see cref="Plan"/> has a plan for.</summary>
    /// <returns>The finding with what was done; as it was when there is nothing to repair any more, or it is too young to be left over.</returns>
    /// <exception cref="KmsException">The file system refuses, or somebody is writing there.</exception>
    internal async Task<KmsKeyStoreFinding> RepairAsync(KmsKeyStoreFinding finding, CancellationToken cancellationToken)
    {
        try
        {
            using DirectoryLock held = await DirectoryLock.AcquireAsync(path, cancellationToken).ConfigureAwait(false);
            return Plan(finding) is null || !_directory.Exists(finding.Name) ? finding
                : s_leftovers.Contains(finding.Issue) ? MoveAside(finding)
                : SetMode(finding);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw _directory.Exists(finding.Name)
                ? StorageFailure.Of(exception, $"'{FileOf(finding)}' could not be repaired, and is as it was", FileOf(finding))
                : new KmsException(
                    KmsErrorCode.KmsOutcomeUnknown,
                    $"'{FileOf(finding)}' was moved into '{Aside.Of(path)}', and that could not be synced to the disk: {exception.Message}",
                    FileOf(finding),
                    innerException: exception);
        }
    }

    // The directory itself, or a file: the mode of neither is right for whatever else has a key's name.
    private bool HasMode(KmsKeyStoreFinding finding) => !OperatingSystem.IsWindows()
        && (finding.Name == "." ? Directory.Exists(path) : !_directory.IsLink(finding.Name) && File.Exists(FileOf(finding)));

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    private static UnixFileMode ModeOf(KmsKeyStoreFinding finding) => finding.Name == "." ? DurableFile.DirectoryMode : DurableFile.FileMode;

    private string FileOf(KmsKeyStoreFinding finding) => finding.Name == "." ? path : Path.Combine(path, finding.Name);

    private KmsKeyStoreFinding SetMode(KmsKeyStoreFinding finding)
    {
        string file = FileOf(finding);
        if (OperatingSystem.IsWindows())
        {
            return finding;
        }

        UnixFileMode old = File.GetUnixFileMode(file);
        before?.Invoke($"chmod {file}");
        File.SetUnixFileMode(file, ModeOf(finding));
        return finding with { Repair = $"Its mode was set to {Octal(ModeOf(finding))}; it was {Octal(old)}." };
    }

    private KmsKeyStoreFinding MoveAside(KmsKeyStoreFinding finding)
    {
        string file = FileOf(finding);
        if (clock.GetUtcNow() - Touched(file) < s_settled)
        {
            return finding with { Message = $"{finding.Message} It is less than a minute old, and was left alone: it may be somebody's work." };
        }

        string target = Aside.Move(path, finding.Name, before);
        return finding with { Repair = $"It was moved to '{target}', and can be moved back or deleted." };
    }

    private static DateTimeOffset Touched(string file) => Directory.Exists(file)
        ? Directory.EnumerateFileSystemEntries(file).Select(File.GetLastWriteTimeUtc).Append(Directory.GetLastWriteTimeUtc(file)).Max()
        : File.GetLastWriteTimeUtc(file);
}
