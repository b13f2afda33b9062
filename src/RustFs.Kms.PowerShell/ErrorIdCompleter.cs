using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes the ids of errors: ours, and those of servers and SDKs that the table of errors knows.</summary>
public sealed class ErrorIdCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return
        [
            .. ErrorKnowledge.All.Rows
                .SelectMany(row => row.Codes.Select(code => code.ToString()).Concat(row.ServerCodes).Select(id => (Id: id, row.Symptom)))
                .Where(error => word.Matches(error.Id))
                .DistinctBy(error => error.Id, StringComparer.OrdinalIgnoreCase)
                .OrderBy(error => error.Id, StringComparer.Ordinal)
                .Select(error => CompletionWord.Result(error.Id, error.Symptom)),
        ];
    }
}
