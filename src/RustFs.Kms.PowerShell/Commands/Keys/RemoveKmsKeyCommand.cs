using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Schedules the deletion of keys, which Undo-KmsKeyRemoval cancels until then. -Immediate destroys at once, and -Due destroys
/// the keys of a key directory whose deletion date is past: what they wrapped can never be opened again.
/// </summary>
[Cmdlet(
    VerbsCommon.Remove, "KmsKey", DefaultParameterSetName = ScheduleSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[Alias("Remove-RustFsKmsKey")]
[OutputType(typeof(KmsKey))]
public sealed class RemoveKmsKeyCommand : KmsKeyCmdlet
{
    private const string ScheduleSet = "Schedule";
    private const string ImmediateSet = "Immediate";
    private const string DueSet = "Due";

    /// <summary>The ids of the keys. With -Due it may be left out: all keys that are due are destroyed.</summary>
    [Parameter(
        ParameterSetName = ScheduleSet, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ImmediateSet, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = DueSet, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id", "KmsKeyId")]
    [ValidateNotNull]
    [AllowEmptyString]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public override string[]? KeyId { get; set; }

    /// <summary>How many days the deletion can be cancelled: 7 to 30, and 30 when nothing is said.</summary>
    [Parameter(ParameterSetName = ScheduleSet)]
    [ValidateRange(KmsLimits.MinimumDeletionWindowInDays, KmsLimits.MaximumDeletionWindowInDays)]
    public int PendingWindowInDays { get; set; } = KmsLimits.DefaultDeletionWindowInDays;

    /// <summary>Destroys the key at once, for ever. Needs -ConfirmKeyId.</summary>
    [Parameter(ParameterSetName = ImmediateSet, Mandatory = true)]
    public SwitchParameter Immediate { get; set; }

    /// <summary>The key's id once more, exactly. -Force does not replace it.</summary>
    [Parameter(ParameterSetName = ImmediateSet, Mandatory = true)]
    public string ConfirmKeyId { get; set; } = string.Empty;

    /// <summary>Destroys only keys whose deletion date is past, as a server's deletion worker would.</summary>
    [Parameter(ParameterSetName = DueSet, Mandatory = true)]
    public SwitchParameter Due { get; set; }

    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the key with its deletion date. A destroyed key is gone and is not returned.</summary>
    [Parameter(ParameterSetName = ScheduleSet)]
    public SwitchParameter PassThru { get; set; }

    private KeyRemoval Removal => (bool)Immediate
        ? new KeyRemoval.AtOnce(ConfirmKeyId)
        : Due ? new KeyRemoval.WhenDue() : new KeyRemoval.Scheduled(PendingWindowInDays);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Due && KeyId is null)
        {
            RemoveAllDue();
        }
        else
        {
            base.ProcessRecord();
        }
    }

    private protected override void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections)
    {
        if (Immediate && !string.Equals(keyId, ConfirmKeyId, StringComparison.Ordinal))
        {
            WriteFailure(KmsErrorCode.KmsUsage, Strings.ConfirmKeyIdDiffers(keyId), keyId);
            return;
        }

        KeyRemoval removal = Removal;
        List<KmsConnection> approved = [.. ThatHave(keyId, connections, Force).Where(
            connection => ShouldProceed(KeyOn(keyId, connection), removal.Action + ImpactOn(keyId, connection), Force))];
        Run(
            approved,
            removal.Operation,
            keyId,
            (connection, token) => removal.RemoveAsync(connection.Backend, keyId, token),
            Write);
    }

    /// <summary>
    /// What the removal would strand, for the question: a server is asked, by a request that changes nothing. Nothing where nobody
    /// is asked.
    /// </summary>
    private string ImpactOn(string keyId, KmsConnection connection)
    {
        if (connection.Kind != KmsBackendKind.Server || Due || (Force && !IsWhatIf()))
        {
            return string.Empty;
        }

        string impact = string.Empty;
        Run([connection], "GetKeyImpact", keyId, (_, token) => DescribeImpactAsync(connection.Backend, keyId, token), (_, text) => impact = text);
        return impact;
    }

    private static async Task<string> DescribeImpactAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken)
    {
        try
        {
            return Strings.Impact(await backend.GetKeyImpactAsync(keyId, cancellationToken).ConfigureAwait(false));
        }
        catch (KmsException exception)
        {
            return exception.Code == KmsErrorCode.KmsKeyNotFound ? string.Empty : Strings.ImpactUnknown(exception.Message);
        }
    }

    private void RemoveAllDue()
    {
        // Listed to the end first: what is being enumerated must not change under the enumeration.
        var due = new List<(KmsConnection Connection, string KeyId)>();
        Stream(
            CurrentConnections(),
            "ListKeys",
            null,
            (connection, token) => KeyRemoval.WhenDue.ListAsync(connection.Backend, token),
            (connection, key) =>
            {
                due.Add((connection, key.KeyId));
                return true;
            });
        due.ForEach(item => ProcessKey(item.KeyId, [item.Connection]));
    }

    private void Write(KmsConnection connection, KmsKey? key)
    {
        if (key is null)
        {
            return;
        }

        WriteVerbose(Strings.WillBeDestroyed(key, connection));
        if (PassThru)
        {
            WriteObject(key);
        }
    }
}
