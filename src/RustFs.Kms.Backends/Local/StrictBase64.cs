using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Standard Base64 as RustFS reads it: padding required, no white space, unused bits zero. .NET's converter accepts more.
/// </summary>
internal static class StrictBase64
{
    internal static bool TryDecode(string text, out byte[] bytes)
    {
        byte[] buffer = new byte[text.Length / 4 * 3];
        bool decoded = Convert.TryFromBase64String(text, buffer, out int length);

        // Only one spelling encodes back to itself.
        bool isStrict = decoded && string.Equals(Convert.ToBase64String(buffer, 0, length), text, StringComparison.Ordinal);
        bytes = isStrict ? buffer[..length] : [];
        CryptographicOperations.ZeroMemory(buffer); // of a plain record, it held the material
        return isStrict;
    }
}
