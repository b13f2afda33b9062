using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes the names of the profiles in the AWS shared files, or in the file that the command line names.</summary>
public sealed class ProfileNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        object? given = fakeBoundParameters?[nameof(KmsEndpointCmdlet.ProfileLocation)];
        string? file = CompletionQuery.PathOf(given);
        return given is not null && file is null
            ? []
            :
            [
                .. CompletionQuery.Read(() => KmsBackends.ListAwsProfiles(file))
                    .Where(word.Matches)
                    .Order(StringComparer.Ordinal)
                    .Select(profile => CompletionWord.Result(profile, profile)),
            ];
    }
}
