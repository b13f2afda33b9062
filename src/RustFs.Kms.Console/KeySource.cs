namespace RustFs.Kms.Console;

/// <summary>Where key strokes come from.</summary>
internal interface IKeySource
{
    /// <summary>Waits for a key. Throws <see cref="OperationCanceledException"/> when <paramref name="stop"/> is cancelled.</summary>
    ConsoleKeyInfo Read(CancellationToken stop);
}

/// <summary>The keyboard of the terminal. While it is read, Ctrl+C is a key like any other and no signal.</summary>
internal sealed class ConsoleKeySource : IKeySource
{
    // Short enough to feel immediate; Console has no cancellable wait for a key.
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc/>
    public ConsoleKeyInfo Read(CancellationToken stop)
    {
        System.Console.TreatControlCAsInput = true;
        try
        {
            while (!System.Console.KeyAvailable)
            {
                stop.WaitHandle.WaitOne(s_poll);
                stop.ThrowIfCancellationRequested();
            }

            return System.Console.ReadKey(intercept: true);
        }
        finally
        {
            System.Console.TreatControlCAsInput = false;
        }
    }
}
