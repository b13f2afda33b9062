namespace RustFs.Kms.Tests.Interop;

/// <summary>An error of the server: the name of its class, the key it is about (when it is about one), its text.</summary>
internal sealed class RustFsException(string errorClass, string? keyId, string text) : Exception($"{errorClass}: {text}")
{
    public string ErrorClass { get; } = errorClass;

    public string? KeyId { get; } = keyId;

    public string Text { get; } = text;
}

/// <summary>The names of the classes, as RustFS spells them.</summary>
internal static class RustFsErrors
{
    public const string ConfigurationError = "ConfigurationError";
    public const string ContextMismatch = "ContextMismatch";
    public const string CryptographicError = "CryptographicError";
    public const string InvalidKey = "InvalidKey";
    public const string InvalidOperation = "InvalidOperation";
    public const string IoError = "IoError";
    public const string KeyAlreadyExists = "KeyAlreadyExists";
    public const string KeyNotFound = "KeyNotFound";
    public const string MaterialAuthenticationFailed = "MaterialAuthenticationFailed";
    public const string MaterialCorrupt = "MaterialCorrupt";
    public const string MaterialMissing = "MaterialMissing";
    public const string UnsupportedAlgorithm = "UnsupportedAlgorithm";
    public const string UnsupportedFormatVersion = "UnsupportedFormatVersion";
}
