using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Completes the names of bundles: those of the connection that the command line names, or of the default one, where they can be seen
/// from here. Where the bundle is a folder of one's own, its path.
/// </summary>
public sealed class BundleCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        bool isPath = fakeBoundParameters?.Contains(nameof(KmsRestoreCmdlet.KeyDirectory)) == true
            || commandName.Contains("DataKey", StringComparison.OrdinalIgnoreCase);
        if (isPath)
        {
            return CompletionCompleters.CompleteFilename(wordToComplete);
        }

        var word = new CompletionWord(wordToComplete);
        return
        [
            .. CompletionQuery.Find<string>(fakeBoundParameters, ListAsync)
                .Where(word.Matches)
                .Select(bundle => CompletionWord.Result(bundle, bundle)),
        ];
    }

    private static async Task ListAsync(IKmsBackend backend, List<string> found, CancellationToken token)
    {
        if (backend.Kind == KmsBackendKind.Local)
        {
            found.AddRange((await backend.GetBackupStatusAsync(token).ConfigureAwait(false)).Bundles ?? []);
        }
    }
}
