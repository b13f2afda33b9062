using System.Management.Automation;
using System.Management.Automation.Host;

namespace RustFs.Kms.Console;

/// <summary>The error for a question that nobody can answer: fail at once rather than hang or guess.</summary>
internal static class NotInteractive
{
    /// <summary>The id of the error.</summary>
    internal const string ErrorId = "SessionNotInteractive";

    /// <summary>Names the question and, where there is one, the way on without it.</summary>
    internal static HostException Because(string question, string? advice = null)
    {
        string message = $"The session is not interactive: {question.TrimEnd('.')}.";
        return new HostException(
            advice is null ? message : $"{message} {advice}", innerException: null!, ErrorId, ErrorCategory.InvalidOperation);
    }
}
