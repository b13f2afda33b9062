using System.Runtime.CompilerServices;

namespace RustFs.Kms.PowerShell;

/// <summary>One step of a reset that begins, or, with a status, the end of the last.</summary>
internal sealed record ResetStep(int Number, string Name, KmsStatus? Status = null);

/// <summary>Stops a KMS, configures it, starts it and waits until it is healthy. It goes forward only: what failed is told, not undone.</summary>
/// <param name="Request">The configuration.</param>
/// <param name="Goal">How it is to be in the end.</param>
internal sealed record ServiceReset(KmsConfigurationRequest Request, ServiceGoal Goal)
{
    internal const int StepCount = 4;

    /// <summary>Does it, and tells each step before it begins.</summary>
    /// <exception cref="KmsException">A step failed; the text says which, and how the KMS is now.</exception>
    internal async IAsyncEnumerable<ResetStep> RunAsync(
        KmsConnection connection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IKmsBackend backend = connection.Backend;
        (string Name, string Left, Func<Task> Work)[] steps =
        [
            ("stop", Strings.LeftAsItWas, () => backend.StopAsync(cancellationToken)),
            ("configure", Strings.LeftStopped, () => backend.ConfigureAsync(Request, cancellationToken)),
            ("start", Strings.LeftConfigured, () => backend.StartAsync(force: false, cancellationToken)),
        ];
        for (int index = 0; index < steps.Length; index++)
        {
            (string name, string left, Func<Task> work) = steps[index];
            yield return new ResetStep(index, name);
            await StepAsync(index + 1, name, left, work).ConfigureAwait(false);
        }

        yield return new ResetStep(steps.Length, "verify");
        KmsStatus? status = null;
        await StepAsync(StepCount, "verify", Strings.LeftStarted, async () => status = await VerifyAsync(connection, cancellationToken).ConfigureAwait(false))
            .ConfigureAwait(false);
        yield return new ResetStep(StepCount, "done", status);
    }

    private static async Task StepAsync(int number, string name, string left, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (KmsException exception)
        {
            string how = exception.Code == KmsErrorCode.KmsOutcomeUnknown ? Strings.LeftUnknown : left;
            throw new KmsException(
                exception.Code, Strings.ResetFailed(number, name, exception.Message, how), exception.Target, exception.Fault, exception)
            {
                RequestId = exception.RequestId,
                HttpStatus = exception.HttpStatus,
            };
        }
    }

    private async Task<KmsStatus> VerifyAsync(KmsConnection connection, CancellationToken cancellationToken)
    {
        KmsStatus? reached = null;
        await foreach (ServiceSighting sighting in Goal.WatchAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            reached = sighting.Status;
        }

        return reached!; // the watch ends with what was waited for, or throws
    }
}
