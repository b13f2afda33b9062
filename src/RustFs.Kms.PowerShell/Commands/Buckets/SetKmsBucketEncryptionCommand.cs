using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Sets the default encryption of buckets: SSE-S3, or SSE-KMS with a key, which is looked at first. What is in a bucket already
/// stays as it is.
/// </summary>
[Cmdlet(VerbsCommon.Set, "KmsBucketEncryption", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Set-RustFsKmsBucketEncryption")]
[OutputType(typeof(KmsBucketEncryption))]
public sealed class SetKmsBucketEncryptionCommand : KmsBucketCmdlet
{
    /// <summary>SseS3 (AES256) or SseKms (aws:kms). Without it, SseKms when -KeyId is given, and SseS3 otherwise.</summary>
    [Parameter(Position = 1)]
    [ValidateSet(nameof(KmsBucketAlgorithm.SseS3), nameof(KmsBucketAlgorithm.SseKms))]
    public KmsBucketAlgorithm Algorithm { get; set; }

    /// <summary>SSE-KMS: the key. It must exist and be enabled. Without it, the server's default key is used.</summary>
    [Parameter(Position = 2)]
    [ValidateNotNullOrEmpty]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public string? KeyId { get; set; }

    /// <summary>Does not look whether the key exists and is enabled; for a credential that may not read keys.</summary>
    [Parameter]
    public SwitchParameter SkipKeyCheck { get; set; }

    /// <summary>Returns the encryption afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private KmsBucketAlgorithm Chosen => Algorithm != KmsBucketAlgorithm.NotConfigured
        ? Algorithm
        : KeyId is null ? KmsBucketAlgorithm.SseS3 : KmsBucketAlgorithm.SseKms;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (Chosen == KmsBucketAlgorithm.SseS3 && KeyId is not null)
        {
            ThrowFailure(new KmsException(KmsErrorCode.KmsUsage, Strings.KeyWithoutSseKms), null);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IReadOnlyList<KmsConnection> connections = CurrentConnections();
        foreach (string bucket in BucketName ?? [])
        {
            List<KmsConnection> approved = [.. CheckKey(connections, bucket).Where(
                connection => ShouldProceed(BucketOn(bucket, connection), Strings.EncryptAction(Chosen, KeyId)))];
            Run(approved, "SetBucketEncryption", bucket, (connection, token) => SetAsync(connection, bucket, token), (_, encryption) =>
            {
                if (encryption is not null)
                {
                    WriteObject(encryption);
                }
            });
        }
    }

    /// <summary>The connections on which the key can be used; for each other one there is an error record.</summary>
    private IReadOnlyList<KmsConnection> CheckKey(IReadOnlyList<KmsConnection> connections, string bucket)
    {
        if (KeyId is null || SkipKeyCheck)
        {
            return connections;
        }

        var usable = new List<KmsConnection>();
        Run(connections, "GetKey", bucket, (connection, token) => connection.Backend.GetKeyAsync(KeyId, token), (connection, key) =>
        {
            if (key is { IsReadable: true, State: KmsKeyState.Enabled })
            {
                usable.Add(connection);
                return;
            }

            string reason = key.IsReadable ? Strings.NotUsableInState(key.State) : key.FaultReason ?? key.Fault.ToString();
            WriteFailure(
                new KmsException(KmsErrorCode.KmsPreconditionFailed, Strings.KeyNotForBucket(KeyId, reason), KeyId), bucket, connection, connections.Count > 1);
        });
        return usable;
    }

    private async Task<KmsBucketEncryption?> SetAsync(KmsConnection connection, string bucket, CancellationToken cancellationToken)
    {
        IKmsBuckets buckets = BucketsOf(connection);
        await buckets.SetBucketEncryptionAsync(bucket, Chosen, KeyId, cancellationToken).ConfigureAwait(false);
        return PassThru ? await buckets.GetBucketEncryptionAsync(bucket, cancellationToken).ConfigureAwait(false) : null;
    }
}
