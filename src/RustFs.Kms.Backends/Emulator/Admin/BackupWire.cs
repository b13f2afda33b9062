using System.Text.Json;
using System.Text.Json.Nodes;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Names of bundles, and the report of a dry run. Rules: http-api.md 2.23 and 2.24.</summary>
internal static class BackupWire
{
    internal static HttpAnswer? NameProblem(string name)
    {
        string? why = name switch
        {
            "" => "empty",
            { Length: > 128 } => "longer than 128 characters",
            "." or ".." => "path traversal",
            ['.', ..] => "must not start with a dot",
            _ when !name.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-') =>
                name.Contains("..", StringComparison.Ordinal) ? "path traversal" : "contains characters outside the accepted set",
            _ => null,
        };
        return why is null
            ? null
            : Answers.Failure(400, $"invalid bundle name {JsonSerializer.Serialize(name)}: {why}; expected a single name of [A-Za-z0-9._-]");
    }

    internal static HttpAnswer Plan(KmsRestorePlan plan, EmulatorConfiguration current) => Answers.Json(200, json =>
    {
        json.WriteStartObject("report");
        json.WriteString("backup_id", plan.BackupId ?? string.Empty);
        json.WriteString("target_deployment_identity", plan.TargetDeploymentIdentity);
        WriteParts(json, "blockers", plan.Blockers, "code", "detail");
        WriteParts(json, "conflicts", plan.Conflicts, "key_id", "kind", "detail");
        WriteParts(json, "external_mismatches", plan.ExternalMismatches.Select(Unworded), "dependency", "expected", "observed");
        json.WriteEndObject();
        WriteComparison(json, ConfigurationOf(plan.BundleConfiguration), ConfigurationOf(ConfigurationSummary.Sanitized(current))!);
    });

    private static JsonObject? ConfigurationOf(byte[]? json)
    {
        try
        {
            return json is null ? null : JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // what cannot be read is not compared
        }
    }

    private static void WriteComparison(Utf8JsonWriter json, JsonObject? bundle, JsonObject current)
    {
        if (bundle is null)
        {
            json.WriteNull("config_comparison");
            return;
        }

        json.WriteStartObject("config_comparison");
        json.WritePropertyName("bundle");
        bundle.WriteTo(json);
        json.WritePropertyName("current");
        current.WriteTo(json);
        json.WriteBoolean("identical", JsonNode.DeepEquals(bundle, current));
        json.WriteEndObject();
    }

    // The seam gives each entry as its parts with a colon and a blank between.
    private static void WriteParts(Utf8JsonWriter json, string name, IEnumerable<string> entries, params string[] fields)
    {
        json.WriteStartArray(name);
        foreach (string entry in entries)
        {
            string[] parts = entry.Split(": ", fields.Length);
            json.WriteStartObject();
            for (int index = 0; index < fields.Length; index++)
            {
                json.WriteString(fields[index], index < parts.Length ? parts[index] : string.Empty);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    // "dependency: expected this, observed that"
    private static string Unworded(string mismatch) => mismatch
        .Replace(": expected ", ": ", StringComparison.Ordinal)
        .Replace(", observed ", ": ", StringComparison.Ordinal);
}
