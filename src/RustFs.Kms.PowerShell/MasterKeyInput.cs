using System.Management.Automation.Host;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>A master key as the user gave it, and where it came from.</summary>
/// <param name="Key">The key; null for none. Whoever holds this wipes it.</param>
/// <param name="Source">Where it came from; never the key.</param>
/// <param name="Warnings">What the user should know about it.</param>
internal sealed record MasterKeyInput(KmsSecret? Key, string Source, IReadOnlyList<string> Warnings) : IDisposable
{
    internal const string EnvironmentVariable = "RUSTFS_KMS_LOCAL_MASTER_KEY";

    private const string What = "master key";
    private const int ReasonableLength = 16; // bytes; what guessing one takes grows with every one
    private const byte Newline = (byte)'\n';

    /// <summary>What is to be said of the key before a new directory gets it; null for nothing.</summary>
    internal string? Weakness => Key is null || (Key.Length >= ReasonableLength && Key.Bytes.IndexOfAnyExcept(" \t\r\n"u8) >= 0)
        ? null
        : Strings.MasterKeyWeak(Source, ReasonableLength);

    public void Dispose() => Key?.Dispose();

    /// <summary>No master key, on purpose.</summary>
    internal static MasterKeyInput None() => new(null, "none (-NoMasterKey)", []);

    internal static MasterKeyInput FromParameter(SecureString text)
    {
        try
        {
            return From(KmsSecret.FromSecureString(text), "parameter", []);
        }
        catch (ObjectDisposedException exception)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyDisposed, innerException: exception);
        }
    }

    /// <summary>A file's bytes, verbatim.</summary>
    internal static MasterKeyInput FromFile(string path, CancellationToken stop)
    {
        (KmsSecret key, IReadOnlyList<string> warnings) = SecretFile.Read(What, path, stop);
        return From(key, $"file {path}", warnings);
    }

    /// <summary>The server's own variable, or else a question on the host; a host that cannot ask is a usage error.</summary>
    internal static MasterKeyInput FromEnvironmentOrPrompt(PSHost host, bool twice)
    {
        if (SecretVariable.Read(EnvironmentVariable) is KmsSecret key)
        {
            return From(key, $"environment {EnvironmentVariable}", []);
        }

        return From(SecretPrompt.MasterKey.Ask(host, twice), "prompt", []);
    }

    private static MasterKeyInput From(KmsSecret key, string source, IReadOnlyList<string> warnings) =>
        new(key, source, key.Length > 0 && key.Bytes[^1] == Newline ? [.. warnings, Strings.MasterKeyEndsInNewline(source)] : warnings);
}
