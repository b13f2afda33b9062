using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RustFs.Kms.Console;

/// <content>This part asks.</content>
internal sealed partial class KmsHostUI
{
    private const string ConfirmAdvice = "To go on without this question, pass -Confirm:$false (or -Force where the command has it).";
    private const string ValueAdvice = "Pass the value as a parameter.";

    private CancellationToken _stopToken;

    /// <summary>Called when a person presses Ctrl+C at a question.</summary>
    internal Action? StopRequested { get; set; }

    /// <summary>The running command's token: a stopped command asks nothing more.</summary>
    internal CancellationToken StopToken
    {
        get => _stopToken;
        set
        {
            _stopToken = value;
            _rawUI.StopToken = value;
        }
    }

    /// <inheritdoc/>
    public override string ReadLine() => ReadLine("a line was to be read", advice: null);

    /// <inheritdoc/>
    public override SecureString ReadLineAsSecureString() => ReadSecret("a secret was to be read", advice: null);

    /// <inheritdoc/>
    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        ArgumentOutOfRangeException.ThrowIfZero(choices.Count, nameof(choices));
        ArgumentOutOfRangeException.ThrowIfLessThan(defaultChoice, -1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(defaultChoice, choices.Count);

        string question = $"it could not ask \"{OneLine(caption, message)}\"";
        RequireAnswers(question, ConfirmAdvice);
        WriteIntroduction(caption, message);
        while (true)
        {
            WriteChoices(choices, defaultChoice);
            string answer = ReadLine(question, ConfirmAdvice).Trim();
            if (answer == "?")
            {
                foreach (ChoiceDescription choice in choices)
                {
                    WriteQuestion($"{HotKey(choice)} - {choice.HelpMessage}", endLine: true);
                }

                continue;
            }

            int picked = answer.Length == 0 ? defaultChoice : IndexOf(choices, answer);
            if (picked >= 0)
            {
                return picked;
            }
        }
    }

    /// <inheritdoc/>
    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName)
        => PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    /// <inheritdoc/>
    public override PSCredential PromptForCredential(
        string caption,
        string message,
        string userName,
        string targetName,
        PSCredentialTypes allowedCredentialTypes,
        PSCredentialUIOptions options)
    {
        string question = $"it could not ask for a credential (\"{OneLine(caption, message)}\")";
        RequireAnswers(question, ValueAdvice);
        WriteIntroduction(caption, message);
        while (string.IsNullOrEmpty(userName))
        {
            WriteQuestion("User: ", endLine: false);
            userName = ReadLine(question, ValueAdvice);
        }

        WriteQuestion($"Password for user {userName}: ", endLine: false);
        SecureString password = ReadSecret(question, ValueAdvice);
        return new PSCredential(string.IsNullOrEmpty(targetName) ? userName : $"{targetName}\\{userName}", password);
    }

    /// <inheritdoc/>
    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        ArgumentOutOfRangeException.ThrowIfZero(descriptions.Count, nameof(descriptions));
        string names = string.Join(", ", descriptions.Select(field => field.Name));
        RequireAnswers($"it could not ask for {names}", ValueAdvice);
        WriteIntroduction(caption, message);
        if (descriptions.Any(field => !string.IsNullOrEmpty(field.HelpMessage)))
        {
            WriteQuestion("(Type !? for Help.)", endLine: true);
        }

        Dictionary<string, PSObject> values = [];
        FieldPrompt prompt = new(this);
        foreach (FieldDescription field in descriptions)
        {
            values.Add(field.Name, PSObject.AsPSObject(prompt.Ask(field)));
        }

        return values;
    }

    private static string OneLine(params string?[] parts)
        => string.Join(' ', parts.Where(part => !string.IsNullOrWhiteSpace(part))).ReplaceLineEndings(" ");

    private static string PlainLabel(ChoiceDescription choice) => choice.Label.Replace("&", string.Empty, StringComparison.Ordinal);

    private static string HotKey(ChoiceDescription choice)
    {
        int mark = choice.Label.IndexOf('&', StringComparison.Ordinal);
        return mark >= 0 && mark + 1 < choice.Label.Length
            ? choice.Label.Substring(mark + 1, 1).ToUpperInvariant()
            : PlainLabel(choice);
    }

    private static int IndexOf(Collection<ChoiceDescription> choices, string answer)
    {
        for (int index = 0; index < choices.Count; index++)
        {
            if (answer.Equals(HotKey(choices[index]), StringComparison.OrdinalIgnoreCase)
                || answer.Equals(PlainLabel(choices[index]), StringComparison.OrdinalIgnoreCase))
            {
                return index;
            }
        }

        return -1;
    }

    private void WriteChoices(Collection<ChoiceDescription> choices, int defaultChoice)
    {
        List<string> parts = [.. choices.Select(choice => $"[{HotKey(choice)}] {PlainLabel(choice)}  ")];
        parts.Add("[?] Help ");
        parts.Add(defaultChoice < 0 ? string.Empty : $"(default is \"{HotKey(choices[defaultChoice])}\"): ");

        // Lines break between choices only, and before the last column.
        int used = 0;
        int width = _terminal.QuestionWidth - 1;
        for (int index = 0; index < parts.Count; index++)
        {
            if (used > 0 && used + CellWidth.Of(parts[index].AsSpan().TrimEnd()) > width)
            {
                WriteQuestion(string.Empty, endLine: true);
                used = 0;
            }

            used += CellWidth.Of(parts[index]);
            bool isDefault = index == defaultChoice && _terminal.Colors;
            WriteQuestion(isDefault ? Colored(ConsoleColor.Yellow, KmsRawUI.DefaultBackground, parts[index]) : parts[index], endLine: false);
        }
    }

    private void WriteIntroduction(string caption, string message)
    {
        int width = _terminal.QuestionWidth - 1;
        if (!string.IsNullOrEmpty(caption))
        {
            WriteQuestion(string.Empty, endLine: true);
            WriteQuestion(CellWidth.Wrap(caption, width), endLine: true);
        }

        if (!string.IsNullOrEmpty(message))
        {
            WriteQuestion(CellWidth.Wrap(message, width), endLine: true);
        }
    }

    /// <summary>Writes the start of a question whose answer follows on the same line.</summary>
    internal void AskFor(string label) => WriteQuestion(label, endLine: false);

    private void WriteQuestion(string value, bool endLine) => Write(_terminal.Questions, value, endLine);

    // Checked before anything is written: half a question in a log would only mislead.
    private IAnswerSource RequireAnswers(string question, string? advice)
        => _terminal.Answers ?? throw NotInteractive.Because(question, advice);

    private string ReadLine(string question, string? advice)
        => Read(source => source.ReadLine(_terminal.Questions, StopToken), question, advice);

    private SecureString ReadSecret(string question, string? advice)
        => Read(source => source.ReadSecret(_terminal.Questions, StopToken), question, advice);

    private T Read<T>(Func<IAnswerSource, T?> read, string question, string? advice)
        where T : class
    {
        IAnswerSource source = RequireAnswers(question, advice);
        ResetProgress();
        try
        {
            return read(source) ?? throw NotInteractive.Because(question, advice);
        }
        catch (OperationCanceledException)
        {
            StopRequested?.Invoke();
            throw new PipelineStoppedException();
        }
        finally
        {
            // Whatever the answer, its echo ended the line.
            IsMidLine = false;
        }
    }
}
