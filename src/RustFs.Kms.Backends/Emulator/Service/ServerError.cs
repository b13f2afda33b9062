namespace RustFs.Kms.Backends.Emulator;

/// <summary>The server's classes of errors, as far as its routes tell them apart.</summary>
internal enum ServerErrorKind
{
    Other,
    KeyNotFound,
    InvalidOperation,
    Validation,
    UnsupportedCapability,
    KeyStillReferenced,
}

/// <summary>An error of the KMS in the server's words. Rule: http-api.md 5.2.</summary>
internal sealed record ServerError(ServerErrorKind Kind, string Text)
{
    internal static ServerError NotFound(string keyId) => new(ServerErrorKind.KeyNotFound, $"Key not found: {keyId}");

    internal static ServerError InvalidOperation(string text) => new(ServerErrorKind.InvalidOperation, $"Invalid operation: {text}");

    internal static ServerError Unsupported(string operation, string lack) =>
        new(ServerErrorKind.UnsupportedCapability, $"Operation '{operation}' is not supported by KMS backend 'backend without {lack}'");

    /// <summary>What is wrong with a key id, as the server says it; null when nothing is.</summary>
    internal static ServerError? OfKeyId(string keyId)
    {
        if (keyId.Length == 0)
        {
            return new ServerError(ServerErrorKind.Other, "Invalid key: key identifier must not be empty");
        }

        return keyId.AsSpan().IndexOfAny('/', '\\', '\0') < 0 ? null : new ServerError(
            ServerErrorKind.Other,
            $"Invalid key: key identifier must not contain path separators or NUL: {System.Text.Json.JsonSerializer.Serialize(keyId)}");
    }

    /// <summary>Translates an error of the backend.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="keyId">The key.</param>
    /// <param name="action">What was to be done, as a refusal names it.</param>
    /// <param name="state">The state that the key is in; null when nobody knows.</param>
    internal static ServerError Of(KmsException exception, string keyId, string action, KmsKeyState? state) => exception.Code switch
    {
        KmsErrorCode.KmsKeyNotFound => NotFound(keyId),
        KmsErrorCode.KmsPreconditionFailed => InvalidOperation((action, state) switch
        {
            (CancelAction, _) => $"Key {keyId} is not pending deletion",
            (_, KmsKeyState.Disabled) => $"Key {keyId} is disabled: {action} is not allowed",
            (_, KmsKeyState.PendingDeletion) => $"Key {keyId} is pending deletion: {action} is not allowed",
            _ => exception.Message,
        }),
        KmsErrorCode.KmsConflict when action == CreateAction => new ServerError(ServerErrorKind.Other, $"Key already exists: {keyId}"),
        KmsErrorCode.KmsUsage => OfKeyId(keyId) ?? new ServerError(ServerErrorKind.Other, $"I/O error: {exception.Message}"),
        KmsErrorCode.KmsUnsupported => new ServerError(
            ServerErrorKind.UnsupportedCapability, $"Operation '{action}' is not supported by KMS backend 'local'"),
        KmsErrorCode.KmsKeyDamaged => OfDamage(exception, keyId),
        KmsErrorCode.KmsStorage => new ServerError(ServerErrorKind.Other, $"I/O error: {exception.Message}"),
        KmsErrorCode.KmsTimeout => new ServerError(ServerErrorKind.Other, $"Operation timed out: {exception.Message}"),
        KmsErrorCode.KmsIntegrity => new ServerError(ServerErrorKind.Other, $"Cryptographic error in decrypt: {exception.Message}"),
        _ => new ServerError(ServerErrorKind.Other, $"Backend error: {exception.Message}"),
    };

    internal const string CreateAction = "creation";
    internal const string CancelAction = "cancelling";

    private static ServerError OfDamage(KmsException exception, string keyId) => new(ServerErrorKind.Other, exception.Fault switch
    {
        KmsKeyFault.MaterialMissing => $"Key material missing for key {keyId}: {exception.Message}",
        KmsKeyFault.MaterialAuthenticationFailed => $"Key material authentication failed for key {keyId}: {exception.Message}",
        KmsKeyFault.UnsupportedFormatVersion => $"Unsupported key format version for key {keyId}: {exception.Message}",
        KmsKeyFault.InvalidKey => $"Invalid key: {exception.Message}",
        KmsKeyFault.ConfigurationError => $"Configuration error: {exception.Message}",
        KmsKeyFault.Unreadable => $"I/O error: {exception.Message}",
        _ => $"Key material corrupt for key {keyId}: {exception.Message}",
    });
}

/// <summary>An operation that ended in an error of the KMS.</summary>
internal sealed class ServerErrorException(ServerError error) : Exception(error.Text)
{
    internal ServerError Error { get; } = error;
}
