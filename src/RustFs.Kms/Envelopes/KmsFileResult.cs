namespace RustFs.Kms;

/// <summary>What became of one file that was protected or opened.</summary>
public sealed record KmsFileResult
{
    /// <summary>The absolute path of the file that was read.</summary>
    public required string Source { get; init; }

    /// <summary>The absolute path of the file that was made.</summary>
    public required string Destination { get; init; }

    /// <summary>The length of the plaintext, in bytes.</summary>
    public required long PlaintextLength { get; init; }

    /// <summary>The length of the protected file, in bytes.</summary>
    public required long EnvelopeLength { get; init; }

    /// <summary>After protecting: every wrap that the file has. After opening: the one that opened it.</summary>
    public required IReadOnlyList<KmsEnvelopeWrap> Wraps { get; init => field = value.Indexable(); }

    /// <summary>Whether the source was removed.</summary>
    public bool SourceRemoved { get; init; }

    /// <summary>
    /// How many other names (hard links) the source had when it was read: what is called so is still there, also when
    /// <see cref="SourceRemoved"/>. 0 where nothing was to be removed.
    /// </summary>
    public int OtherNames { get; init; }

    /// <summary>How long it took, syncing and verifying included.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>The path of the file that was made.</summary>
    public override string ToString() => Destination;
}

/// <summary>What is being done to a file just now.</summary>
public enum KmsFileStage
{
    /// <summary>The source is read and encrypted.</summary>
    Protecting,

    /// <summary>The source is read, verified and decrypted.</summary>
    Opening,

    /// <summary>The payload is copied as it stands.</summary>
    Copying,

    /// <summary>What was written is read back and compared.</summary>
    Verifying,
}

/// <summary>How far the work on a file is. Reported from worker threads, at most some ten times a second and once at a stage's end.</summary>
/// <param name="Path">The source.</param>
/// <param name="Stage">What is being done.</param>
/// <param name="BytesDone">How much of it is done, in bytes.</param>
/// <param name="BytesTotal">How much it is, in bytes.</param>
/// <param name="Elapsed">How long the stage has run.</param>
internal sealed record KmsFileProgress(string Path, KmsFileStage Stage, long BytesDone, long BytesTotal, TimeSpan Elapsed)
{
    /// <summary>The rate so far; 0 while nothing is known.</summary>
    internal double BytesPerSecond => Elapsed > TimeSpan.Zero ? BytesDone / Elapsed.TotalSeconds : 0;

    /// <summary>How long the rest of the stage takes at that rate; null while nothing is known.</summary>
    internal TimeSpan? Remaining => BytesPerSecond > 0
        ? TimeSpan.FromSeconds(Math.Min((BytesTotal - BytesDone) / BytesPerSecond, TimeSpan.MaxValue.TotalSeconds / 2))
        : null;
}
