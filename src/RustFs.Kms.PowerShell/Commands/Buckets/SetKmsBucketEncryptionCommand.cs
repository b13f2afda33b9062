using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Sets the default encryption of buckets: SSE-S3, or SSE-KMS with a key, which is looked at first. What is in a bucket already
/// stays as it is. Objects that say how (a CSV, what Get-KmsBucketEncryption outputs) are taken at their word.
/// </summary>
[Cmdlet(VerbsCommon.Set, "KmsBucketEncryption", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Set-RustFsKmsBucketEncryption")]
[OutputType(typeof(KmsBucketEncryption))]
public sealed class SetKmsBucketEncryptionCommand : KmsBucketCmdlet
{
    private bool _saysAlgorithm;
    private bool _saysKey;

    /// <summary>
    /// SseS3 (AES256) or SseKms (aws:kms). Without it, SseKms when -KeyId is given, and SseS3 otherwise; a bucket that has SSE-KMS gets
    /// SSE-S3 only when this says so.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    public KmsBucketAlgorithm? Algorithm { get; set; }

    /// <summary>
    /// SSE-KMS: the key. It must exist and be enabled. Without it, the server's default key is used. What is given here goes before what
    /// an object in the pipeline says.
    /// </summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public string? KeyId { get; set; }

    /// <summary>Does not look whether the key exists and is enabled; for a credential that may not read keys.</summary>
    [Parameter]
    public SwitchParameter SkipKeyCheck { get; set; }

    /// <summary>Returns the encryption afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _saysAlgorithm = MyInvocation.BoundParameters.ContainsKey(nameof(Algorithm));
        _saysKey = MyInvocation.BoundParameters.ContainsKey(nameof(KeyId));
        if (_saysKey && string.IsNullOrEmpty(KeyId))
        {
            ThrowFailure(new KmsException(KmsErrorCode.KmsUsage, Strings.EmptyKeyForBucket), null);
        }

        if (Algorithm is KmsBucketAlgorithm said)
        {
            RequireSense(said, KeyId, failure => ThrowFailure(failure, null));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IReadOnlyList<KmsConnection> connections = CurrentConnections();
        foreach (string bucket in BucketName ?? [])
        {
            if (Choose(bucket) is not (KmsBucketAlgorithm algorithm, string keyId, bool isSaid))
            {
                continue;
            }

            string? key = keyId.Length == 0 ? null : keyId;
            IReadOnlyList<KmsConnection> possible = isSaid ? CheckKey(connections, bucket, key) : CheckCurrent(connections, bucket);
            List<KmsConnection> approved = [.. possible.Where(
                connection => ShouldProceed(BucketOn(bucket, connection), Strings.EncryptAction(algorithm, key)))];
            Run(approved, "SetBucketEncryption", bucket, (connection, token) => SetAsync(connection, bucket, algorithm, key, token), (_, encryption) =>
            {
                if (encryption is not null)
                {
                    WriteObject(encryption);
                }
            });
        }
    }

    /// <summary>
    /// What a bucket is to have. The command line goes before the object in the pipeline: with a key there, an object's algorithm does
    /// not count, and with SSE-S3 there, its key does not.
    /// </summary>
    /// <returns>The algorithm, the key or an empty text, and whether anybody said so; null after an error record.</returns>
    private (KmsBucketAlgorithm Algorithm, string KeyId, bool IsSaid)? Choose(string bucket)
    {
        string keyId = KeyId ?? string.Empty;
        if (_saysKey)
        {
            return (KmsBucketAlgorithm.SseKms, keyId, true); // an algorithm beside it was checked at the start
        }

        if (Algorithm is KmsBucketAlgorithm algorithm)
        {
            if (_saysAlgorithm && algorithm == KmsBucketAlgorithm.SseS3)
            {
                return (algorithm, string.Empty, true);
            }

            return RequireSense(algorithm, keyId, failure => WriteFailure(failure, bucket)) ? (algorithm, keyId, true) : null;
        }

        if (KeyId is { Length: 0 })
        {
            WriteFailure(KmsErrorCode.KmsUsage, Strings.NothingSaidForBucket, bucket);
            return null;
        }

        return KeyId is null ? (KmsBucketAlgorithm.SseS3, string.Empty, false) : (KmsBucketAlgorithm.SseKms, KeyId, true);
    }

    /// <summary>Refuses a key without SSE-KMS, and what is shown of buckets and cannot be set.</summary>
    private static bool RequireSense(KmsBucketAlgorithm algorithm, string? keyId, Action<KmsException> onFailure)
    {
        string? problem = algorithm switch
        {
            KmsBucketAlgorithm.SseS3 => string.IsNullOrEmpty(keyId) ? null : Strings.KeyWithoutSseKms,
            KmsBucketAlgorithm.SseKms => null,
            _ => Strings.NoBucketAlgorithm(algorithm),
        };
        if (problem is not null)
        {
            onFailure(new KmsException(KmsErrorCode.KmsUsage, problem));
        }

        return problem is null;
    }

    /// <summary>The connections on which nothing is weakened because nobody said what is wanted; for each other one there is an error record.</summary>
    private List<KmsConnection> CheckCurrent(IReadOnlyList<KmsConnection> connections, string bucket)
    {
        var harmless = new List<KmsConnection>();
        Run(connections, "GetBucketEncryption", bucket, (connection, token) => BucketsOf(connection).GetBucketEncryptionAsync(bucket, token), (connection, current) =>
        {
            if (current.Algorithm is KmsBucketAlgorithm.NotConfigured or KmsBucketAlgorithm.SseS3)
            {
                harmless.Add(connection);
                return;
            }

            WriteFailure(
                new KmsException(KmsErrorCode.KmsUsage, Strings.WouldWeaken(bucket, current), bucket), bucket, connection, connections.Count > 1);
        });
        return harmless;
    }

    /// <summary>The connections on which the key can be used; for each other one there is an error record.</summary>
    private IReadOnlyList<KmsConnection> CheckKey(IReadOnlyList<KmsConnection> connections, string bucket, string? keyId)
    {
        if (keyId is null || SkipKeyCheck)
        {
            return connections;
        }

        var usable = new List<KmsConnection>();
        Run(connections, "GetKey", bucket, (connection, token) => connection.Backend.GetKeyAsync(keyId, token), (connection, key) =>
        {
            if (key is { IsReadable: true, State: KmsKeyState.Enabled })
            {
                usable.Add(connection);
                return;
            }

            string reason = key.IsReadable ? Strings.NotUsableInState(key.State) : key.FaultReason ?? key.Fault.ToString();
            WriteFailure(
                new KmsException(KmsErrorCode.KmsPreconditionFailed, Strings.KeyNotForBucket(keyId, reason), keyId), bucket, connection, connections.Count > 1);
        });
        return usable;
    }

    private async Task<KmsBucketEncryption?> SetAsync(
        KmsConnection connection, string bucket, KmsBucketAlgorithm algorithm, string? keyId, CancellationToken cancellationToken)
    {
        IKmsBuckets buckets = BucketsOf(connection);
        await buckets.SetBucketEncryptionAsync(bucket, algorithm, keyId, cancellationToken).ConfigureAwait(false);
        return PassThru ? await buckets.GetBucketEncryptionAsync(bucket, cancellationToken).ConfigureAwait(false) : null;
    }
}
