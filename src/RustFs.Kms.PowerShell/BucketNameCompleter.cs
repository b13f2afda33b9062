using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes the names of the buckets of the connection that the command line names, or of the default one.</summary>
public sealed class BucketNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return
        [
            .. CompletionQuery.Find<string>(fakeBoundParameters, ListAsync)
                .Where(bucket => bucket.Length > 0 && word.Matches(bucket))
                .Order(StringComparer.Ordinal)
                .Select(bucket => CompletionWord.Result(bucket, bucket)),
        ];
    }

    private static async Task ListAsync(IKmsBackend backend, List<string> found, CancellationToken token)
    {
        if (backend is IKmsBuckets buckets)
        {
            found.AddRange(await buckets.ListBucketsAsync(token).ConfigureAwait(false));
        }
    }
}
