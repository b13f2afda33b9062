namespace RustFs.Kms.Backends.Emulator;

/// <summary>Status, configuration and cache of a running service. Rules: http-api.md 2.5, 2.7 and 2.8.</summary>
internal sealed class ManagementHandlers(AdminContext context)
{
    internal const string NotRunning = "KMS service not initialized";

    private static readonly string[] s_capabilities =
    [
        "encrypt", "decrypt", "generate_data_key", "rotate", "enable_disable", "schedule_deletion", "versioning", "physical_delete",
        "update_key_metadata", "rewrap",
    ];

    internal async Task<HttpAnswer> StatusAsync(Exchange exchange)
    {
        using RunningKms.Loan kms = Borrow();
        KmsStatus status = await kms.Backend.GetStatusAsync(exchange.CancellationToken).ConfigureAwait(false);
        KmsCapabilities can = await kms.Backend.GetCapabilitiesAsync(exchange.CancellationToken).ConfigureAwait(false);
        EmulatorConfiguration configuration = kms.Configuration;
        return Answers.Json(200, json =>
        {
            json.WriteString("backend_type", context.IsGuide ? "vault" : configuration.Backend.Kebab);
            json.WriteString("backend_status", status.Healthy == false ? "error" : "healthy");
            json.WriteBoolean("cache_enabled", configuration.EnableCache);
            if (configuration.EnableCache)
            {
                CacheCounters counters = context.Service.Counters;
                json.WriteStartObject("cache_stats");
                json.WriteNumber("hit_count", counters.Hits);
                json.WriteNumber("miss_count", counters.Misses);
                if (!context.IsGuide)
                {
                    json.WriteNumber("entry_count", kms.Cache.Count);
                    json.WriteNumber("eviction_count", counters.Evictions);
                }

                json.WriteEndObject();
            }
            else
            {
                json.WriteNull("cache_stats");
            }

            json.WriteString("default_key_id", configuration.DefaultKeyId);
            if (!context.IsGuide)
            {
                WriteCapabilities(json, can);
                WriteCluster(json, configuration);
            }
        });
    }

    internal Task<HttpAnswer> ConfigurationAsync(Exchange _)
    {
        using RunningKms.Loan kms = Borrow();
        EmulatorConfiguration configuration = kms.Configuration;
        return Task.FromResult(Answers.Json(200, json =>
        {
            json.WriteString("backend", context.IsGuide ? "vault" : configuration.Backend.Kebab);
            json.WriteBoolean("cache_enabled", context.IsGuide || configuration.EnableCache);
            json.WriteNumber("cache_max_keys", context.IsGuide ? 1000 : configuration.MaxCachedKeys);
            json.WriteNumber("cache_ttl_seconds", context.IsGuide ? 300 : configuration.EffectiveCacheTtl);
            json.WriteString("default_key_id", configuration.DefaultKeyId);
        }));
    }

    internal Task<HttpAnswer> ClearCacheAsync(Exchange _)
    {
        using RunningKms.Loan kms = Borrow();
        kms.Cache.Clear();
        return Task.FromResult(Answers.Json(200, json =>
        {
            json.WriteString("status", "success");
            json.WriteString("message", "cache cleared successfully");
        }));
    }

    private static void WriteCapabilities(System.Text.Json.Utf8JsonWriter json, KmsCapabilities can)
    {
        bool[] values =
        [
            can.GenerateDataKey, can.UnwrapDataKey, can.GenerateDataKey, can.Rotate, can.EnableDisable, can.ScheduleDeletion, can.Versioning,
            can.PhysicalDelete, can.UpdateKeyMetadata,
            false, // the server's Local backend moves no data keys, whatever the one here can
        ];
        json.WriteStartObject("capabilities");
        for (int index = 0; index < values.Length; index++)
        {
            json.WriteBoolean(s_capabilities[index], values[index]);
        }

        json.WriteEndObject();
    }

    private static void WriteCluster(System.Text.Json.Utf8JsonWriter json, EmulatorConfiguration configuration)
    {
        json.WriteStartObject("cluster_config");
        json.WriteBoolean("consistent", true);
        json.WriteStartArray("nodes");
        json.WriteStartObject();
        json.WriteString("host", "local");
        json.WriteString("config_fingerprint", ConfigurationSummary.Fingerprint(configuration));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private RunningKms.Loan Borrow() => context.Service.TryBorrow() ?? throw WireFault.Internal(NotRunning);
}
