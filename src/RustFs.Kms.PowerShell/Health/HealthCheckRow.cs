namespace RustFs.Kms.PowerShell;

/// <summary>One check: what it applies to, what must be so before it makes sense, what it takes to be permitted, and how it looks.</summary>
/// <param name="Name">The check.</param>
/// <param name="AlsoForDirectories">Whether it applies to key directories too.</param>
/// <param name="Needs">The checks that must not have failed.</param>
/// <param name="Permission">The permission that it takes on a server of today.</param>
/// <param name="LookAsync">Looks.</param>
internal sealed record HealthCheckRow(
    KmsHealthCheckName Name,
    bool AlsoForDirectories,
    IReadOnlyList<KmsHealthCheckName> Needs,
    string Permission,
    Func<HealthExamination, CancellationToken, Task<HealthVerdict>> LookAsync)
{
    // What uses the default key says nothing new where that key cannot be used. (Static members are made in the order of the text.)
    private static readonly KmsHealthCheckName[] s_usable = [KmsHealthCheckName.Running, KmsHealthCheckName.DefaultKey];

    /// <summary>The table, in the order in which the checks are made.</summary>
    internal static IReadOnlyList<HealthCheckRow> Table { get; } =
    [
        Way(KmsHealthCheckName.Reachable, [], WayChecks.ReachableAsync),
        Way(KmsHealthCheckName.Tls, [KmsHealthCheckName.Reachable], WayChecks.TlsAsync),
        Way(KmsHealthCheckName.Clock, [KmsHealthCheckName.Reachable, KmsHealthCheckName.Tls], WayChecks.ClockAsync),
        Way(KmsHealthCheckName.Signature, [KmsHealthCheckName.Reachable, KmsHealthCheckName.Tls], WayChecks.SignatureAsync),
        Way(KmsHealthCheckName.Permission, [KmsHealthCheckName.Signature], WayChecks.PermissionAsync),

        Server(KmsHealthCheckName.Configured, [KmsHealthCheckName.Permission], "kms:ServiceControl", ServiceChecks.ConfiguredAsync),
        Server(KmsHealthCheckName.Running, [KmsHealthCheckName.Configured], "kms:ServiceControl", ServiceChecks.RunningAsync),
        Both(KmsHealthCheckName.Healthy, [KmsHealthCheckName.Running], "kms:ServiceControl", ServiceChecks.HealthyAsync),
        Server(KmsHealthCheckName.Cluster, [KmsHealthCheckName.Running], "kms:ServiceControl", ServiceChecks.ClusterAsync),
        Server(KmsHealthCheckName.DefaultKey, [KmsHealthCheckName.Running], "kms:DescribeKey", KeyChecks.DefaultKeyAsync),
        Both(KmsHealthCheckName.Keys, [KmsHealthCheckName.Running], "kms:ListKeys", KeyChecks.KeysAsync),
        Both(KmsHealthCheckName.Deletions, [KmsHealthCheckName.Running], "kms:ListKeys", KeyChecks.DeletionsAsync),
        Server(KmsHealthCheckName.Cache, [KmsHealthCheckName.Running], "kms:ServiceControl", ServiceChecks.CacheAsync),
        Both(KmsHealthCheckName.RoundTrip, s_usable, "kms:GenerateDataKey", KeyChecks.RoundTripAsync),

        Server(KmsHealthCheckName.SseS3, s_usable, SmokeTest.Permission, SmokeTest.SseS3Async),
        Server(KmsHealthCheckName.SseKms, s_usable, SmokeTest.Permission, SmokeTest.SseKmsAsync),

        // The customer brings the key: this one works without a KMS.
        Server(KmsHealthCheckName.SseC, [KmsHealthCheckName.Signature], SmokeTest.Permission, SmokeTest.SseCAsync),
    ];

    /// <summary>The row of a check.</summary>
    internal static HealthCheckRow Of(KmsHealthCheckName name) => Table.First(row => row.Name == name);

    private static HealthCheckRow Way(
        KmsHealthCheckName name, IReadOnlyList<KmsHealthCheckName> needs, Func<HealthExamination, CancellationToken, Task<HealthVerdict>> look) =>
        new(name, false, needs, "kms:ServiceControl", look);

    private static HealthCheckRow Server(
        KmsHealthCheckName name,
        IReadOnlyList<KmsHealthCheckName> needs,
        string permission,
        Func<HealthExamination, CancellationToken, Task<HealthVerdict>> look) => new(name, false, needs, permission, look);

    private static HealthCheckRow Both(
        KmsHealthCheckName name,
        IReadOnlyList<KmsHealthCheckName> needs,
        string permission,
        Func<HealthExamination, CancellationToken, Task<HealthVerdict>> look) => new(name, true, needs, permission, look);
}
