namespace RustFs.Kms.Backends.Emulator;

/// <summary>What becomes of an answer on its way out.</summary>
internal enum AnswerFate
{
    Sent,
    Truncated,
    Reset,
}

/// <summary>An answer.</summary>
internal sealed record HttpAnswer(int Status)
{
    /// <summary>Null leaves the header off, as the server's dynamic routes do.</summary>
    internal string? ContentType { get; init; }

    internal byte[] Body { get; init; } = [];

    internal IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The length that a HEAD announces, where it is not the body's.</summary>
    internal long? AnnouncedLength { get; init; }

    /// <summary>The body holds a plaintext key and is wiped as soon as it was sent.</summary>
    internal bool IsSecret { get; init; }

    internal AnswerFate Fate { get; init; }
}
