using System.Text;
using System.Text.Json;

namespace RustFs.Kms.Backends.Envelopes.Wraps;

/// <summary>A wrap to the public half of a recovery key. Rule: docs/envelope-format.md 5.3.</summary>
internal sealed class RecoveryWrap : EnvelopeWrap
{
    internal const string Type = "hpke-x25519";

    private readonly byte[] _encapsulatedKey;
    private readonly byte[] _wrappedKey;

    private RecoveryWrap(string recipient, byte[] encapsulatedKey, byte[] wrappedKey)
    {
        _encapsulatedKey = encapsulatedKey;
        _wrappedKey = wrappedKey;
        Description = new KmsEnvelopeWrap { Kind = KmsEnvelopeWrapKind.RecoveryKey, Type = Type, Recipient = recipient };
    }

    internal static IReadOnlyCollection<string> Members { get; } = ["type", "recipient", "encapsulated_key", "wrapped_key"];

    internal override KmsEnvelopeWrap Description { get; }

    internal static RecoveryWrap Read(EnvelopeJson json)
    {
        string recipient = json.Text("recipient");
        return recipient.Length == 32 && recipient.All(char.IsAsciiHexDigitLower)
            ? new RecoveryWrap(recipient, json.Bytes("encapsulated_key", Hpke.KeyLength), json.Bytes("wrapped_key", EnvelopeFormat.WrappedKeyLength))
            : throw new JsonException("'recipient' is not 32 lower-case hex digits");
    }

    /// <summary>Wraps a file key to a recovery key.</summary>
    /// <exception cref="KmsException">The public key is one that leads to no secret.</exception>
    internal static RecoveryWrap Make(KmsSecret fileKey, byte[] salt, KmsRecoveryRecipient recipient)
    {
        (byte[] encapsulatedKey, byte[] wrappedKey) =
            Hpke.Seal(recipient.PublicKey, InfoOf(salt, recipient.Fingerprint), [], fileKey.Bytes)
            ?? throw RecoveryKeys.LowOrder();
        return new RecoveryWrap(recipient.Fingerprint, encapsulatedKey, wrappedKey);
    }

    /// <summary>The file key; null when it does not open.</summary>
    internal KmsSecret? TryOpen(KmsRecoverySecret recoveryKey, byte[] salt) => Hpke.TryOpen(
        recoveryKey.PrivateKey, _encapsulatedKey, InfoOf(salt, Description.Recipient!), [], _wrappedKey);

    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("type", Type);
        json.WriteString("recipient", Description.Recipient);
        json.WriteBase64String("encapsulated_key", _encapsulatedKey);
        json.WriteBase64String("wrapped_key", _wrappedKey);
    }

    private static byte[] InfoOf(byte[] salt, string recipient) => EnvelopeFormat.Label(
        "wrap", Encoding.ASCII.GetBytes(Type), [.. salt, .. new PublicFields().Add(Type).Add(recipient).Bytes]);
}
