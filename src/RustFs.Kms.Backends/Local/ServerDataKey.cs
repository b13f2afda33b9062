using System.Text;
using System.Text.Json;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// The wrapped data keys of a server that runs SSE-S3 without a KMS, under its <c>RUSTFS_SSE_S3_MASTER_KEY</c>: a JSON object
/// of version 1, or the older <c>nonce:ciphertext</c>. Rules: local-backend-format.md 8.4.
/// </summary>
internal static class ServerDataKey
{
    private static readonly HashSet<string> s_fields = new(StringComparer.Ordinal) { "version", "nonce", "ciphertext" };

    /// <summary>The data key, which the caller wipes; null when the text is neither form or does not open.</summary>
    /// <param name="masterKey">32 bytes.</param>
    /// <param name="wrapped">The text.</param>
    internal static KmsSecret? TryOpen(ReadOnlySpan<byte> masterKey, string wrapped) =>
        TrySplit(wrapped, out string nonce, out string ciphertext)
        && StrictBase64.TryDecode(nonce, out byte[] nonceBytes)
        && StrictBase64.TryDecode(ciphertext, out byte[] sealedBytes)
            ? Aead.TryOpen(masterKey, nonceBytes, sealedBytes)
            : null;

    private static bool TrySplit(string wrapped, out string nonce, out string ciphertext)
    {
        if (wrapped.StartsWith('{'))
        {
            return TryReadJson(wrapped, out nonce, out ciphertext);
        }

        string[] parts = wrapped.Split(':');
        (nonce, ciphertext) = parts.Length == 2 ? (parts[0], parts[1]) : ("", "");
        return parts.Length == 2;
    }

    private static bool TryReadJson(string wrapped, out string nonce, out string ciphertext)
    {
        (nonce, ciphertext) = ("", "");
        try
        {
            RustJsonReader json = RustJsonReader.Parse(Encoding.UTF8.GetBytes(wrapped), s_fields);
            json.RefuseRepeatedFields();
            nonce = json.RequiredText("nonce");
            ciphertext = json.RequiredText("ciphertext");
            return json.RequiredUInt32("version") == 1 && json.Unknown.Count == 0;
        }
        catch (JsonException)
        {
            return false; // neither form: the caller says so
        }
    }
}
