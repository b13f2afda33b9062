using System.Text;

namespace RustFs.Kms.Backends.Local;

/// <summary>Text that can be written as UTF-8: a .NET string may hold half a surrogate pair, which no RustFS can read back.</summary>
internal static class UnicodeText
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The length in UTF-8 bytes; null when there is none.</summary>
    internal static int? Measure(string text)
    {
        try
        {
            return s_strictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Refuses texts that cannot be written.</summary>
    internal static void Require(string what, string? target, params IEnumerable<string?> texts)
    {
        if (texts.Any(text => text is not null && Measure(text) is null))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"{what} is not valid Unicode text: it holds half of a surrogate pair.", target);
        }
    }
}
