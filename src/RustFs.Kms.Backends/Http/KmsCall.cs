using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>How often a request may be sent: peers-and-conventions.md 4.9, rule 1.</summary>
internal enum KmsRepeat
{
    /// <summary>Changes nothing: again whenever that may help.</summary>
    Read,

    /// <summary>Leaves nothing behind: again while no byte of an answer arrived.</summary>
    DataKey,

    /// <summary>Does the same when done twice: again when the server was not reached, or said 503 or 429.</summary>
    Idempotent,

    /// <summary>Sent once. When its answer is lost, nobody knows what happened.</summary>
    Once,
}

/// <summary>One operation as a request of one generation of the API, and how its answer is read.</summary>
internal sealed record KmsCall<T>(HttpMethod Method, string Path, Func<WireAnswer, T> Read)
{
    /// <summary>How often it may be sent; by default only what changes nothing is repeated.</summary>
    internal KmsRepeat Repeat { get; init; } = KmsRepeat.Read;

    /// <summary>The same for the handlers.</summary>
    internal KmsSend Rules => new(Repeat, Target, Doubt) { Secrets = Secrets };

    /// <summary>What the body holds that no answer may repeat.</summary>
    internal IReadOnlyList<KmsSecret> Secrets { get; init; } = [];

    /// <summary>Writes the body; null for none.</summary>
    internal Action<RustJsonWriter>? Body { get; init; }

    /// <summary>What it is about, for errors.</summary>
    internal string? Target { get; init; }

    /// <summary>What may have happened when the answer of a change is lost, as a sentence.</summary>
    internal string Doubt { get; init; } = "The change may or may not have been made.";

    /// <summary>The same request in another spelling, for a server that cannot read this one.</summary>
    internal KmsCall<T>? Respelled { get; init; }

    /// <summary>The same request by its legacy route, for where there is no way to this one.</summary>
    internal KmsCall<T>? Alias { get; init; }
}

/// <summary>What the handlers know about a request beyond HTTP: how often it may be sent, and what its failures mean.</summary>
internal sealed record KmsSend(KmsRepeat Repeat, string? Target, string Doubt)
{
    /// <summary>What the request holds that no answer may repeat.</summary>
    internal IReadOnlyList<KmsSecret> Secrets { get; init; } = [];

    /// <summary>Whether it changes something, so that an answer that is lost or cannot be read leaves a doubt.</summary>
    internal bool Changes => Repeat is KmsRepeat.Once or KmsRepeat.Idempotent;

    /// <summary>A refusal. A gateway's is none: it speaks for itself, and whether the KMS behind it did something, it does not know.</summary>
    internal KmsException Refused(KmsWireError error)
    {
        KmsException refusal = error.ToException(Target);
        return Changes && error.Status is 502 or 504 ? Doubtful(refusal, "The answer was lost. ") : refusal;
    }

    /// <summary>An answer that cannot be read. Something said yes; whether it was the server, and to what, is not in it.</summary>
    internal KmsException Unreadable(KmsException unusable) => Changes ? Doubtful(unusable, string.Empty) : unusable;

    /// <summary>No answer, though the request may have arrived.</summary>
    internal KmsException Lost(KmsException loss) => Changes ? Doubtful(loss, "The answer was lost. ") : loss;

    private KmsException Doubtful(KmsException cause, string how) =>
        new(KmsErrorCode.KmsOutcomeUnknown, $"{how}{Doubt} {cause.Message}", Target, innerException: cause.InnerException ?? cause)
        {
            HttpStatus = cause.HttpStatus,
            RequestId = cause.RequestId,
        };
}
