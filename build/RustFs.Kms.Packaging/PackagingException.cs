namespace RustFs.Kms.Packaging;

/// <summary>The module cannot be described or packed as it is; the message says what to put right.</summary>
internal sealed class PackagingException(string message) : Exception(message);
