using System.Management.Automation;
using System.Runtime.CompilerServices;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Shows the default encryption of buckets. A bucket without one is an object too (NotConfigured), not an error.</summary>
[Cmdlet(VerbsCommon.Get, "KmsBucketEncryption")]
[Alias("Get-RustFsKmsBucketEncryption")]
[OutputType(typeof(KmsBucketEncryption))]
public sealed class GetKmsBucketEncryptionCommand : KmsBucketCmdlet
{
    /// <summary>
    /// The names of the buckets, or patterns with wildcards. A pattern that matches nothing is no error; a bucket that does not
    /// exist is one. Without it, all buckets are shown.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Bucket", "Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BucketNameCompleter))]
    public override string[]? BucketName { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IReadOnlyList<KmsConnection> connections = CurrentConnections();
        if (BucketName is null)
        {
            Show(null, connections);
            return;
        }

        foreach (string name in BucketName)
        {
            Show(name, connections);
        }
    }

    private void Show(string? name, IReadOnlyList<KmsConnection> connections) =>
        Stream(connections, "GetBucketEncryption", name, (connection, token) => ReadAsync(connection, name, token), (connection, read) =>
        {
            if (read.Failure is not null)
            {
                WriteFailure(read.Failure, read.BucketName, connection, connections.Count > 1);
            }
            else
            {
                WriteObject(read.Encryption);
            }

            return true;
        });

    /// <summary>Reads the buckets of a name or pattern. One of several that may not be read does not keep from the others.</summary>
    private static async IAsyncEnumerable<(string BucketName, KmsBucketEncryption? Encryption, KmsException? Failure)> ReadAsync(
        KmsConnection connection, string? name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IKmsBuckets buckets = BucketsOf(connection);
        if (name is not null && !WildcardPattern.ContainsWildcardCharacters(name))
        {
            yield return (name, await buckets.GetBucketEncryptionAsync(name, cancellationToken).ConfigureAwait(false), null);
            yield break;
        }

        WildcardPattern? pattern = name is null ? null : KeyFilter.PatternOf(name);
        foreach (string bucket in await buckets.ListBucketsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (pattern?.IsMatch(bucket) != false)
            {
                yield return await TryReadAsync(buckets, bucket, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task<(string BucketName, KmsBucketEncryption? Encryption, KmsException? Failure)> TryReadAsync(
        IKmsBuckets buckets, string bucket, CancellationToken cancellationToken)
    {
        try
        {
            return (bucket, await buckets.GetBucketEncryptionAsync(bucket, cancellationToken).ConfigureAwait(false), null);
        }
        catch (KmsException exception) when (exception.Code is KmsErrorCode.KmsNotFound or KmsErrorCode.KmsAccessDenied or KmsErrorCode.KmsServerError)
        {
            return (bucket, null, exception); // gone meanwhile, or not for this credential; what breaks the connection breaks the listing
        }
    }
}
