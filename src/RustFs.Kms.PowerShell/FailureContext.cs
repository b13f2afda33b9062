namespace RustFs.Kms.PowerShell;

/// <summary>What a cmdlet works on, as far as an error has to know.</summary>
internal enum FailureSubject
{
    /// <summary>None of the others: a service, a connection.</summary>
    Other,

    /// <summary>A key, which the user named by its id.</summary>
    Key,

    /// <summary>A wrapped data key; which key wraps it is only in the blob.</summary>
    DataKey,

    /// <summary>A key directory that is not open yet.</summary>
    KeyDirectory,

    /// <summary>A server that is not connected yet.</summary>
    Endpoint,

    /// <summary>A bucket.</summary>
    Bucket,

    /// <summary>A file to protect, a protected one, or a recovery key's.</summary>
    File,
}

/// <summary>What a cmdlet was doing when something failed.</summary>
/// <param name="Command">The cmdlet.</param>
/// <param name="Subject">What it works on.</param>
/// <param name="Target">The key id, path or other text that it worked on just then; null when there was none.</param>
/// <param name="Connection">The connection that it worked through; null when there was none.</param>
/// <param name="NamesConnection">Whether there were several connections, so that the text must say which.</param>
/// <param name="WithoutMasterKey">Whether -NoMasterKey was given.</param>
/// <param name="Creates">Whether -Create was given.</param>
/// <param name="ProfileName">The profile that was given; null for none.</param>
/// <param name="ProfileLocation">The file of the profile, where that was given.</param>
internal sealed record FailureContext(
    CommandCall Command,
    FailureSubject Subject,
    string? Target = null,
    KmsConnection? Connection = null,
    bool NamesConnection = false,
    bool WithoutMasterKey = false,
    bool Creates = false,
    string? ProfileName = null,
    string? ProfileLocation = null)
{
    /// <summary>The key id as the user gave it.</summary>
    internal string? KeyId => Subject == FailureSubject.Key ? Target : null;

    /// <summary>Whether a key directory was being opened or verified by its path.</summary>
    internal bool IsOpening => Subject == FailureSubject.KeyDirectory;

    /// <summary>Whether a server was being reached by its address.</summary>
    internal bool IsConnecting => Subject == FailureSubject.Endpoint;

    /// <summary>Whether a server is what failed, over a connection or on the way to one.</summary>
    internal bool IsServer => IsConnecting || Connection is { Kind: KmsBackendKind.Server };
}
