using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Completes key ids from the connection that the command line names, or from the default one: those that the command can do
/// anything with.
/// </summary>
public sealed class KeyIdCompleter : IArgumentCompleter
{
    private const int MaximumResults = 1000;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        bool IsWanted(KmsKey key) => Offers(commandName, key) && word.Matches(key.KeyId);
        return
        [
            .. CompletionQuery.Find<KmsKey>(fakeBoundParameters, (backend, found, token) => ListAsync(backend, IsWanted, found, token))
                .Select(key => CompletionWord.Result(key.KeyId, ToolTip(key))),
        ];
    }

    private static async Task ListAsync(IKmsBackend backend, Func<KmsKey, bool> wanted, List<KmsKey> found, CancellationToken token)
    {
        await foreach (KmsKey key in backend.ListKeysAsync(new KmsKeyQuery(), token).ConfigureAwait(false))
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

    /// <summary>Whether the command can do anything with the key; whoever knows better can still type its id.</summary>
    private static bool Offers(string commandName, KmsKey key) => PlainName(commandName) switch
    {
        "UNDO-KMSKEYREMOVAL" => key.State == KmsKeyState.PendingDeletion,
        "ENABLE-KMSKEY" => key.State == KmsKeyState.Disabled,
        "DISABLE-KMSKEY" or "NEW-KMSDATAKEY" or "UPDATE-KMSDATAKEY" or "INVOKE-KMSKEYROTATION" or "PROTECT-KMSFILE" or "UPDATE-KMSENVELOPE" =>
            key.State == KmsKeyState.Enabled,
        "SET-KMSKEY" or "ADD-KMSKEYTAG" or "REMOVE-KMSKEYTAG" => key.IsReadable,
        _ => true,
    };

    /// <summary>The command's name without a module's in front, whichever of its two names it was called by.</summary>
    private static string PlainName(string commandName) =>
        commandName.Split('\\')[^1].Replace("-RustFs", "-", StringComparison.OrdinalIgnoreCase).ToUpperInvariant();

    private static string ToolTip(KmsKey key) => $"{KmsView.State(key)} {KmsView.Summary(key)}".TrimEnd();
}
