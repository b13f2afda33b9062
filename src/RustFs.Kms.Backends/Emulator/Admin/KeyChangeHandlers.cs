using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Enabling, disabling, rotating, describing and tagging keys. Rules: http-api.md 2.19 and 2.20.</summary>
internal sealed class KeyChangeHandlers(AdminContext context)
{
    internal Task<HttpAnswer> EnableAsync(Exchange exchange) => LifecycleAsync(
        exchange, "enable", "enabling", "key enabled successfully", (kms, keyId, token) => kms.Backend.EnableKeyAsync(keyId, token));

    internal Task<HttpAnswer> DisableAsync(Exchange exchange) => LifecycleAsync(
        exchange, "disable", "disabling", "key disabled successfully", (kms, keyId, token) => kms.Backend.DisableKeyAsync(keyId, token));

    internal Task<HttpAnswer> RotateAsync(Exchange exchange) => LifecycleAsync(
        exchange,
        "rotate",
        "rotation",
        "key rotated successfully",
        async (kms, keyId, token) =>
        {
            // Without rotation the answer is that, and nobody looks whether there is such a key.
            KmsCapabilities can = await kms.Backend.GetCapabilitiesAsync(token).ConfigureAwait(false);
            return can.Rotate
                ? await kms.Backend.RotateKeyAsync(keyId, token).ConfigureAwait(false)
                : throw new ServerErrorException(ServerError.Unsupported("rotate_key", "rotation support"));
        });

    internal Task<HttpAnswer> DescribeAsync(Exchange exchange) => MetadataAsync(
        exchange, "Failed to update key description: ", "key description updated", "description", fields =>
        {
            string description = fields.RequiredText("description");
            return (kms, keyId, token) => kms.Backend.SetKeyDescriptionAsync(keyId, description, token);
        });

    internal Task<HttpAnswer> TagAsync(Exchange exchange) => MetadataAsync(
        exchange, "Failed to tag key: ", "key tags updated", "tags", fields =>
        {
            Dictionary<string, string> tags = fields.OptionalMap("tags") ?? throw JsonFields.Missing("tags");
            return (kms, keyId, token) =>
            {
                RequireMutable(tags.Keys);
                return kms.Backend.AddKeyTagsAsync(keyId, tags, token);
            };
        });

    internal Task<HttpAnswer> UntagAsync(Exchange exchange) => MetadataAsync(
        exchange, "Failed to untag key: ", "key tags removed", "tag_keys", fields =>
        {
            List<string> names = fields.OptionalList("tag_keys") ?? throw JsonFields.Missing("tag_keys");
            return (kms, keyId, token) =>
            {
                RequireMutable(names);
                return kms.Backend.RemoveKeyTagsAsync(keyId, names, token);
            };
        });

    internal static void WriteMetadata(Utf8JsonWriter json, KeyView? view, AdminContext context)
    {
        if (view is null)
        {
            json.WriteNull("key_metadata");
            return;
        }

        json.WriteStartObject("key_metadata");
        view.Write(json, context.Time);
        json.WriteEndObject();
    }

    private static void RequireMutable(IEnumerable<string> names)
    {
        if (names.Contains(KmsLimits.NameTag, StringComparer.Ordinal))
        {
            throw new ServerErrorException(ServerError.InvalidOperation("Tag 'name' identifies the key and cannot be updated or removed"));
        }
    }

    private async Task<HttpAnswer> LifecycleAsync(
        Exchange exchange, string verb, string action, string message, Func<RunningKms.Loan, string, CancellationToken, Task<KmsKey>> change)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        string? keyId = body.Length == 0
            ? exchange.Query["keyId"]
            : Exchange.Of(() => Exchange.Parse(body, "key_id")!.RequiredText("key_id"));
        return string.IsNullOrEmpty(keyId)
            ? Answer(400, false, KeyHandlers.MissingKeyId, string.Empty, null)
            : await ChangeAsync(exchange, keyId, $"Failed to {verb} key: ", action, message, change).ConfigureAwait(false);
    }

    private async Task<HttpAnswer> MetadataAsync(
        Exchange exchange,
        string prefix,
        string message,
        string field,
        Func<JsonFields, Func<RunningKms.Loan, string, CancellationToken, Task<KmsKey>>> read)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        if (body.Length == 0)
        {
            throw WireFault.InvalidRequest("a request body is required");
        }

        (string keyId, Func<RunningKms.Loan, string, CancellationToken, Task<KmsKey>> change) = Exchange.Of(() =>
        {
            JsonFields fields = Exchange.Parse(body, "key_id", field)!;
            return (fields.RequiredText("key_id"), read(fields));
        });
        return await ChangeAsync(exchange, keyId, prefix, "metadata change", message, change).ConfigureAwait(false);
    }

    private async Task<HttpAnswer> ChangeAsync(
        Exchange exchange,
        string keyId,
        string prefix,
        string action,
        string message,
        Func<RunningKms.Loan, string, CancellationToken, Task<KmsKey>> change)
    {
        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return Answer(503, false, "kms service is not running", keyId, null);
        }

        try
        {
            _ = await AdminContext.RunAsync(kms, keyId, action, (id, token) => change(kms, id, token), exchange.CancellationToken).ConfigureAwait(false);
            kms.Cache.Remove(keyId);
            return Answer(200, true, message, keyId, await TryDescribeAsync(kms, keyId, exchange.CancellationToken).ConfigureAwait(false));
        }
        catch (ServerErrorException exception)
        {
            int status = exception.Error.Kind switch
            {
                ServerErrorKind.KeyNotFound => 404,
                ServerErrorKind.InvalidOperation or ServerErrorKind.Validation => 400,
                ServerErrorKind.UnsupportedCapability => 501,
                _ => 500,
            };
            return Answer(status, false, prefix + exception.Error.Text, keyId, null);
        }
    }

    // The change is made, whatever becomes of the look at it.
    private static async Task<KeyView?> TryDescribeAsync(RunningKms.Loan kms, string keyId, CancellationToken cancellationToken)
    {
        try
        {
            return await AdminContext.DescribeAsync(kms, keyId, cancellationToken).ConfigureAwait(false);
        }
        catch (ServerErrorException)
        {
            return null;
        }
    }

    private HttpAnswer Answer(int status, bool success, string message, string keyId, KeyView? view) => Answers.Json(status, json =>
    {
        json.WriteBoolean("success", success);
        json.WriteString("message", message);
        json.WriteString("key_id", keyId);
        WriteMetadata(json, view, context);
    });
}
