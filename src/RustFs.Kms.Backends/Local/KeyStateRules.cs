namespace RustFs.Kms.Backends.Local;

/// <summary>What is done to a key, as far as its state decides whether it may be done.</summary>
internal enum KeyOperation
{
    GenerateDataKey,
    Enable,
    Disable,
    ScheduleDeletion,
    CancelDeletion,
    ChangeMetadata,
    Delete,
}

/// <summary>Which operation each state permits: RustFS's matrix. Rules: local-backend-format.md 4.2.</summary>
internal static class KeyStateRules
{
    // One row for each operation, in the operations' order. Opening a data key is missing on purpose: every state permits it.
    private static readonly (KeyOperation Operation, string Text, KmsKeyState[] Permitted)[] s_matrix =
    [
        (KeyOperation.GenerateDataKey, "making data keys", [KmsKeyState.Enabled]),
        (KeyOperation.Enable, "enabling", [KmsKeyState.Enabled, KmsKeyState.Disabled]),
        (KeyOperation.Disable, "disabling", [KmsKeyState.Enabled, KmsKeyState.Disabled]),
        (KeyOperation.ScheduleDeletion, "scheduling its deletion", [KmsKeyState.Enabled, KmsKeyState.Disabled]),
        (KeyOperation.CancelDeletion, "cancelling its deletion", [KmsKeyState.PendingDeletion]),
        (KeyOperation.ChangeMetadata, "changing its description or tags",
            [KmsKeyState.Enabled, KmsKeyState.Disabled, KmsKeyState.PendingDeletion, KmsKeyState.Unavailable]),
        (KeyOperation.Delete, "deleting it",
            [KmsKeyState.Enabled, KmsKeyState.Disabled, KmsKeyState.PendingDeletion, KmsKeyState.Unavailable]),
    ];

    /// <summary>Refuses what the key's state does not permit. To most operations a tombstone is no key at all.</summary>
    internal static void Require(KeyRecord record, KeyOperation operation)
    {
        (_, string text, KmsKeyState[] permitted) = s_matrix[(int)operation];
        if (Array.IndexOf(permitted, record.State) >= 0)
        {
            return;
        }

        if (record.State == KmsKeyState.Unavailable && operation != KeyOperation.CancelDeletion)
        {
            throw NotFound(record.KeyId);
        }

        string reason = (operation, record.State) switch
        {
            (KeyOperation.CancelDeletion, _) => "is not pending deletion",
            (_, KmsKeyState.Disabled) => $"is disabled, which does not permit {text}",
            _ => $"is pending deletion, which does not permit {text}",
        };
        throw new KmsException(KmsErrorCode.KmsPreconditionFailed, $"The key '{record.KeyId}' {reason}.", record.KeyId);
    }

    internal static KmsException NotFound(string keyId) =>
        new(KmsErrorCode.KmsKeyNotFound, $"There is no key '{keyId}'.", keyId);
}
