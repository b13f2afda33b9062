using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Explains an error: its cause, the commands to run next, and the document that says so. Takes any error record ($Error[0] |
/// Resolve-KmsError), any exception, and any text that was copied from a RustFS server's answer or log, from Vault, or from a tool or
/// SDK of AWS. Without one it takes the newest error of this module in $Error, or else the newest of all. An error that is not in its
/// table is said to be unknown, with a general way to go. Asks nobody.
/// </summary>
[Cmdlet(VerbsDiagnostic.Resolve, "KmsError", DefaultParameterSetName = RecordSet)]
[Alias("Resolve-RustFsKmsError")]
[OutputType(typeof(KmsErrorAdvice))]
public sealed class ResolveKmsErrorCommand : KmsCmdletBase
{
    private const string RecordSet = "InputObject";
    private const string MessageSet = "Message";
    private const string OwnNamespace = "RustFs.Kms.PowerShell.";

    /// <summary>An error record, an exception, or a text; of a text in the pipeline, each is an error of its own.</summary>
    [Parameter(ParameterSetName = RecordSet, Position = 0, ValueFromPipeline = true)]
    [Alias("ErrorRecord")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ErrorIdCompleter))]
    public object? InputObject { get; set; }

    /// <summary>A text: an answer, a message, a line of a log. Several lines are one text, as Get-Clipboard gives them.</summary>
    [Parameter(ParameterSetName = MessageSet, Mandatory = true)]
    [AllowEmptyString]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ErrorIdCompleter))]
    public string[]? Message { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        object? error = ParameterSetName == MessageSet ? string.Join('\n', Message!) : InputObject ?? NewestError();
        switch ((error as PSObject)?.BaseObject is string piped ? piped : error)
        {
            case null:
                ThrowFailure(new KmsException(KmsErrorCode.KmsUsage, Strings.NoErrorYet), null);
                break;
            case string text when string.IsNullOrWhiteSpace(text):
                WriteFailure(KmsErrorCode.KmsUsage, Strings.EmptyError, null);
                break;
            case var given when ErrorClues.Of(given) is { } clues:
                WriteObject(ErrorResolver.Resolve(clues));
                break;
            default:
                WriteFailure(KmsErrorCode.KmsUsage, Strings.NotAnError(((error as PSObject)?.BaseObject ?? error)!.GetType().Name), null);
                break;
        }
    }

    /// <summary>The error that somebody means who names none: what went wrong with the KMS, not a slip of the hand after it.</summary>
    private object? NewestError()
    {
        object[] errors = [.. (GetVariableValue("global:Error") as IEnumerable)?.Cast<object>() ?? []];
        return errors.FirstOrDefault(IsOwn) ?? errors.FirstOrDefault();
    }

    private static bool IsOwn(object error) => (error as PSObject)?.BaseObject is var inner && (inner ?? error) switch
    {
        ErrorRecord record => record.Exception is KmsException || record.FullyQualifiedErrorId.Contains(OwnNamespace, StringComparison.Ordinal),
        IContainsErrorRecord container => container.ErrorRecord.Exception is KmsException,
        _ => false,
    };
}
