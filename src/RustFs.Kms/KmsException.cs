namespace RustFs.Kms;

/// <summary>The only exception that crosses the seam: a code to branch on, a text to read, and what it is about.</summary>
public sealed class KmsException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="code">The reason.</param>
    /// <param name="message">
    /// What failed, in one or two sentences. Never holds a secret. What a server or a file said in it is made safe to print, so that a
    /// script may print it.
    /// </param>
    /// <param name="target">The key id, path or name that it is about.</param>
    /// <param name="fault">What is wrong with the key record, where <paramref name="code"/> comes from one.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public KmsException(
        KmsErrorCode code,
        string message,
        string? target = null,
        KmsKeyFault fault = KmsKeyFault.None,
        Exception? innerException = null)
        : base(SafeText.Neutralize(message), SafeText.Cause(innerException))
    {
        Code = code;
        Target = target;
        Fault = fault;
    }

    /// <summary>That checks failed.</summary>
    /// <param name="message">The text, of parts that are safe to print, in several lines.</param>
    /// <param name="failedChecks">What failed.</param>
    internal KmsException(string message, IReadOnlyList<KmsHealthCheck> failedChecks)
        : base(message)
    {
        Code = KmsErrorCode.KmsUnhealthy;
        FailedChecks = failedChecks.Indexable();
    }

    /// <summary>
    /// The exit code for a script or a pipeline step that ends because of it, as RustFS's command line <c>rc</c> has them:
    /// <c>catch { exit $_.Exception.ExitCode }</c>. 2: used wrongly (KmsUsage). 3: the server was not reached (KmsNetwork, KmsTimeout,
    /// KmsTls). 4: not permitted (KmsAuthentication, KmsAccessDenied, KmsClockSkew). 5: not found (KmsKeyNotFound, KmsNotFound).
    /// 6: in conflict with what is there (KmsConflict, KmsPreconditionFailed, KmsKeyStillReferenced, KmsConfigurationChanged).
    /// 7: cannot be done there at all (KmsUnsupported). 1: everything else. Never 0.
    /// </summary>
    public int ExitCode => Code switch
    {
        KmsErrorCode.KmsUsage => 2,
        KmsErrorCode.KmsNetwork or KmsErrorCode.KmsTimeout or KmsErrorCode.KmsTls => 3,
        KmsErrorCode.KmsAuthentication or KmsErrorCode.KmsAccessDenied or KmsErrorCode.KmsClockSkew => 4,
        KmsErrorCode.KmsKeyNotFound or KmsErrorCode.KmsNotFound => 5,
        KmsErrorCode.KmsConflict or KmsErrorCode.KmsPreconditionFailed or KmsErrorCode.KmsKeyStillReferenced
            or KmsErrorCode.KmsConfigurationChanged => 6,
        KmsErrorCode.KmsUnsupported => 7,
        _ => 1,
    };

    /// <summary>The checks that failed, when it is that a KMS is not healthy; never null, and empty otherwise.</summary>
    public IReadOnlyList<KmsHealthCheck> FailedChecks { get; } = [];

    /// <summary>The id under which the server logged the request; null when there is none.</summary>
    public string? RequestId { get; init; }

    /// <summary>The HTTP status of the answer; null when there was none.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>The reason.</summary>
    public KmsErrorCode Code { get; }

    /// <summary>The key id, path or name that it is about.</summary>
    public string? Target { get; }

    /// <summary>Whether there is no connection to work through: none is open, none has the name, or it was closed.</summary>
    internal bool LacksConnection { get; init; }

    /// <summary>Whether no key was named, and the KMS has no default key that could be meant.</summary>
    internal bool LacksKey { get; init; }

    /// <summary>What is wrong with the key record; <see cref="KmsKeyFault.None"/> when it is not about a record.</summary>
    public KmsKeyFault Fault { get; }
}
