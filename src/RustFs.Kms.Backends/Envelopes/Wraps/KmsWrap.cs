using System.Text.Json;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Envelopes.Wraps;

/// <summary>A wrap under a data key of a KMS. Rule: docs/envelope-format.md 5.1.</summary>
internal sealed class KmsWrap : EnvelopeWrap
{
    internal const string Type = "kms";
    private const string Local = "local";
    private const string Server = "server";

    private readonly byte[] _ciphertext;
    private readonly byte[] _wrappedKey;

    private KmsWrap(KmsEnvelopeWrap description, byte[] wrappedKey)
    {
        Description = description;
        _ciphertext = description.CiphertextBlob!;
        _wrappedKey = wrappedKey;
    }

    internal static IReadOnlyCollection<string> Members { get; } =
        ["type", "backend", "key_id", "ciphertext", "context", "hint", "wrapped_key"];

    internal override KmsEnvelopeWrap Description { get; }

    internal ReadOnlyMemory<byte> Ciphertext => _ciphertext;

    internal static KmsWrap Read(EnvelopeJson json) => new(
        Describe(
            json.Text("backend") switch
            {
                Local => KmsBackendKind.Local,
                Server => KmsBackendKind.Server,
                _ => throw new JsonException("'backend' is none that this version knows"),
            },
            json.ShortText("key_id"),
            json.Bytes("ciphertext"),
            json.Map("context"),
            json.ShortText("hint")),
        json.Bytes("wrapped_key", EnvelopeFormat.WrappedKeyLength));

    /// <summary>Wraps a file key under a data key that is used for nothing else.</summary>
    internal static KmsWrap Make(
        KmsSecret fileKey, ReadOnlySpan<byte> salt, KmsSecret dataKeyPlaintext, KmsDataKey dataKey, KmsBackendKind backend, string hint)
    {
        KmsEnvelopeWrap description = Describe(backend, dataKey.KeyId, dataKey.CiphertextBlob, dataKey.EncryptionContext, hint);
        return new KmsWrap(description, SingleUseKey.Wrap(fileKey, dataKeyPlaintext, salt, Type, PublicFieldsOf(description)));
    }

    /// <summary>Whether both name the same key through the same backend, and have the same context.</summary>
    internal bool IsLike(KmsWrap other) => Description.Backend == other.Description.Backend
        && Description.KeyId == other.Description.KeyId
        && InOrder(Description.EncryptionContext).SequenceEqual(InOrder(other.Description.EncryptionContext));

    /// <summary>The file key; null when it does not open.</summary>
    internal KmsSecret? TryOpen(KmsSecret dataKey, ReadOnlySpan<byte> salt) =>
        SingleUseKey.TryUnwrap(_wrappedKey, dataKey, salt, Type, PublicFieldsOf(Description));

    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("type", Type);
        json.WriteString("backend", TextOf(Description.Backend!.Value));
        json.WriteString("key_id", Description.KeyId);
        json.WriteBase64String("ciphertext", _ciphertext);
        json.WriteStartObject("context");
        foreach ((string name, string value) in InOrder(Description.EncryptionContext))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteString("hint", Description.Hint);
        json.WriteBase64String("wrapped_key", _wrappedKey);
    }

    private static byte[] PublicFieldsOf(KmsEnvelopeWrap wrap)
    {
        PublicFields fields = new PublicFields()
            .Add(Type)
            .Add(TextOf(wrap.Backend!.Value))
            .Add(wrap.KeyId!)
            .Add((ReadOnlySpan<byte>)wrap.CiphertextBlob)
            .Add((uint)wrap.EncryptionContext.Count);
        foreach ((string name, string value) in InOrder(wrap.EncryptionContext))
        {
            _ = fields.Add(name).Add(value);
        }

        return fields.Add(wrap.Hint!).Bytes;
    }

    private static KmsEnvelopeWrap Describe(
        KmsBackendKind backend, string keyId, byte[] ciphertext, IReadOnlyDictionary<string, string> context, string hint) => new()
        {
            Kind = KmsEnvelopeWrapKind.Kms,
            Type = Type,
            Backend = backend,
            KeyId = keyId,
            CiphertextBlob = ciphertext,
            EncryptionContext = context,
            Hint = hint,
        };

    private static string TextOf(KmsBackendKind backend) => backend == KmsBackendKind.Server ? Server : Local;

    private static IEnumerable<KeyValuePair<string, string>> InOrder(IReadOnlyDictionary<string, string> context) =>
        context.OrderBy(entry => entry.Key, Utf8Order.Comparer);
}
