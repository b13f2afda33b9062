using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace RustFs.Kms.PowerShell;

/// <summary>How a KMS should come to be, and how long to wait for it.</summary>
/// <param name="State">The state: <c>Running</c>, <c>Configured</c>, <c>NotConfigured</c> or <c>Error</c>; null for any.</param>
/// <param name="Healthy">Whether it must also be healthy.</param>
/// <param name="Patience">How long to wait.</param>
/// <param name="Interval">How long between two looks.</param>
internal sealed record ServiceGoal(string? State, bool Healthy, TimeSpan Patience, TimeSpan Interval)
{
    private static readonly TimeSpan s_shortInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Running and healthy, which follows a start soon when it follows at all.</summary>
    internal static ServiceGoal Running(int seconds) => new("Running", true, TimeSpan.FromSeconds(seconds), s_shortInterval);

    /// <summary>Looks until it is so.</summary>
    /// <exception cref="KmsException"><see cref="KmsErrorCode.KmsTimeout"/> when it is not so in time.</exception>
    internal async IAsyncEnumerable<ServiceSighting> WatchAsync(
        KmsConnection connection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        ServiceSighting? last = null;
        while (true)
        {
            TimeSpan left = Patience - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                throw new KmsException(KmsErrorCode.KmsTimeout, Strings.WaitedInVain(this, last), connection.Name);
            }

            ServiceSighting? seen = await LookAsync(connection, start, left, cancellationToken).ConfigureAwait(false);
            if (seen is null)
            {
                continue; // no answer before the deadline
            }

            last = seen;
            yield return seen;
            if (seen.Reached)
            {
                yield break;
            }

            left = Patience - Stopwatch.GetElapsedTime(start);
            await Task.Delay(left < Interval ? (left > TimeSpan.Zero ? left : TimeSpan.Zero) : Interval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One look. A server that restarts does not answer, or a proxy answers for it: that is no reason to give up.</summary>
    private async Task<ServiceSighting?> LookAsync(KmsConnection connection, long start, TimeSpan left, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(left);
        try
        {
            KmsStatus status = await connection.Backend.GetStatusAsync(deadline.Token).ConfigureAwait(false);
            return new ServiceSighting(status, null, IsReached(status), Stopwatch.GetElapsedTime(start));
        }
        catch (KmsException exception) when (exception.Code
            is KmsErrorCode.KmsNetwork or KmsErrorCode.KmsTimeout or KmsErrorCode.KmsServerError or KmsErrorCode.KmsProtocol)
        {
            return new ServiceSighting(null, exception.Message, false, Stopwatch.GetElapsedTime(start));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private bool IsReached(KmsStatus status) =>
        (State is null || string.Equals(status.State, State, StringComparison.OrdinalIgnoreCase)) && (!Healthy || status.Healthy == true);
}

/// <summary>One look at a KMS.</summary>
/// <param name="Status">How it was; null when it did not answer.</param>
/// <param name="Failure">Why it did not answer; null when it did.</param>
/// <param name="Reached">Whether it is as it should be.</param>
/// <param name="Elapsed">How long this took so far.</param>
internal sealed record ServiceSighting(KmsStatus? Status, string? Failure, bool Reached, TimeSpan Elapsed);
