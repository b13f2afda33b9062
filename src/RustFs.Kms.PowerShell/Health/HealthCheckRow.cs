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
    /// <summary>The table, in the order in which the checks are made.</summary>
    internal static IReadOnlyList<HealthCheckRow> Table { get; } =
    [
        Way(KmsHealthCheckName.Reachable, [], WayChecks.ReachableAsync),
        Way(KmsHealthCheckName.Tls, [KmsHealthCheckName.Reachable], WayChecks.TlsAsync),
        Way(KmsHealthCheckName.Clock, [KmsHealthCheckName.Reachable, KmsHealthCheckName.Tls], WayChecks.ClockAsync),
        Way(KmsHealthCheckName.Signature, [KmsHealthCheckName.Reachable, KmsHealthCheckName.Tls], WayChecks.SignatureAsync),
        Way(KmsHealthCheckName.Permission, [KmsHealthCheckName.Signature], WayChecks.PermissionAsync),

        Server(KmsHealthCheckName.Configured, KmsHealthCheckName.Permission, "kms:ServiceControl", ServiceChecks.ConfiguredAsync),
        Server(KmsHealthCheckName.Running, KmsHealthCheckName.Configured, "kms:ServiceControl", ServiceChecks.RunningAsync),
        Both(KmsHealthCheckName.Healthy, "kms:ServiceControl", ServiceChecks.HealthyAsync),
        Server(KmsHealthCheckName.Cluster, KmsHealthCheckName.Running, "kms:ServiceControl", ServiceChecks.ClusterAsync),
        Server(KmsHealthCheckName.DefaultKey, KmsHealthCheckName.Running, "kms:DescribeKey", KeyChecks.DefaultKeyAsync),
        Both(KmsHealthCheckName.Keys, "kms:ListKeys", KeyChecks.KeysAsync),
        Both(KmsHealthCheckName.Deletions, "kms:ListKeys", KeyChecks.DeletionsAsync),
        Server(KmsHealthCheckName.Cache, KmsHealthCheckName.Running, "kms:ServiceControl", ServiceChecks.CacheAsync),
        Both(KmsHealthCheckName.RoundTrip, "kms:GenerateDataKey", KeyChecks.RoundTripAsync),

        Server(KmsHealthCheckName.SseS3, KmsHealthCheckName.Running, SmokeTest.Permission, SmokeTest.SseS3Async),
        Server(KmsHealthCheckName.SseKms, KmsHealthCheckName.Running, SmokeTest.Permission, SmokeTest.SseKmsAsync),

        // The customer brings the key: this one works without a KMS.
        Server(KmsHealthCheckName.SseC, KmsHealthCheckName.Signature, SmokeTest.Permission, SmokeTest.SseCAsync),
    ];

    /// <summary>The row of a check.</summary>
    internal static HealthCheckRow Of(KmsHealthCheckName name) => Table.First(row => row.Name == name);

    private static HealthCheckRow Way(
        KmsHealthCheckName name, IReadOnlyList<KmsHealthCheckName> needs, Func<HealthExamination, CancellationToken, Task<HealthVerdict>> look) =>
        new(name, false, needs, "kms:ServiceControl", look);

    private static HealthCheckRow Server(
        KmsHealthCheckName name, KmsHealthCheckName need, string permission, Func<HealthExamination, CancellationToken, Task<HealthVerdict>> look) =>
        new(name, false, [need], permission, look);

    private static HealthCheckRow Both(
        KmsHealthCheckName name, string permission, Func<HealthExamination, CancellationToken, Task<HealthVerdict>> look) =>
        new(name, true, [KmsHealthCheckName.Running], permission, look);
}
