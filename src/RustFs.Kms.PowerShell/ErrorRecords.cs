using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>From an exception to the error record that a user sees: the one table of ids, categories and recommendations.</summary>
internal static class ErrorRecords
{
    private const string UnexpectedId = "KmsUnexpected";

    /// <summary>The record of a failure.</summary>
    /// <param name="exception">What happened.</param>
    /// <param name="command">The cmdlet's name; the recommendation may depend on it.</param>
    /// <param name="target">The key id, path or name that the cmdlet worked on.</param>
    /// <param name="connection">The connection, when there were several and the text must say which.</param>
    internal static ErrorRecord From(Exception exception, string command, string? target, string? connection = null)
    {
        string prefix = connection is null ? string.Empty : $"[{DisplayText.Neutralize(connection)}] ";
        if (exception is not KmsException failure)
        {
            return new ErrorRecord(exception, UnexpectedId, ErrorCategory.NotSpecified, target)
            {
                ErrorDetails = new ErrorDetails(prefix + Strings.Unexpected(exception, command))
                {
                    RecommendedAction = "Look at the details: $Error[0] | Format-List * -Force",
                },
            };
        }

        // The exception's own text stays unless it would not be safe to print.
        string message = prefix + DisplayText.Neutralize(failure.Message);
        return new ErrorRecord(failure, failure.Code.ToString(), Category(failure.Code), failure.Target ?? target)
        {
            ErrorDetails = new ErrorDetails(message == failure.Message ? string.Empty : message)
            {
                RecommendedAction = Recommendation(failure, command, target),
            },
        };
    }

    /// <summary>What to do about a failure: a sentence that ends with a command.</summary>
    internal static string Recommendation(KmsException failure, string command, string? target)
    {
        string subject = Strings.Literal(failure.Target ?? target ?? "<key id>");
        bool opening = target is not null && command is "Connect-Kms" or "Test-KmsKeyStore";
        string directory = opening ? Strings.Literal(target!) : "<path>";
        string verify = opening ? $"Test-KmsKeyStore -KeyDirectory {directory}" : "Test-KmsKeyStore";
        return failure.Code switch
        {
            KmsErrorCode.KmsUsage when command is "Connect-Kms" =>
                $"Give the directory and the master key that its server has: Connect-Kms -KeyDirectory {directory} -MasterKeyFile <file>",
            KmsErrorCode.KmsUsage => $"See what the parameters take: Get-Help {command} -Full",
            KmsErrorCode.KmsAuthentication =>
                "Use the master key that the RustFS server of this directory has, byte for byte: " +
                $"{command} -KeyDirectory {directory} -MasterKeyFile <file>",
            KmsErrorCode.KmsAccessDenied =>
                "Ask for the permission that the message names, or connect as somebody who has it. What is open: Get-KmsConnection",
            KmsErrorCode.KmsKeyNotFound => "Ids are case-sensitive. See which keys there are: Get-KmsKey",
            KmsErrorCode.KmsNotFound or KmsErrorCode.KmsStorage when opening && failure.Target is not null && failure.Target != target =>
                $"Check that path and its permissions: Get-Item -LiteralPath {subject}",
            KmsErrorCode.KmsNotFound when opening =>
                $"Check the path; to make a new key directory there: Connect-Kms -KeyDirectory {directory} -Create",
            KmsErrorCode.KmsNotFound => "See what is open with Get-KmsConnection, or connect: Connect-Kms -KeyDirectory <path>",
            KmsErrorCode.KmsConflict => OnConflict(command, subject, target),
            KmsErrorCode.KmsPreconditionFailed => OnState(command, subject, verify),
            KmsErrorCode.KmsUnsupported => OnUnsupported(command),
            KmsErrorCode.KmsKeyDamaged => OnDamage(failure.Fault, verify),
            KmsErrorCode.KmsIntegrity =>
                "Check that the blob is complete, that it was made by a key of this connection, and that -EncryptionContext has every " +
                "entry that it was made with. How to: Get-Help Unprotect-KmsDataKey -Examples",
            KmsErrorCode.KmsStorage => $"Check free space, permissions and the mount, then look at the store: {verify}",
            KmsErrorCode.KmsTimeout => "Try again, and see whether the backend answers: Get-KmsStatus",
            KmsErrorCode.KmsOutcomeUnknown => $"Look before you try again: Get-KmsKey -KeyId {subject}",
            _ => "See how the KMS is: Get-KmsStatus",
        };
    }

