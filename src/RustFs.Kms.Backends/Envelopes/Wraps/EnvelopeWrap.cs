using System.Text;
using System.Text.Json;

namespace RustFs.Kms.Backends.Envelopes.Wraps;

/// <summary>One wrap of a file key. Rule: docs/envelope-format.md 5.</summary>
internal abstract class EnvelopeWrap
{
    private byte[]? _raw;

    /// <summary>What people see of it.</summary>
    internal abstract KmsEnvelopeWrap Description { get; }

    /// <summary>The wrap as JSON: as it was read, or as this version writes it.</summary>
    internal byte[] Json => _raw ??= Write();

    /// <summary>Reads one element of <c>wraps</c>.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    internal static EnvelopeWrap Read(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("a wrap is not an object");
        }

        EnvelopeWrap wrap = EnvelopeJson.ShortTextOf(element, "type") switch
        {
            KmsWrap.Type => KmsWrap.Read(new EnvelopeJson(element, KmsWrap.Members)),
            PassphraseWrap.Type => PassphraseWrap.Read(new EnvelopeJson(element, PassphraseWrap.Members)),
            RecoveryWrap.Type => RecoveryWrap.Read(new EnvelopeJson(element, RecoveryWrap.Members)),
            string type => new UnknownWrap(type),
        };
        wrap._raw = Encoding.UTF8.GetBytes(element.GetRawText());
        return wrap;
    }

    /// <summary>Writes the members of the wrap.</summary>
    protected abstract void Write(Utf8JsonWriter json);

    private byte[] Write()
    {
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output, EnvelopeJson.WriterOptions))
        {
            json.WriteStartObject();
            Write(json);
            json.WriteEndObject();
        }

        return output.ToArray();
    }
}

/// <summary>A wrap of a kind that this version does not know: kept as it stands.</summary>
internal sealed class UnknownWrap(string type) : EnvelopeWrap
{
    internal override KmsEnvelopeWrap Description { get; } = new() { Kind = KmsEnvelopeWrapKind.Unknown, Type = type };

    protected override void Write(Utf8JsonWriter json) => throw new InvalidOperationException("An unknown wrap is copied, never written.");
}
