using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Completes key ids from the connection that the command line names, or from the default one. Gives up silently and early:
/// pressing Tab must never fail or hang.
/// </summary>
public sealed class KeyIdCompleter : IArgumentCompleter
{
    private const int MaximumResults = 1000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return [.. Find(commandName, word, fakeBoundParameters).Select(key => CompletionWord.Result(key.KeyId, ToolTip(key)))];
    }

    private static List<KmsKey> Find(string commandName, CompletionWord word, IDictionary fakeBoundParameters)
    {
        var found = new List<KmsKey>();
        try
        {
            KmsConnection? connection = fakeBoundParameters?[nameof(KmsCmdlet.Connection)] is object named
                ? FirstOf(named)
                : ConnectionState.Current.Default;
            if (connection is null)
            {
                return found;
            }

            using var timeout = new CancellationTokenSource(s_patience);
            bool IsWanted(KmsKey key) => Offers(commandName, key) && word.Matches(key.KeyId);
            Task listing = Task.Run(() => ListAsync(connection, IsWanted, found, timeout.Token));

            // A backend that does not look at its token in time is left behind; nothing reads the list after that.
            return listing.Wait(s_patience + s_grace) ? found : [];
        }
        catch (Exception exception) when (exception is AggregateException or KmsException or InvalidOperationException)
        {
            // What a broken connection has to say belongs to the cmdlet; what was found until then is still right.
            return found;
        }
    }

    private static async Task ListAsync(KmsConnection connection, Func<KmsKey, bool> wanted, List<KmsKey> found, CancellationToken token)
    {
        try
        {
            await foreach (KmsKey key in connection.Backend.ListKeysAsync(new KmsKeyQuery(), token).ConfigureAwait(false))
            {
                if (wanted(key))
                {
                    found.Add(key);
                }

                if (found.Count == MaximumResults)
                {
                    break;
                }
            }
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

    /// <summary>Whether the command can do anything with the key; whoever knows better can still type its id.</summary>
    private static bool Offers(string commandName, KmsKey key) => PlainName(commandName) switch
    {
        "UNDO-KMSKEYREMOVAL" => key.State == KmsKeyState.PendingDeletion,
        "ENABLE-KMSKEY" => key.State == KmsKeyState.Disabled,
        "DISABLE-KMSKEY" or "NEW-KMSDATAKEY" or "UPDATE-KMSDATAKEY" or "INVOKE-KMSKEYROTATION" => key.State == KmsKeyState.Enabled,
        "SET-KMSKEY" or "ADD-KMSKEYTAG" or "REMOVE-KMSKEYTAG" => key.IsReadable,
        _ => true,
    };

    /// <summary>The command's name without a module's in front, whichever of its two names it was called by.</summary>
    private static string PlainName(string commandName) =>
        commandName.Split('\\')[^1].Replace("-RustFs", "-", StringComparison.OrdinalIgnoreCase).ToUpperInvariant();

    private static string ToolTip(KmsKey key) => $"{KmsView.State(key)} {KmsView.Summary(key)}".TrimEnd();
}
