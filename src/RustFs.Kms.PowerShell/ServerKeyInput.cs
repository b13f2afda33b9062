using System.Management.Automation;
using System.Security;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The keys that a server without a key directory has in its environment, and wraps data keys with: of SSE-S3 without a KMS, and of
/// the Static backend.
/// </summary>
internal static class ServerKeyInput
{
    internal const string SseVariable = "RUSTFS_SSE_S3_MASTER_KEY";
    internal const string StaticVariable = "RUSTFS_KMS_STATIC_SECRET_KEY";

    private const int KeyLength = 32;
    private const string What = "server key";

    /// <summary>The keys, which the caller wipes. One that was given as a parameter is the only one.</summary>
    /// <param name="cmdlet">Whose session resolves the file's path.</param>
    /// <param name="serverKey">The key as the variable holds it.</param>
    /// <param name="serverKeyFile">A file with the same.</param>
    /// <param name="warn">Takes what the user should know.</param>
    /// <param name="stop">Ends the wait for a file that is a pipe.</param>
    /// <exception cref="KmsException">What was given as a parameter is no such key.</exception>
    internal static KmsServerKeys Resolve(
        PSCmdlet cmdlet, SecureString? serverKey, string? serverKeyFile, Action<string> warn, CancellationToken stop)
    {
        if (serverKey is not null && serverKeyFile is not null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.ServerKeyTwice);
        }

        if (serverKey is not null)
        {
            using var text = KmsSecret.FromSecureString(serverKey);
            return Parse(text, "parameter");
        }

        if (serverKeyFile is not null)
        {
            string path = Paths.Resolve(cmdlet.SessionState, serverKeyFile);
            (KmsSecret text, IReadOnlyList<string> warnings) = SecretFile.Read(What, path, stop);
            using (text)
            {
                warnings.ToList().ForEach(warn);
                return Parse(text, $"file {path}");
            }
        }

        using KmsServerKeys? sse = FromVariable(SseVariable, warn);
        using KmsServerKeys? fixedKey = FromVariable(StaticVariable, warn);
        return new KmsServerKeys
        {
            SseMasterKey = Copy(sse?.SseMasterKey),
            StaticKeyId = fixedKey?.StaticKeyId,
            StaticKey = Copy(fixedKey?.StaticKey),
        };
    }

    // A variable that is none of the user's doing here is passed over aloud: it may be all right for another purpose.
    private static KmsServerKeys? FromVariable(string name, Action<string> warn)
    {
        using KmsSecret? text = SecretVariable.Read(name);
        try
        {
            return text is null ? null : Parse(text, $"environment {name}");
        }
        catch (KmsException exception)
        {
            warn(Strings.VariablePassedOver(exception.Message));
            return null;
        }
    }

    private static KmsServerKeys Parse(KmsSecret text, string source)
    {
        // Base64 has no colon; the id before it may hold anything.
        int colon = text.Bytes.LastIndexOf((byte)':');
        KmsSecret? key = KmsSecret.TryFromBase64(text.Bytes[(colon + 1)..]);
        if (key is not { Length: KeyLength })
        {
            key?.Dispose();
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.BadSealedKey(What, source, key?.Length));
        }

        return colon < 0
            ? new KmsServerKeys { SseMasterKey = key }
            : new KmsServerKeys { StaticKeyId = Encoding.UTF8.GetString(text.Bytes[..colon]), StaticKey = key };
    }

    private static KmsSecret? Copy(KmsSecret? secret) => secret is null ? null : KmsSecret.CopyOf(secret.Bytes);
}
