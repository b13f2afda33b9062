using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>From an exception to the error record that a user sees: its id, category, target and text.</summary>
internal static class ErrorRecords
{
    private const string UnexpectedId = "KmsUnexpected";

    /// <summary>The record of a failure.</summary>
    internal static ErrorRecord From(Exception exception, FailureContext context)
    {
        string prefix = context is { NamesConnection: true, Connection: KmsConnection connection }
            ? $"[{DisplayText.Neutralize(connection.Name)}] "
            : string.Empty;
        ErrorRecord record = exception is KmsException failure
            ? From(failure, context, prefix)
            : new ErrorRecord(exception, UnexpectedId, ErrorCategory.NotSpecified, context.Target)
            {
                ErrorDetails = new ErrorDetails(prefix + Strings.Unexpected(exception, context.Command.Spell(context.Command.Name)))
                {
                    RecommendedAction = "Look at the details: $Error[0].Exception.ToString()",
                },
            };

        // Some error views print this; the target object itself stays as it is, for scripts.
        record.CategoryInfo.TargetName = DisplayText.Neutralize(Convert.ToString(record.TargetObject, CultureInfo.InvariantCulture));
        return record;
    }

    private static ErrorRecord From(KmsException failure, FailureContext context, string prefix)
    {
        string message = prefix + failure.Message; // safe to print, as every KmsException's
        if (failure.RequestId is string request && !message.Contains(request, StringComparison.Ordinal))
        {
            message += Strings.RequestId(request); // under which the server's log has it
        }

        return new ErrorRecord(failure, failure.Code.ToString(), Category(failure.Code), context.KeyId ?? failure.Target ?? context.Target)
        {
            ErrorDetails = new ErrorDetails(message == failure.Message ? string.Empty : message)
            {
                RecommendedAction = ErrorAdvice.Of(failure, context),
            },
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
        KmsErrorCode.KmsNetwork => ErrorCategory.ConnectionError,
        KmsErrorCode.KmsTls => ErrorCategory.SecurityError,
        KmsErrorCode.KmsClockSkew => ErrorCategory.AuthenticationError,
        KmsErrorCode.KmsKeyStillReferenced or KmsErrorCode.KmsConfigurationChanged => ErrorCategory.InvalidOperation,
        KmsErrorCode.KmsNotConfigured or KmsErrorCode.KmsNotRunning or KmsErrorCode.KmsUnhealthy => ErrorCategory.ResourceUnavailable,
        KmsErrorCode.KmsServerError or KmsErrorCode.KmsProtocol => ErrorCategory.InvalidResult,
        KmsErrorCode.KmsOutcomeUnknown => ErrorCategory.OperationStopped,
        _ => ErrorCategory.NotSpecified,
    };
}
