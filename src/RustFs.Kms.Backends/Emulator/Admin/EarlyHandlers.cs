using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// The first generation, as its guide describes it (its examples parse what they get, and its code, which was never released,
/// sent an empty body after enabling and <c>NoSuchKey</c>); where the guide is silent, as that code was. There is no Vault behind
/// it: whatever <c>kms_type</c> is set, the keys are in the emulator's key directory. Rules: http-api.md 3.3 and 5.4.
/// </summary>
internal sealed class EarlyHandlers(AdminContext context)
{
    internal async Task<HttpAnswer> ConfigureAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        try
        {
            var fields = JsonFields.Parse(body);
            string type = fields.RequiredText("kms_type");
            if (type is not ("vault" or "local"))
            {
                return Failure(400, "UnsupportedKmsType", $"Unsupported KMS type: {type}", "Supported types are vault and local");
            }

            if (type == "vault" && VaultProblem(fields) is { } problem)
            {
                return Failure(400, "InvalidConfiguration", problem, "The Vault configuration is incomplete");
            }

            return await InstallAsync(type, exchange.CancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception)
        {
            return Failure(500, "ConfigurationFailed", exception.Message, "The KMS could not be installed");
        }
        catch (JsonFault fault)
        {
            return Failure(400, "InvalidRequest", $"Invalid JSON: {fault.Message}", "The request body is not what was expected");
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(body);
        }
    }

    internal Task<HttpAnswer> CreateAsync(Exchange exchange) => KeyAsync(exchange, 400, name => async (backend, token) =>
        await backend.CreateKeyAsync(new KmsKeyCreation { KeyId = name }, token).ConfigureAwait(false), withAlgorithm: false);

    internal Task<HttpAnswer> DescribeAsync(Exchange exchange) =>
        KeyAsync(exchange, 404, name => (backend, token) => backend.GetKeyAsync(name, token), withAlgorithm: true);

    internal Task<HttpAnswer> EnableAsync(Exchange exchange) =>
        KeyAsync(exchange, 400, name => (backend, token) => backend.EnableKeyAsync(name, token), withAlgorithm: true);

    internal Task<HttpAnswer> DisableAsync(Exchange exchange) =>
        KeyAsync(exchange, 400, name => (backend, token) => backend.DisableKeyAsync(name, token), withAlgorithm: true);

    internal async Task<HttpAnswer> ListAsync(Exchange exchange)
    {
        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return NotConfigured();
        }

        try
        {
            var keys = new List<KmsKey>();
            await foreach (KmsKey key in kms.Backend.ListKeysAsync(new KmsKeyQuery(), exchange.CancellationToken).ConfigureAwait(false))
            {
                if (key.IsReadable)
                {
                    keys.Add(key);
                }
            }

            return Answers.BareJson(200, json =>
            {
                json.WriteStartArray("keys");
                foreach (KmsKey key in keys)
                {
                    json.WriteStartObject();
                    Write(json, key, withAlgorithm: true);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        catch (KmsException exception)
        {
            return Failure(500, "BackendError", exception.Message, "The keys could not be listed");
        }
    }

    internal async Task<HttpAnswer> StatusAsync(Exchange exchange)
    {
        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return NotConfigured();
        }

        KmsStatus status = await kms.Backend.GetStatusAsync(exchange.CancellationToken).ConfigureAwait(false);
        return Answers.BareJson(200, json =>
        {
            json.WriteString("status", status.Healthy == false ? "Failed" : "Active");
            json.WriteString("backend", context.Service.Configuration?.KmsType ?? "local");
            json.WriteBoolean("healthy", status.Healthy != false);
        });
    }

    private static string? VaultProblem(JsonFields fields)
    {
        using KmsSecret? token = fields.OptionalSecret("vault_token");
        using KmsSecret? secret = fields.OptionalSecret("vault_app_role_secret_id");
        return string.IsNullOrEmpty(fields.OptionalText("vault_address")) ? "vault_address is required"
            : (fields.OptionalText("vault_app_role_id") is null || secret is null) && token is null
                ? "vault_token or vault_app_role_id and vault_app_role_secret_id are required"
                : null;
    }

    private static HttpAnswer NotConfigured() =>
        Failure(503, "KMSNotConfigured", "KMS is not configured", "Key Management Service is not available");

    private static HttpAnswer Failure(int status, string code, string message, string description) => Answers.BareJson(status, json =>
    {
        json.WriteString("code", code);
        json.WriteString("message", message);
        json.WriteString("description", description);
    });

    private static void Write(Utf8JsonWriter json, KmsKey key, bool withAlgorithm)
    {
        json.WriteString("keyId", key.KeyId);
        json.WriteString("keyName", key.KeyId);
        json.WriteString("status", KeyView.StateText(key.State));
        json.WriteString("createdAt", KeyView.Plain(KeyView.Zoned(key.CreatedAtText, key.CreatedAt)));
        if (withAlgorithm)
        {
            json.WriteString("algorithm", "AES-256");
        }
    }

    private async Task<HttpAnswer> InstallAsync(string type, CancellationToken cancellationToken)
    {
        ServiceOutcome outcome = await context.Service.InstallAsync(type, cancellationToken).ConfigureAwait(false);
        if (!outcome.Success)
        {
            return Failure(500, "ConfigurationFailed", outcome.Message, "The KMS could not be installed");
        }

        return Answers.BareJson(200, json =>
        {
            json.WriteBoolean("success", true);
            json.WriteString("message", "KMS configured successfully");
            json.WriteString("kms_type", type);
        });
    }

    private async Task<HttpAnswer> KeyAsync(
        Exchange exchange, int failure, Func<string, Func<IKmsBackend, CancellationToken, Task<KmsKey>>> operation, bool withAlgorithm)
    {
        string? name = exchange.Query["keyName"] is { Length: > 0 } keyName ? keyName : exchange.Query["key"];
        bool isCreation = !withAlgorithm;
        if (string.IsNullOrEmpty(name) && !isCreation)
        {
            return Failure(400, "MissingParameter", "keyName is required", "Name the key with the query parameter keyName");
        }

        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return NotConfigured();
        }

        try
        {
            string keyId = string.IsNullOrEmpty(name) ? $"rustfs-key-{Guid.NewGuid():D}" : name;
            KmsKey key = await operation(keyId)(kms.Backend, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.BareJson(200, json => Write(json, key, withAlgorithm));
        }
        catch (KmsException exception)
        {
            return exception.Code switch
            {
                KmsErrorCode.KmsKeyNotFound => Failure(failure, "KeyNotFound", "The specified key does not exist", exception.Message),
                KmsErrorCode.KmsConflict => Failure(failure, "KeyAlreadyExists", "The key exists already", exception.Message),
                _ => Failure(failure, "BackendError", exception.Message, "The backend refused the request"),
            };
        }
    }
}
