namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Standard Base64 as RustFS reads it: padding required, no white space, unused bits zero. .NET's converter accepts more.
/// </summary>
internal static class StrictBase64
{
    internal static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 4 * 3];
        bool decoded = Convert.TryFromBase64String(text, bytes, out int length);
        Array.Resize(ref bytes, decoded ? length : 0);

        // Only one spelling encodes back to itself.
        return decoded && string.Equals(Convert.ToBase64String(bytes), text, StringComparison.Ordinal);
    }
}
