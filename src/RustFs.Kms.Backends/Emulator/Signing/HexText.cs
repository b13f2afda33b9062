namespace RustFs.Kms.Backends.Emulator;

/// <summary>Bytes as lower-case hex.</summary>
internal static class HexText
{
    internal static string Lower(ReadOnlySpan<byte> bytes) => string.Create(bytes.Length * 2, bytes.ToArray(), static (text, source) =>
    {
        const string Digits = "0123456789abcdef";
        for (int index = 0; index < source.Length; index++)
        {
            text[index * 2] = Digits[source[index] >> 4];
            text[(index * 2) + 1] = Digits[source[index] & 15];
        }
    });
}
