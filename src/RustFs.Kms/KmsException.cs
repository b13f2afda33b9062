namespace RustFs.Kms;

/// <summary>The only exception that crosses the seam: a code to branch on, a text to read, and what it is about.</summary>
public sealed class KmsException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="code">The reason.</param>
    /// <param name="message">What failed, in one or two sentences. Never holds a secret.</param>
    /// <param name="target">The key id, path or name that it is about.</param>
    /// <param name="fault">What is wrong with the key record, where <paramref name="code"/> comes from one.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public KmsException(
        KmsErrorCode code,
        string message,
        string? target = null,
        KmsKeyFault fault = KmsKeyFault.None,
        Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Target = target;
        Fault = fault;
    }

    /// <summary>The id under which the server logged the request; null when there is none.</summary>
    public string? RequestId { get; init; }

    /// <summary>The HTTP status of the answer; null when there was none.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>The reason.</summary>
    public KmsErrorCode Code { get; }

    /// <summary>The key id, path or name that it is about.</summary>
    public string? Target { get; }

    /// <summary>What is wrong with the key record; <see cref="KmsKeyFault.None"/> when it is not about a record.</summary>
    public KmsKeyFault Fault { get; }
}
