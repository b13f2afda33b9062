using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Creating and describing keys, in today's and in the older form. Rules: http-api.md 2.13, 2.15 and 2.16.</summary>
internal sealed class KeyHandlers(AdminContext context)
{
    internal const string LegacyNotRunning = "kms service is not initialized";
    internal const string MissingKeyId = "missing required parameter: 'keyId'";

    private string CreateFailure => context.Word("failed to create key: ", "Failed to create key: ");

    internal string NotRunning => context.Word("kms service is not running", "KMS service not running");

    internal async Task<HttpAnswer> CreateAsync(Exchange exchange)
    {
        (string usage, string? description, Dictionary<string, string>? tags) = await ReadAsync(exchange).ConfigureAwait(false);
        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return CreateRefused(503, NotRunning);
        }

        try
        {
            KeyView view = await CreateAsync(kms, usage, description, tags, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json =>
            {
                json.WriteBoolean("success", true);
                json.WriteString("message", context.Word("key created successfully", "Key created successfully"));
                WriteKey(json, view);
            });
        }
        catch (ServerErrorException exception)
        {
            return CreateRefused(500, CreateFailure + exception.Error.Text);
        }
    }

    internal async Task<HttpAnswer> CreateLegacyAsync(Exchange exchange)
    {
        (string usage, string? description, Dictionary<string, string>? tags) = await ReadAsync(exchange).ConfigureAwait(false);
        using RunningKms.Loan kms = context.Service.TryBorrow() ?? throw WireFault.Internal(LegacyNotRunning);
        try
        {
            KeyView view = await CreateAsync(kms, usage, description, tags, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json => WriteKey(json, view));
        }
        catch (ServerErrorException exception)
        {
            throw WireFault.Internal($"failed to create key: {exception.Error.Text}");
        }
    }

    internal async Task<HttpAnswer> DescribeAsync(Exchange exchange)
    {
        bool wantsImpact = false;
        if (!context.IsGuide && exchange.Query["impact"] is { } impact)
        {
            if (impact is not ("true" or "false"))
            {
                return DescribeRefused(400, $"invalid value for 'impact': expected 'true' or 'false', got '{impact}'");
            }

            wantsImpact = impact == "true";
        }

        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return DescribeRefused(503, NotRunning);
        }

        try
        {
            KeyView view = await AdminContext.DescribeAsync(kms, exchange.Parameter, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json =>
            {
                json.WriteBoolean("success", true);
                json.WriteString("message", "Key described successfully");
                WriteMetadata(json, view);
                WriteImpact(json, wantsImpact ? KeyImpact.Of(context.Buckets, kms.Configuration, exchange.Parameter) : null);
            });
        }
        catch (ServerErrorException exception)
        {
            int status = exception.Error.Kind switch
            {
                ServerErrorKind.KeyNotFound => 404,
                ServerErrorKind.InvalidOperation => 400,
                _ => 500,
            };
            return DescribeRefused(status, $"Failed to describe key: {exception.Error.Text}");
        }
    }

    internal async Task<HttpAnswer> DescribeLegacyAsync(Exchange exchange)
    {
        string[] names = context.IsGuide ? ["keyId"] : ["keyId", "key-id", "key"];
        string keyId = names.Select(name => exchange.Query[name]).FirstOrDefault(value => !string.IsNullOrEmpty(value))
            ?? throw WireFault.InvalidRequest(context.Word(MissingKeyId, "missing keyId parameter"));
        using RunningKms.Loan kms = context.Service.TryBorrow() ?? throw WireFault.Internal(LegacyNotRunning);
        try
        {
            KeyView view = await AdminContext.DescribeAsync(kms, keyId, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json => WriteMetadata(json, view));
        }
        catch (ServerErrorException exception)
        {
            throw WireFault.Internal($"failed to describe key: {exception.Error.Text}");
        }
    }

    private static async Task<KeyView> CreateAsync(
        RunningKms.Loan kms, string usage, string? description, Dictionary<string, string>? tags, CancellationToken cancellationToken)
    {
        string? name = tags?.GetValueOrDefault(KmsLimits.NameTag);
        if (name is not null && ServerError.OfKeyId(name) is { } problem)
        {
            throw new ServerErrorException(problem);
        }

        // Local stores every key for EncryptDecrypt and only echoes what was asked for.
        KmsKey key = await AdminContext.RunAsync(
            kms,
            name ?? string.Empty,
            ServerError.CreateAction,
            (_, token) => kms.Backend.CreateKeyAsync(
                new KmsKeyCreation { KeyId = name, Description = description, Tags = tags ?? (IReadOnlyDictionary<string, string>)KmsKey.NoTags }, token),
            cancellationToken).ConfigureAwait(false);
        KeyView view = KeyView.Of(key) with { Usage = usage };
        kms.Cache.Put(view);
        return view;
    }

    private async Task<(string Usage, string? Description, Dictionary<string, string>? Tags)> ReadAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        (string? usage, string? description, Dictionary<string, string>? tags) = Exchange.Of(() =>
        {
            if (context.IsGuide)
            {
                return body.Length == 0 ? default : GuideForms.Creation(JsonFields.Parse(body));
            }

            JsonFields? fields = Exchange.Parse(body, "key_usage", "description", "tags");
            return (fields?.OptionalText("key_usage"), fields?.OptionalText("description"), fields?.OptionalMap("tags"));
        });
        usage ??= nameof(KmsKeyUsage.EncryptDecrypt);
        return usage is nameof(KmsKeyUsage.EncryptDecrypt) or nameof(KmsKeyUsage.SignVerify)
            ? (usage, description, tags)
            : throw Exchange.InvalidJson($"unknown variant `{usage}`, expected `EncryptDecrypt` or `SignVerify`");
    }

    private static HttpAnswer CreateRefused(int status, string message) => Answers.Failure(status, message, json =>
    {
        json.WriteString("key_id", string.Empty);
        json.WriteNull("key_metadata");
    });

    private HttpAnswer DescribeRefused(int status, string message) => Answers.Failure(status, message, json =>
    {
        json.WriteNull("key_metadata");
        WriteImpact(json, impact: null);
    });

    private void WriteKey(Utf8JsonWriter json, KeyView view)
    {
        json.WriteString("key_id", view.KeyId);
        WriteMetadata(json, view);
    }

    private void WriteMetadata(Utf8JsonWriter json, KeyView view)
    {
        json.WriteStartObject("key_metadata");
        view.Write(json, context.Time);
        json.WriteEndObject();
    }

    private void WriteImpact(Utf8JsonWriter json, KeyImpact? impact)
    {
        if (!context.IsGuide)
        {
            KeyImpact.Write(json, impact);
        }
    }
}
