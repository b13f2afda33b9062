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
        string? path = LanguagePrimitives.GetEnumerable(named)?.Cast<object?>().FirstOrDefault()?.ToString() ?? named as string;
        if (string.IsNullOrEmpty(path))
        {
            return [];
        }

        try
        {
            // A completer is given no session, and the path is relative to the session's location.
            using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
            SessionState session = shell.AddScript("$ExecutionContext").Invoke<EngineIntrinsics>().Single().SessionState;
            using var timeout = new CancellationTokenSource(s_patience);
            return KmsBackends.ReadEnvelopeAsync(Paths.Resolve(session, path), timeout.Token).WaitAsync(timeout.Token).GetAwaiter().GetResult().Wraps;
        }
        catch (Exception exception) when (exception is KmsException or RuntimeException or OperationCanceledException or InvalidOperationException)
        {
            // Pressing Tab must never fail or hang; what is wrong with the file belongs to the cmdlet.
            return [];
        }
    }
}
