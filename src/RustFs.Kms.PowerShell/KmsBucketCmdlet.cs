using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What every cmdlet has that works on the default encryption of buckets.</summary>
public abstract class KmsBucketCmdlet : KmsCmdlet
{
    /// <summary>The names of the buckets.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Bucket", "Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BucketNameCompleter))]
    public virtual string[]? BucketName { get; set; }

    private protected sealed override FailureSubject Subject => FailureSubject.Bucket;

    /// <summary>The buckets of a connection.</summary>
    /// <exception cref="KmsException">It leads to no server.</exception>
    private protected static IKmsBuckets BucketsOf(KmsConnection connection) =>
        connection.Backend as IKmsBuckets ?? throw new KmsException(KmsErrorCode.KmsUnsupported, Strings.NoBuckets, connection.Name);

    private protected static string BucketOn(string bucketName, KmsConnection connection) =>
        Strings.BucketOn(bucketName, connection.Name, connection.Location);
}
