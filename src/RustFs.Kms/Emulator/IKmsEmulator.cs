namespace RustFs.Kms;

/// <summary>How an emulator is started.</summary>
internal sealed record KmsEmulatorOptions
{
    /// <summary>The port on loopback; 0 takes a free one.</summary>
    internal int Port { get; init; }

    /// <summary>Who may ask. The caller keeps ownership and wipes it after the emulator was stopped.</summary>
    internal required KmsCredential Credential { get; init; }

    /// <summary>Where keys, configuration and buckets are kept over a restart; null for a directory that goes with the emulator.</summary>
    internal string? KeyDirectory { get; init; }

    /// <summary>The master key of the key directory; null for a random one, which goes with the emulator.</summary>
    internal KmsSecret? MasterKey { get; init; }

    /// <summary>The generation that it speaks; <see cref="KmsApiGeneration.Auto"/> is <see cref="KmsApiGeneration.Current"/>.</summary>
    internal KmsApiGeneration Generation { get; init; } = KmsApiGeneration.Current;

    /// <summary>Configure the local backend on the key directory and start it at once.</summary>
    internal bool Running { get; init; }

    /// <summary>Answer unsigned requests too, as the examples of the early guide send them.</summary>
    internal bool AllowAnonymous { get; init; }

    /// <summary>What <c>RUSTFS_KMS_ALLOW_IMMEDIATE_DELETION</c> does on a server.</summary>
    internal bool AllowImmediateDeletion { get; init; }

    /// <summary>Make the server's probe key when the service starts.</summary>
    internal bool CreateProbeKey { get; init; } = true;

    /// <summary>What the backup variables of a server hold; null for none of them.</summary>
    internal KmsBackupEnvironment? Backup { get; init; }

    /// <summary>The clock, for tests.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The zone of the times in answers. A server's is the one of its machine; the emulator's is UTC, the same everywhere.</summary>
    internal TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;
}

/// <summary>What a server takes from <c>RUSTFS_KMS_BACKUP_*</c>.</summary>
internal sealed record KmsBackupEnvironment
{
    /// <summary>The directory below which bundles are made.</summary>
    internal required string Directory { get; init; }

    /// <summary>The folder of the one bundle that is read, whatever it is called; null to find each by its name below the directory.</summary>
    internal string? BundlePath { get; init; }

    /// <summary>The key that seals bundles: 32 bytes.</summary>
    internal required KmsSecret Kek { get; init; }

    /// <summary>Its id. An empty one makes no bundles, and opens those of any id and version: the seal itself tells the key.</summary>
    internal required string KekId { get; init; }

    /// <summary>Its version.</summary>
    internal uint KekVersion { get; init; } = 1;

    /// <summary>Whether bundles of every version of the key are opened, because nobody said which it is.</summary>
    internal bool OpensAnyKekVersion { get; init; }

    /// <summary>Which deployment this is; empty when nobody knows, as of a key directory without its server.</summary>
    internal required string DeploymentIdentity { get; init; }

    /// <summary>The version of RustFS that is written into manifests.</summary>
    internal string RustFsVersion { get; init; } = "1.0.0-rc.3";
}

/// <summary>How an emulator spoils an answer on demand, for tests.</summary>
internal enum KmsEmulatorFaultKind
{
    /// <summary>Waits before it answers.</summary>
    Delay,

    /// <summary>Closes the connection instead of answering, after the request was carried out.</summary>
    Reset,

    /// <summary>Closes the connection instead of answering, before the request was carried out.</summary>
    ResetBefore,

    /// <summary>Promises more bytes than it sends.</summary>
    Truncate,

    /// <summary>Answers with a status, headers and a body of the test's.</summary>
    Answer,
}

/// <summary>A fault, for the next requests that fit.</summary>
internal sealed record KmsEmulatorFault
{
    internal required KmsEmulatorFaultKind Kind { get; init; }

    /// <summary>Only requests of this method; null for all.</summary>
    internal string? Method { get; init; }

    /// <summary>Only requests whose path ends so; null for all.</summary>
    internal string? PathSuffix { get; init; }

    /// <summary>How many requests; then it is gone.</summary>
    internal int Times { get; init; } = 1;

    internal TimeSpan Delay { get; init; }

    internal int Status { get; init; } = 200;

    internal IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    internal byte[] Body { get; init; } = [];
}

/// <summary>A running emulator.</summary>
internal interface IKmsEmulator : IAsyncDisposable
{
    /// <summary>Where it listens: <c>http://127.0.0.1:port/</c>.</summary>
    Uri Endpoint { get; }

    /// <summary>Its key directory.</summary>
    string KeyDirectory { get; }

    /// <summary>What it speaks.</summary>
    KmsApiGeneration Generation { get; }

    /// <summary>The newest thousand requests in their order, each as method and path.</summary>
    IReadOnlyList<string> Requests { get; }

    /// <summary>Spoils answers to come.</summary>
    void Inject(KmsEmulatorFault fault);
}
