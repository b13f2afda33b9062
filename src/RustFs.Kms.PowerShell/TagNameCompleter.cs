using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes the names of the tags that the keys of the command line have, except the one that cannot change.</summary>
public sealed class TagNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return
        [
            .. CompletionQuery
                .Find<KeyValuePair<string, string>>(
                    fakeBoundParameters, (backend, found, token) => ListAsync(backend, KeyIds(fakeBoundParameters), found, token))
                .Where(tag => tag.Key is not ("" or KmsLimits.NameTag) && word.Matches(tag.Key))
                .DistinctBy(tag => tag.Key)
                .OrderBy(tag => tag.Key, StringComparer.Ordinal)
                .Select(tag => CompletionWord.Result(tag.Key, $"{tag.Key}={tag.Value}")),
        ];
    }

    private static async Task ListAsync(
        IKmsBackend backend, string[] keyIds, List<KeyValuePair<string, string>> found, CancellationToken token)
    {
        foreach (string keyId in keyIds)
        {
            token.ThrowIfCancellationRequested();
            KmsKey key = await backend.GetKeyAsync(keyId, token).ConfigureAwait(false);
            found.AddRange(key.Tags);
        }
    }

    private static string[] KeyIds(IDictionary? boundParameters) => boundParameters?[nameof(KmsKeyCmdlet.KeyId)] is object given
        ? [.. (LanguagePrimitives.GetEnumerable(given)?.Cast<object?>() ?? [given]).Select(keyId => keyId?.ToString()).OfType<string>()]
        : [];
}
