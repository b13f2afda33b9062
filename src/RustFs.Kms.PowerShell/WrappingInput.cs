using System.Collections;

namespace RustFs.Kms.PowerShell;

/// <summary>The KMS key that the parameters of a cmdlet mean for a wrap.</summary>
internal static class WrappingInput
{
    /// <summary>The one connection that is meant: the named one, or else the default one.</summary>
    /// <exception cref="KmsException">There is none, or there are several.</exception>
    internal static KmsConnection Connection(object? given)
    {
        if (given is null)
        {
            return ConnectionState.Current.Default
                ?? throw ConnectionInput.NoDefault();
        }

        IReadOnlyList<KmsConnection> found = OpeningInput.Connections([given])!;
        return found.Count == 1
            ? found[0]
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.DataKeyNeedsOneConnection, string.Join(", ", found));
    }

    /// <summary>The wrap to make.</summary>
    /// <param name="connection">Through what.</param>
    /// <param name="keyId">The key; null for the default key of the KMS.</param>
    /// <param name="context">The encryption context.</param>
    /// <param name="stop">Ends the question for the default key.</param>
    /// <exception cref="KmsException">The KMS has no default key, or the context cannot be used.</exception>
    internal static KmsEnvelopeKmsWrap Wrap(KmsConnection connection, string? keyId, IDictionary? context, CancellationToken stop) => new()
    {
        Backend = connection.Backend,
        KeyId = keyId switch
        {
            null => DefaultKey(connection, stop),
            "" => throw new KmsException(KmsErrorCode.KmsUsage, Strings.EmptyKeyId),
            _ => keyId,
        },
        EncryptionContext = StringMap.From(context, nameof(KmsDataKeyCmdlet.EncryptionContext)),
        Hint = connection.Kind == KmsBackendKind.Server ? connection.Location : connection.Name,
    };

    private static string DefaultKey(KmsConnection connection, CancellationToken stop) =>
        connection.Backend.GetStatusAsync(stop).GetAwaiter().GetResult().DefaultKeyId
        ?? throw new KmsException(KmsErrorCode.KmsUsage, Strings.NoKeyToProtectWith(connection.Name)) { LacksKey = true };
}
