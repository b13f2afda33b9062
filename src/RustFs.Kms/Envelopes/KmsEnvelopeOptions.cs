namespace RustFs.Kms;

/// <summary>A KMS wrap to make: a fresh data key of one KMS key.</summary>
internal sealed record KmsEnvelopeKmsWrap
{
    /// <summary>Through what the data key is made.</summary>
    internal required IKmsBackend Backend { get; init; }

    /// <summary>The id of the KMS key.</summary>
    internal required string KeyId { get; init; }

    /// <summary>The encryption context of the data key. Everybody can read it in the file.</summary>
    internal IReadOnlyDictionary<string, string> EncryptionContext { get; init; } = KmsKey.NoTags;

    /// <summary>Where the KMS is, for people: an endpoint, whose user information and query are left out, or a connection's name. At most 1024 characters.</summary>
    internal string? Hint { get; init; }
}

/// <summary>The cost of a passphrase's derivation; the default is RFC 9106 section 4, second choice.</summary>
/// <param name="MemoryKiB">8 × lanes to 1,048,576.</param>
/// <param name="Iterations">1 to 16; memory × iterations is at most 4,194,304.</param>
/// <param name="Lanes">1 to 16.</param>
internal sealed record KmsPassphraseCost(int MemoryKiB = 65536, int Iterations = 3, int Lanes = 4);

/// <summary>The wraps to make. The secrets stay the caller's.</summary>
internal sealed record KmsEnvelopeWrapping
{
    /// <summary>Data keys of KMS keys.</summary>
    internal IReadOnlyList<KmsEnvelopeKmsWrap> Kms { get; init; } = [];

    /// <summary>A passphrase as UTF-8, not empty; null for none.</summary>
    internal KmsSecret? Passphrase { get; init; }

    /// <summary>What the passphrase's derivation costs.</summary>
    internal KmsPassphraseCost PassphraseCost { get; init; } = new();

    /// <summary>Recovery keys. One that is named twice gets one wrap.</summary>
    internal IReadOnlyList<KmsRecoveryRecipient> Recipients { get; init; } = [];

    /// <summary>Whether nothing is asked for.</summary>
    internal bool IsEmpty => Kms.Count == 0 && Passphrase is null && Recipients.Count == 0;
}

/// <summary>What the caller brings to open a file with. Whatever fits a wrap is tried: KMS, then recovery keys, then the passphrase.</summary>
internal sealed record KmsEnvelopeOpening
{
    /// <summary>Where KMS wraps are opened. Those that cannot open data keys are passed over.</summary>
    internal IReadOnlyList<IKmsBackend> Backends { get; init; } = [];

    /// <summary>Entries that the encryption context of one of the file's KMS wraps must have, whatever opens it; empty for none.</summary>
    internal IReadOnlyDictionary<string, string> RequiredContext { get; init; } = KmsKey.NoTags;

    /// <summary>Recovery keys. The caller keeps ownership.</summary>
    internal IReadOnlyList<KmsRecoverySecret> RecoveryKeys { get; init; } = [];

    /// <summary>A passphrase as UTF-8; null for none. The caller keeps ownership.</summary>
    internal KmsSecret? Passphrase { get; init; }
}

/// <summary>How a file is protected.</summary>
internal sealed record KmsProtectFileOptions
{
    /// <summary>The absolute path of the file: a regular one, or a link to one.</summary>
    internal required string Source { get; init; }

    /// <summary>The absolute path of the protected file. Its directory exists.</summary>
    internal required string Destination { get; init; }

    /// <summary>The wraps to make: at least one.</summary>
    internal required KmsEnvelopeWrapping Wrapping { get; init; }

    /// <summary>The plaintext bytes in a chunk; null for the default.</summary>
    internal int? ChunkSize { get; init; }

    /// <summary>Replace a regular file that is there.</summary>
    internal bool Force { get; init; }

    /// <summary>Remove the source, after the result was synced, read back, opened and compared with what was read.</summary>
    internal bool RemoveSource { get; init; }

    /// <summary>Make a file that only a server's key directory opens again.</summary>
    internal bool AllowServerOnlyWrap { get; init; }

    /// <summary>Who is told how far it is; null for nobody.</summary>
    internal IProgress<KmsFileProgress>? Progress { get; init; }
}

/// <summary>How a protected file is opened.</summary>
internal sealed record KmsUnprotectFileOptions
{
    /// <summary>The absolute path of the protected file.</summary>
    internal required string Source { get; init; }

    /// <summary>The absolute path of the file to make. Its directory exists.</summary>
    internal required string Destination { get; init; }

    /// <summary>What to open it with.</summary>
    internal required KmsEnvelopeOpening Opening { get; init; }

    /// <summary>Replace a regular file that is there.</summary>
    internal bool Force { get; init; }

    /// <summary>Remove the protected file, after the result was synced, read back and compared with what was decrypted.</summary>
    internal bool RemoveSource { get; init; }

    /// <summary>Who is told how far it is; null for nobody.</summary>
    internal IProgress<KmsFileProgress>? Progress { get; init; }
}

/// <summary>How the wraps of a protected file change. The payload stays as it is, byte for byte.</summary>
internal sealed record KmsUpdateEnvelopeOptions
{
    /// <summary>The absolute path of the protected file, which is replaced in one step.</summary>
    internal required string Path { get; init; }

    /// <summary>What to open it with.</summary>
    internal required KmsEnvelopeOpening Opening { get; init; }

    /// <summary>The wraps to add.</summary>
    internal KmsEnvelopeWrapping Add { get; init; } = new();

    /// <summary>Which of the wraps that are there go; null for none. At least one wrap must remain or be added.</summary>
    internal Predicate<KmsEnvelopeWrap>? Remove { get; init; }

    /// <summary>The header that the file must still have, as <see cref="KmsEnvelope.HeaderSha256"/> has it; null for any.</summary>
    internal string? ExpectedHeader { get; init; }

    /// <summary>Leave a file that only a server's key directory opens.</summary>
    internal bool AllowServerOnlyWrap { get; init; }

    /// <summary>Who is told how far it is; null for nobody.</summary>
    internal IProgress<KmsFileProgress>? Progress { get; init; }
}