    private static ErrorCategory Category(KmsErrorCode code) => code switch
    {
        KmsErrorCode.KmsUsage => ErrorCategory.InvalidArgument,
        KmsErrorCode.KmsAuthentication => ErrorCategory.AuthenticationError,
        KmsErrorCode.KmsAccessDenied => ErrorCategory.PermissionDenied,
        KmsErrorCode.KmsKeyNotFound or KmsErrorCode.KmsNotFound => ErrorCategory.ObjectNotFound,
        KmsErrorCode.KmsConflict => ErrorCategory.ResourceExists,
        KmsErrorCode.KmsPreconditionFailed => ErrorCategory.InvalidOperation,
        KmsErrorCode.KmsUnsupported => ErrorCategory.NotImplemented,
        KmsErrorCode.KmsKeyDamaged or KmsErrorCode.KmsIntegrity => ErrorCategory.InvalidData,
        KmsErrorCode.KmsStorage => ErrorCategory.DeviceError,
        KmsErrorCode.KmsTimeout => ErrorCategory.OperationTimeout,
        KmsErrorCode.KmsOutcomeUnknown => ErrorCategory.OperationStopped,
        _ => ErrorCategory.NotSpecified,
    };

    private static string OnConflict(string command, string subject, string? target) => command switch
    {
        "New-KmsKey" => $"Choose another id, or take the key that exists: New-KmsKey -Name {subject} -IfNotExists",
        "Connect-Kms" => $"Open what is there, without -Create: Connect-Kms -KeyDirectory {Strings.Literal(target ?? "<path>")}",
        _ => $"Somebody else changed it in between. Look at it, then try again: Get-KmsKey -KeyId {subject}",
    };

    private static string OnState(string command, string subject, string verify) => command switch
    {
        "Connect-Kms" or "Test-KmsKeyStore" => $"See what is wrong with the directory: {verify}",
        "Enable-KmsKey" or "Disable-KmsKey" => $"If its deletion is scheduled, cancel that first: Undo-KmsKeyRemoval -KeyId {subject}",
        "New-KmsDataKey" or "Update-KmsDataKey" or "Test-KmsKey" =>
            "Only an enabled key wraps data keys. If its deletion is scheduled, use Undo-KmsKeyRemoval; if it is disabled: " +
            $"Enable-KmsKey -KeyId {subject}",
        "Undo-KmsKeyRemoval" => $"Only a scheduled deletion can be cancelled. See the key's state: Get-KmsKey -KeyId {subject}",
        "Add-KmsKeyTag" or "Remove-KmsKeyTag" => $"The tag 'name' is fixed. See the key's tags: Get-KmsKey -KeyId {subject}",
        _ => $"See the key's state and dates: Get-KmsKey -KeyId {subject}",
    };

    private static string OnUnsupported(string command) => command switch
    {
        "Invoke-KmsKeyRotation" =>
            "Make a new key with New-KmsKey, move the wrapped data keys to it with Update-KmsDataKey, name it wherever the old one is " +
            "configured, and keep the old one until nothing needs it. Start with: New-KmsKey -Name <new id>",
        "Test-KmsKeyStore" or "Remove-KmsKey" => "This works on a key directory. Open one: Connect-Kms -KeyDirectory <path>",
        _ => "See what this backend can do: (Get-KmsStatus).Capabilities",
    };

    private static string OnDamage(KmsKeyFault fault, string verify) => fault switch
    {
        KmsKeyFault.MaterialAuthenticationFailed =>
            "If no key opens, it is the wrong master key: connect with the server's. If it is this record alone, restore its file from a " +
            $"backup. Which it is: {verify}",
        KmsKeyFault.UnsupportedFormatVersion =>
            "A newer RustFS wrote the record; leave it alone and update this module: Update-PSResource RustFs.Kms",
        KmsKeyFault.InvalidKey => $"The file was renamed or copied; give it back the name of the id that is in it. Which one: {verify}",
        KmsKeyFault.ConfigurationError =>
            "The record is encrypted; connect with the master key: Connect-Kms -KeyDirectory <path> -MasterKeyFile <file>",
        KmsKeyFault.Unreadable => $"Check the permissions and the disk. See what else is wrong: {verify}",
        _ => $"Restore the record's file from a backup; without one its data keys are lost. See what is wrong with it: {verify}",
    };
}
