using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Percent-encoding as the canonical request of Signature Version 4 has it. Text is one character per byte.</summary>
internal static class PercentCoding
{
    private const string Hex = "0123456789ABCDEF";

    /// <summary>Decodes a path once; null when an escape is broken.</summary>
    internal static byte[]? TryDecode(string text) => TryDecode(text, isForm: false);

    /// <summary>Decodes a part of a form once: a plus is a blank, and a broken escape stands for itself.</summary>
    internal static byte[] DecodeForm(string text) => TryDecode(text, isForm: true)!;

    private static byte[]? TryDecode(string text, bool isForm)
    {
        byte[] bytes = new byte[text.Length];
        int length = 0;
        for (int index = 0; index < text.Length; index++)
        {
            char character = text[index];
            bool isEscape = character == '%'
                && index + 2 < text.Length && char.IsAsciiHexDigit(text[index + 1]) && char.IsAsciiHexDigit(text[index + 2]);
            if (character == '%' && !isEscape && !isForm)
            {
                return null;
            }

            if (isEscape)
            {
                bytes[length++] = Convert.ToByte(text.Substring(index + 1, 2), fromBase: 16);
                index += 2;
            }
            else
            {
                bytes[length++] = isForm && character == '+' ? (byte)' ' : (byte)character;
            }
        }

        return bytes[..length];
    }

    internal static string Encode(ReadOnlySpan<byte> bytes, bool keepSlash)
    {
        var text = new StringBuilder(bytes.Length + 16);
        foreach (byte value in bytes)
        {
            char character = (char)value;
            if (char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or '~' || (keepSlash && character == '/'))
            {
                text.Append(character);
            }
            else
            {
                text.Append('%').Append(Hex[value >> 4]).Append(Hex[value & 15]);
            }
        }

        return text.ToString();
    }
}
