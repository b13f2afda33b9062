using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Removes the default encryption of buckets: what is put there from now on is encrypted only when the request says so. What is in a
/// bucket already stays encrypted.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "KmsBucketEncryption", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[Alias("Remove-RustFsKmsBucketEncryption")]
public sealed class RemoveKmsBucketEncryptionCommand : KmsBucketCmdlet
{
    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IReadOnlyList<KmsConnection> connections = CurrentConnections();
        foreach (string bucket in BucketName ?? [])
        {
            List<KmsConnection> approved = [.. ThatHave(bucket, connections).Where(
                connection => ShouldProceed(BucketOn(bucket, connection), Strings.ActionRemoveEncryption, Force))];
            Run(
                approved,
                "RemoveBucketEncryption",
                bucket,
                async (connection, token) =>
                {
                    await BucketsOf(connection).RemoveBucketEncryptionAsync(bucket, token).ConfigureAwait(false);
                    return true;
                },
                (_, _) => { });
        }
    }

    private IReadOnlyList<KmsConnection> ThatHave(string bucket, IReadOnlyList<KmsConnection> connections) => Force && !IsWhatIf()
        ? connections
        : WhereItIs(
            connections,
            "GetBucketEncryption",
            bucket,
            KmsErrorCode.KmsNotFound,
            (connection, token) => BucketsOf(connection).GetBucketEncryptionAsync(bucket, token));
}
