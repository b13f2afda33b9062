using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>The state of the service: one of three words, or an error with its text.</summary>
internal sealed record ServiceState(string Word, string? Error = null)
{
    internal static ServiceState NotConfigured { get; } = new("NotConfigured");

    internal static ServiceState Configured { get; } = new("Configured");

    internal static ServiceState Running { get; } = new("Running");

    internal static ServiceState Failed(string text) => new("Error", text);

    /// <summary>The tagged form: a string, or an object with the error.</summary>
    internal void Write(Utf8JsonWriter json, string name)
    {
        if (Error is null)
        {
            json.WriteString(name, Word);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString(Word, Error);
        json.WriteEndObject();
    }

    /// <summary>The debug form, which the backup status has.</summary>
    public override string ToString() => Error is null ? Word : $"{Word}({JsonSerializer.Serialize(Error)})";
}
