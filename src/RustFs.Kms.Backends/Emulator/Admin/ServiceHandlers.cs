namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// The dynamic routes: configure, start, stop. Their answers have no content type, and most failures are a 200.
/// Rules: http-api.md 2.6 and 2.9 to 2.12.
/// </summary>
internal sealed class ServiceHandlers(AdminContext context)
{
    private EmulatorService Service => context.Service;

    internal async Task<HttpAnswer> StatusAsync(Exchange exchange)
    {
        (ServiceState state, bool? healthy) = await Service.CheckAsync(exchange.CancellationToken).ConfigureAwait(false);
        EmulatorConfiguration? configuration = Service.Configuration;
        return Answers.BareJson(200, json =>
        {
            state.Write(json, "status");
            json.WriteString("backend_type", configuration is null ? null : ConfigurationSummary.TypeOf(configuration.Backend, context.IsGuide));
            if (healthy is { } isHealthy)
            {
                json.WriteBoolean("healthy", isHealthy);
            }
            else
            {
                json.WriteNull("healthy");
            }

            if (configuration is null)
            {
                json.WriteNull("config_summary");
            }
            else
            {
                json.WriteStartObject("config_summary");
                ConfigurationSummary.Write(json, configuration, context.IsGuide);
                json.WriteEndObject();
            }
        });
    }

    internal Task<HttpAnswer> ConfigureAsync(Exchange exchange) => ChangeAsync(exchange, held: null, Service.ConfigureAsync);

    internal Task<HttpAnswer> ReconfigureAsync(Exchange exchange) => ChangeAsync(exchange, Service.Configuration, Service.ReconfigureAsync);

    internal async Task<HttpAnswer> StartAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        bool force;
        try
        {
            JsonFields? fields = body.Length == 0 ? null : JsonFields.Parse(body);
            force = (context.IsGuide ? fields : fields?.AllowOnly("force"))?.OptionalBoolean("force") ?? false;
        }
        catch (JsonFault fault)
        {
            return Answers.Text(400, $"Invalid JSON: {fault.Message}");
        }

        return Answer(await Service.StartAsync(force, exchange.CancellationToken).ConfigureAwait(false));
    }

    internal async Task<HttpAnswer> StopAsync(Exchange exchange) =>
        Answer(await Service.StopAsync(exchange.CancellationToken).ConfigureAwait(false));

    private static HttpAnswer Answer(ServiceOutcome outcome) => Answers.BareJson(200, json =>
    {
        json.WriteBoolean("success", outcome.Success);
        json.WriteString("message", outcome.Message);
        outcome.State.Write(json, "status");
    });

    private async Task<HttpAnswer> ChangeAsync(
        Exchange exchange, EmulatorConfiguration? held, Func<EmulatorConfiguration, CancellationToken, Task<ServiceOutcome>> change)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        try
        {
            if (body.Length == 0)
            {
                return Answers.Text(400, "Request body is required");
            }

            var fields = JsonFields.Parse(body);
            EmulatorConfiguration request = context.IsGuide
                ? GuideForms.Configuration(fields, held, context)
                : ConfigurationForms.Read(fields);
            return Answer(await change(request, exchange.CancellationToken).ConfigureAwait(false));
        }
        catch (JsonFault fault)
        {
            return Answers.Text(400, $"Invalid JSON: {fault.Message}");
        }
        catch (ConfigurationRefusal refusal)
        {
            return Answers.Text(400, refusal.Message);
        }
        finally
        {
            // It may hold a master key or a token.
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(body);
        }
    }
}
