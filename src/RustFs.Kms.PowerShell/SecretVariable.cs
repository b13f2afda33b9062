using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>An environment variable that holds a secret.</summary>
internal static class SecretVariable
{
    /// <summary>
    /// The value's UTF-8 bytes, which the caller wipes; null when the variable is not set or empty. The value itself is a string of the
    /// runtime, which nobody can wipe.
    /// </summary>
    internal static KmsSecret? Read(string name)
    {
        string? value = Environment.GetEnvironmentVariable(name);
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        var secret = KmsSecret.OfLength(Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, secret.Bytes);
        return secret;
    }
}
