using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes the names of open connections.</summary>
public sealed class ConnectionNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return
        [
            .. ConnectionState.Current.All
                .Where(connection => word.Matches(connection.Name))
                .OrderBy(connection => connection.Name, StringComparer.OrdinalIgnoreCase)
                .Select(connection => CompletionWord.Result(connection.Name, $"{connection.Kind} {connection.Location}")),
        ];
    }
}
