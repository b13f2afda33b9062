using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes the wraps of the protected file that the command line names, by their numbers.</summary>
public sealed class EnvelopeWrapCompleter : IArgumentCompleter
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return [.. WrapsOf(fakeBoundParameters).Where(wrap => word.Matches(NumberOf(wrap)) || word.Matches(wrap.ToString())).Select(Offer)];
    }

    private static CompletionResult Offer(KmsEnvelopeWrap wrap)
    {
        string text = DisplayText.Neutralize(wrap.ToString());
        return new CompletionResult(NumberOf(wrap), $"{NumberOf(wrap)} {text}", CompletionResultType.ParameterValue, text);
    }

    private static string NumberOf(KmsEnvelopeWrap wrap) => wrap.Number.ToString(CultureInfo.InvariantCulture);

    private static IReadOnlyList<KmsEnvelopeWrap> WrapsOf(IDictionary? boundParameters)
    {
        object? named = boundParameters?[nameof(KmsFileCmdlet.LiteralPath)] ?? boundParameters?[nameof(KmsFileCmdlet.Path)];
        if (CompletionQuery.PathOf(LanguagePrimitives.GetEnumerable(named)?.Cast<object?>().FirstOrDefault() ?? named) is not string path)
        {
            return [];
        }

        try
        {
            using var timeout = new CancellationTokenSource(s_patience);
            return KmsBackends.ReadEnvelopeAsync(path, timeout.Token).WaitAsync(timeout.Token).GetAwaiter().GetResult().Wraps;
        }
        catch (Exception exception) when (exception is KmsException or OperationCanceledException)
        {
            // Pressing Tab must never fail or hang; what is wrong with the file belongs to the cmdlet.
            return [];
        }
    }
}
