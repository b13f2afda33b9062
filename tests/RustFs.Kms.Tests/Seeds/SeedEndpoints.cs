namespace RustFs.Kms.Tests.Seeds;

/// <summary>What happens to a request of a documented endpoint.</summary>
public enum SeedOutcome
{
    /// <summary>It is answered with success.</summary>
    Answered,

    /// <summary>The document itself says that it is not implemented: servers have no such route, and our client sends nothing.</summary>
    NotImplemented,
}

/// <summary>A row of an endpoint table of one of the four documents.</summary>
/// <param name="Tests">The document, as the class of its tests.</param>
/// <param name="Section">The section that has the row.</param>
/// <param name="Row">Method and path, as documented.</param>
/// <param name="Wire">Method and path as they are on the wire, where that differs.</param>
/// <param name="Outcome">What happens.</param>
internal sealed record SeedEndpoint(Type Tests, string Section, string Row, string? Wire = null, SeedOutcome Outcome = SeedOutcome.Answered)
{
    /// <summary>Whether a request (method, path and query) is one of this endpoint.</summary>
    internal bool Fits(string method, string target)
    {
        string[] wire = (Wire ?? Row).Split(' ');
        string wanted = Wire is null ? "/rustfs/admin/v3" + wire[1] : wire[1];
        string[] place = wanted.Split('?');
        string[] given = target.Split('?');
        return method == wire[0]
            && place[0].Split('/') is var segments
            && (given[0].Length > 1 ? given[0].TrimEnd('/') : given[0]).Split('/') is var parts
            && segments.Length == parts.Length
            && segments.Zip(parts).All(pair => pair.First.StartsWith('{') ? pair.Second.Length > 0 : pair.First == pair.Second)
            && (place.Length == 1 || (given.Length == 2 && given[1].Split('&').Any(pair => pair.Split('=')[0] == place[1])));
    }
}

/// <summary>Every row of the endpoint tables, and every endpoint that a recipe names, of the four documents.</summary>
internal static class SeedEndpoints
{
    internal static IReadOnlyList<SeedEndpoint> All { get; } =
    [
        .. Of<ApiUsageGuideTests>(
            ("1. Configure KMS Service", "POST /kms/configure"),
            ("2. Create KMS Key", "POST /kms/key/create"),
            ("3. Get Key Status", "GET /kms/key/status"),
            ("4. List All Keys", "GET /kms/key/list"),
            ("5. Enable Key", "PUT /kms/key/enable"),
            ("6. Disable Key", "PUT /kms/key/disable"),
            ("7. Get KMS Status", "GET /kms/status")),
        .. Of<FrontendIntegrationGuideTests>(
            ("Service management", "POST /kms/configure"),
            ("Service management", "POST /kms/start"),
            ("Service management", "POST /kms/stop"),
            ("Service management", "GET /kms/service-status"),
            ("Service management", "POST /kms/reconfigure"),
            ("Key management", "POST /kms/keys"),
            ("Key management", "GET /kms/keys"),
            ("Key management", "GET /kms/keys/{key_id}"),
            ("Key management", "DELETE /kms/keys/delete"),
            ("Key management", "POST /kms/keys/cancel-deletion"),
            ("Data encryption", "POST /kms/generate-data-key")),
        new(typeof(FrontendIntegrationGuideTests), "Data encryption", "POST /kms/decrypt", Outcome: SeedOutcome.NotImplemented),

        // The four paths are of a front end's own server; the document then names the S3 call behind each.
        new(typeof(FrontendIntegrationGuideTests), "Bucket encryption configuration", "GET /api/v1/buckets", "GET /"),
        new(typeof(FrontendIntegrationGuideTests), "Bucket encryption configuration", "GET /api/v1/bucket-encryption/{bucket}", "GET /{bucket}?encryption"),
        new(typeof(FrontendIntegrationGuideTests), "Bucket encryption configuration", "PUT /api/v1/bucket-encryption/{bucket}", "PUT /{bucket}?encryption"),
        new(typeof(FrontendIntegrationGuideTests), "Bucket encryption configuration", "DELETE /api/v1/bucket-encryption/{bucket}", "DELETE /{bucket}?encryption"),
        .. Of<FrontendIntegrationGuideTests>(
            ("Monitoring & cache", "GET /kms/config"),
            ("Monitoring & cache", "POST /kms/clear-cache"),
            ("Legacy compatibility endpoints", "POST /kms/create-key"),
            ("Legacy compatibility endpoints", "GET /kms/describe-key"),
            ("Legacy compatibility endpoints", "GET /kms/list-keys"),
            ("Legacy compatibility endpoints", "GET /kms/status")),
        .. Of<HttpApiReferenceTests>(
            ("Service Lifecycle", "POST /kms/configure"),
            ("Service Lifecycle", "POST /kms/reconfigure"),
            ("Service Lifecycle", "POST /kms/start"),
            ("Service Lifecycle", "POST /kms/stop"),
            ("Service Lifecycle", "GET /kms/status"),
            ("Service Lifecycle", "GET /kms/service-status"),
            ("Service Lifecycle", "GET /kms/config"),
            ("Service Lifecycle", "POST /kms/clear-cache"),
            ("Key Management", "POST /kms/keys"),
            ("Key Management", "GET /kms/keys"),
            ("Key Management", "GET /kms/keys/{key_id}"),
            ("Key Management", "DELETE /kms/keys/delete"),
            ("Key Management", "POST /kms/keys/cancel-deletion"),
            ("Data Key Operations", "POST /kms/generate-data-key")),
        .. Of<TroubleshootingTests>(
            ("Quick Diagnostics", "GET /kms/status"),
            ("Clearing the Cache", "POST /kms/clear-cache"),
            ("Resetting the Service", "POST /kms/stop"),
            ("Resetting the Service", "POST /kms/configure"),
            ("Resetting the Service", "POST /kms/start"),
            ("Support Data Collection", "GET /kms/config")),
    ];

    private static IEnumerable<SeedEndpoint> Of<TTests>(params (string Section, string Row)[] rows) =>
        rows.Select(row => new SeedEndpoint(typeof(TTests), row.Section, row.Row));
}
