using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Asks a connection for what a completer offers. Gives up silently and early: pressing Tab must never fail or hang.
/// </summary>
internal static class CompletionQuery
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(200);

    /// <summary>What was found in time, on the connection that the command line names, or on the default one.</summary>
    internal static IReadOnlyList<T> Find<T>(IDictionary? boundParameters, Func<IKmsBackend, List<T>, CancellationToken, Task> find)
    {
        var found = new List<T>();
        try
        {
            KmsConnection? connection = boundParameters?[nameof(KmsCmdlet.Connection)] is object named
                ? FirstOf(named)
                : ConnectionState.Current.Default;
            if (connection is null)
            {
                return found;
            }

            using var timeout = new CancellationTokenSource(s_patience);
            Task finding = Task.Run(() => FindAsync(connection.Backend, find, found, timeout.Token));

            // A backend that does not look at its token in time is left behind; nothing reads the list after that.
            return finding.Wait(s_patience + s_grace) ? found : [];
        }
        catch (Exception exception) when (exception is AggregateException or KmsException or InvalidOperationException)
        {
            // What a broken connection has to say belongs to the cmdlet; what was found until then is still right.
            return found;
        }
    }

    /// <summary>What could be read in time; nothing when it could not, or failed.</summary>
    internal static IReadOnlyList<string> Read(Func<IReadOnlyList<string>> read)
    {
        try
        {
            Task<IReadOnlyList<string>> reading = Task.Run(read);
            return reading.Wait(s_patience) ? reading.Result : [];
        }
        catch (AggregateException)
        {
            return []; // what is wrong with it belongs to the cmdlet
        }
    }

    /// <summary>A path that was typed, relative to the session's location, as an absolute one; null when it cannot be one.</summary>
    internal static string? PathOf(object? typed)
    {
        if (typed?.ToString() is not { Length: > 0 } path)
        {
            return null;
        }

        try
        {
            // A completer is given no session.
            using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
            return Paths.Resolve(shell.AddScript("$ExecutionContext").Invoke<EngineIntrinsics>().Single().SessionState, path);
        }
        catch (Exception exception) when (exception is KmsException or RuntimeException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task FindAsync<T>(
        IKmsBackend backend, Func<IKmsBackend, List<T>, CancellationToken, Task> find, List<T> found, CancellationToken token)
    {
        try
        {
            await find(backend, found, token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // What was found in time is better than nothing.
        }
    }

    private static KmsConnection? FirstOf(object named) =>
        (LanguagePrimitives.GetEnumerable(named)?.Cast<object?>() ?? [named])
            .SelectMany(item => ConnectionInput.Resolve(item, _ => { }))
            .FirstOrDefault();
}
