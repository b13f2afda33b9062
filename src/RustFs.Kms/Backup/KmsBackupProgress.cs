namespace RustFs.Kms;

/// <summary>What a backup, a restore or its examination is doing.</summary>
public enum KmsBackupStage
{
    /// <summary>The keys are read, opened and sealed.</summary>
    Sealing,

    /// <summary>The bundle is written.</summary>
    Writing,

    /// <summary>The files of a bundle are opened with the key that seals them.</summary>
    Verifying,

    /// <summary>The keys of a bundle are opened with the master key.</summary>
    Opening,

    /// <summary>The keys are written beside their place.</summary>
    Staging,

    /// <summary>What was written is read back and opened.</summary>
    Proving,

    /// <summary>The files get their names.</summary>
    Committing,
}

/// <summary>How far a backup, a restore or its examination is. Reported from worker threads, at most some ten times a second.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Done">Of how many files it is done.</param>
/// <param name="Total">How many files there are; 0 while nobody knows.</param>
public sealed record KmsBackupProgress(KmsBackupStage Stage, int Done, int Total);
