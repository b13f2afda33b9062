namespace RustFs.Kms.Backends.Emulator;

/// <summary>How a request says that its body is protected.</summary>
internal enum PayloadForm
{
    Unsigned,
    Single,
    SignedChunks,
    SignedChunksWithTrailer,
    UnsignedChunksWithTrailer,
}

/// <summary>The header <c>x-amz-content-sha256</c>. Rule: http-api.md 1.4.</summary>
internal sealed record PayloadHash(PayloadForm Form, string Canonical)
{
    internal const string Header = "x-amz-content-sha256";
    internal const string UnsignedText = "UNSIGNED-PAYLOAD";

    private const int HashLength = 32;

    internal static PayloadHash Unsigned { get; } = new(PayloadForm.Unsigned, UnsignedText);

    internal bool IsChunked => Form is PayloadForm.SignedChunks or PayloadForm.SignedChunksWithTrailer or PayloadForm.UnsignedChunksWithTrailer;

    internal static PayloadHash Parse(string text) => text switch
    {
        UnsignedText => Unsigned,
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => new PayloadHash(PayloadForm.SignedChunks, text),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => new PayloadHash(PayloadForm.SignedChunksWithTrailer, text),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => new PayloadHash(PayloadForm.UnsignedChunksWithTrailer, text),
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" or "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" =>
            throw new WireFault(501, "NotImplemented", $"{text} is not implemented"),
        { Length: HashLength * 2 } when text.All(character => char.IsAsciiDigit(character) || character is >= 'a' and <= 'f') =>
            new PayloadHash(PayloadForm.Single, text),
        _ when TryBase64(text) is { } hash => new PayloadHash(PayloadForm.Single, HexText.Lower(hash)),
        _ => throw new WireFault(403, "SignatureDoesNotMatch", "invalid header: x-amz-content-sha256"),
    };

    private static byte[]? TryBase64(string text)
    {
        byte[] hash = new byte[HashLength];
        return text.Length == 44 && Convert.TryFromBase64String(text, hash, out int length) && length == HashLength ? hash : null;
    }
}
