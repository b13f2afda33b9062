using System.Diagnostics;
using System.Threading.Channels;

namespace RustFs.Kms.PowerShell;

/// <summary>How the work on one connection ended.</summary>
internal readonly record struct FanOutEnd(KmsConnection Connection, TimeSpan Duration, Exception? Failure);

/// <summary>
/// Works on several connections at once and hands what they yield to the calling thread, because only the pipeline thread may
/// write. The usual single connection is read directly, without a thread or a channel.
/// </summary>
/// <typeparam name="T">What the connections yield.</typeparam>
internal sealed class FanOut<T>
{
    private const int BatchSize = 256;
    private const int BatchesAhead = 16;

    /// <summary>What to do on each connection.</summary>
    internal required Func<KmsConnection, CancellationToken, IAsyncEnumerable<T>> Work { get; init; }

    /// <summary>Takes each item, on the calling thread; false when no more are wanted, from any connection.</summary>
    internal required Func<KmsConnection, T, bool> OnItem { get; init; }

    /// <summary>
    /// Takes each connection's end, on the calling thread. Of several, those that <see cref="OnItem"/> cut short have none.
    /// </summary>
    internal required Action<FanOutEnd> OnEnd { get; init; }

    /// <summary>On how many connections to work at the same time.</summary>
    internal required int ThrottleLimit { get; init; }

    /// <summary>Works on the connections until all have ended, or no more is wanted.</summary>
    internal void Run(IReadOnlyList<KmsConnection> connections, CancellationToken stop)
    {
        if (connections.Count == 1)
        {
            RunDirect(connections[0], stop);
        }
        else if (connections.Count > 1)
        {
            RunMerged(connections, stop);
        }
    }

    private void RunDirect(KmsConnection connection, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        IAsyncEnumerator<T>? items = null;
        Exception? failure = null;
        try
        {
            // What OnItem throws is the pipeline's business; only the work itself fails the connection.
            while (TryMoveNext(connection, ref items, ref failure, stop))
            {
                if (!OnItem(connection, items!.Current))
                {
                    break;
                }
            }
        }
        finally
        {
            items?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        OnEnd(new FanOutEnd(connection, Stopwatch.GetElapsedTime(start), failure));
    }

    private bool TryMoveNext(KmsConnection connection, ref IAsyncEnumerator<T>? items, ref Exception? failure, CancellationToken stop)
    {
        try
        {
            items ??= Work(connection, stop).GetAsyncEnumerator(stop);
            ValueTask<bool> next = items.MoveNextAsync();
            return next.IsCompletedSuccessfully ? next.Result : next.AsTask().GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            failure = exception; // OnEnd makes the error record of it
            return false;
        }
    }

    private void RunMerged(IReadOnlyList<KmsConnection> connections, CancellationToken stop)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var slots = new SemaphoreSlim(ThrottleLimit);
        var channel = Channel.CreateBounded<Message>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true });
        Task all = PumpAllAsync(connections, channel.Writer, slots, cancel.Token);
        try
        {
            while (channel.Reader.WaitToReadAsync(stop).AsTask().GetAwaiter().GetResult())
            {
                while (channel.Reader.TryRead(out Message? message))
                {
                    if (!Deliver(message))
                    {
                        return;
                    }
                }
            }
        }
        finally
        {
            cancel.Cancel();
            all.GetAwaiter().GetResult();
        }
    }

    private bool Deliver(Message message)
    {
        foreach (T item in message.Items)
        {
            if (!OnItem(message.Connection, item))
            {
                return false;
            }
        }

        if (message.End is FanOutEnd end)
        {
            OnEnd(end);
        }

        return true;
    }

    private async Task PumpAllAsync(
        IReadOnlyList<KmsConnection> connections, ChannelWriter<Message> writer, SemaphoreSlim slots, CancellationToken token)
    {
        try
        {
            IEnumerable<Task> pumps = connections.Select(
                connection => Task.Run(() => PumpAsync(connection, writer, slots, token), CancellationToken.None));
            await Task.WhenAll(pumps).ConfigureAwait(false);
        }
        catch (Exception) when (token.IsCancellationRequested)
        {
            // Nobody reads any more: the pipeline was stopped, or has what it wanted.
        }
        finally
        {
            writer.Complete();
        }
    }

    private async Task PumpAsync(KmsConnection connection, ChannelWriter<Message> writer, SemaphoreSlim slots, CancellationToken token)
    {
        await slots.WaitAsync(token).ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        Exception? failure = null;
        try
        {
            await PumpItemsAsync(connection, writer, token).ConfigureAwait(false);
        }
        catch (Exception exception) when (!token.IsCancellationRequested)
        {
            failure = exception;
        }
        finally
        {
            slots.Release();
        }

        var end = new FanOutEnd(connection, Stopwatch.GetElapsedTime(start), failure);
        await writer.WriteAsync(new Message(connection, [], end), token).ConfigureAwait(false);
    }

    /// <summary>Sends what is there at once as one batch, so that the output of two connections does not alternate item by item.</summary>
    private async Task PumpItemsAsync(KmsConnection connection, ChannelWriter<Message> writer, CancellationToken token)
    {
        var batch = new List<T>();
        IAsyncEnumerator<T> items = Work(connection, token).GetAsyncEnumerator(token);
        await using (items.ConfigureAwait(false))
        {
            try
            {
                while (true)
                {
                    Task<bool> next = items.MoveNextAsync().AsTask();
                    if (batch.Count == BatchSize || (batch.Count > 0 && !next.IsCompleted))
                    {
                        // Both to their end, whatever happens: an enumerator is not disposed while it moves.
                        var message = new Message(connection, batch, null);
                        batch = [];
                        await Task.WhenAll(next, writer.WriteAsync(message, token).AsTask()).ConfigureAwait(false);
                    }

                    if (!await next.ConfigureAwait(false))
                    {
                        break;
                    }

                    batch.Add(items.Current);
                }
            }
            finally
            {
                if (batch.Count > 0 && !token.IsCancellationRequested)
                {
                    await writer.WriteAsync(new Message(connection, batch, null), token).ConfigureAwait(false);
                }
            }
        }
    }

    private sealed record Message(KmsConnection Connection, List<T> Items, FanOutEnd? End);
}
