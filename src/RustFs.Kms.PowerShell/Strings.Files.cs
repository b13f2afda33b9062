using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>The texts about files and their protection.</summary>
internal static partial class Strings
{
    internal const string PassphrasePrompt = "Passphrase";
    internal const string PassphrasePromptAgain = "The same passphrase again";
    internal const string AddedPassphrasePrompt = "Passphrase to add";
    internal const string RecoveryKeyPassphrasePrompt = "Passphrase of the recovery key";
    internal const string PassphraseMissing = "A passphrase is needed, and this session cannot ask for one. Give it with -Passphrase.";
    internal const string AddedPassphraseMissing = "A passphrase is to be added, and this session cannot ask for one. Give it with -AddPassphrase.";

    internal const string RecoveryKeyPassphraseMissing =
        "The recovery key is encrypted, and this session cannot ask for its passphrase. Give it with -RecoveryKeyPassphrase.";

    internal const string PassphraseNotTyped = "No passphrase was typed. Nothing was changed.";
    internal const string PassphrasesDiffer = "The two passphrases that were typed are not the same. Nothing was changed.";

    internal const string NothingToProtectWith =
        "With what? Give a key of a KMS (-KeyId; connect first), a recovery key (-RecoveryRecipient) or a passphrase (-Passphrase, -AskPassphrase); " +
        "several of them are several ways to open the file again.";

    internal const string ServerOnly =
        "A server makes data keys and has no route to open them again: only its key directory would ever open the file. Add another way in: " +
        "a recovery key (-RecoveryRecipient; New-KmsRecoveryKey makes one) or a passphrase (-Passphrase, -AskPassphrase). Or accept it with " +
        "-AllowServerOnlyWrap. Nothing was written.";

    internal const string NoWrapToChange = "Nothing was given that is to change: give -AddKeyId, -AddRecoveryRecipient, -AddPassphrase or -RemoveWrap.";
    internal const string ActionOpenFile = "Open";
    internal const string ActionMakeRecoveryKey = "Make a recovery key";

    internal static string PassphraseGivenAndAsked(string parameter) =>
        $"-{parameter} was given, and the passphrase is to be asked for as well. Give one of them.";

    internal static string PassphraseEmpty(string parameter) => $"The passphrase of -{parameter} is empty.";

    internal static string PassphraseDisposed(string parameter) =>
        $"The secure string of -{parameter} was disposed of, and holds no passphrase any more. Make it anew.";

    internal static string NoKeyToProtectWith(string connection) =>
        $"Which key? Give -KeyId: the KMS behind {Name(connection)} has no default key.";

    internal static string NoRecipient(string type) =>
        $"An object of type {type} is no recovery recipient. Give a file with a public key, its line of Base64, or what New-KmsRecoveryKey outputs.";

    internal static string NameIsPattern(string path) =>
        $"{Name(path)} is there, and its name is a pattern that matches nothing. Give it with -LiteralPath.";

    internal static string NoSuchFolder(string path) => $"There is no folder {Name(path)}.";

    internal static string FileExists(string path) => $"{Name(path)} exists, and was left as it is.";

    internal static string MadeTwice(string source, string destination) =>
        $"{Name(destination)} is the result of another source of this command, and {Name(source)} would replace it. Give them different folders.";

    internal static string OneDestination(string path) =>
        $"{Name(path)} is one file, and there are several sources. Give a folder that exists as -Destination. Nothing was written.";

    internal static string NoName(string source) =>
        $"What {Name(source)} is to be called when it is opened is not known, because its name does not end in {KmsEnvelope.Extension}. Give -Destination.";

    internal static string WithKey(string keyId, KmsConnection connection) => $"KMS key {Name(keyId)} on {Name(connection.Name)}";

    internal static string ProtectAction(IEnumerable<string> ways) => $"Protect with {string.Join(", ", ways)}";

    internal static string MakeAction(string action, string destination, bool replaces, bool removesSource) =>
        $"{action}, as {Name(destination)}{(replaces ? ", in place of the file that is there" : string.Empty)}{(removesSource ? "; then remove the source" : string.Empty)}";

    internal static string Protected(KmsFileResult result) =>
        $"{Name(result.Source)} was protected as {Name(result.Destination)}, with {Listed(result.Wraps.Select(wrap => wrap.ToString()))}{MadeIn(result)}";

    internal static string Opened(KmsFileResult result) =>
        $"{Name(result.Source)} was opened as {Name(result.Destination)}, with {Listed(result.Wraps.Select(wrap => wrap.ToString()))}{MadeIn(result)}";

    internal static string Rewrapped(KmsEnvelope envelope) =>
        $"{Name(envelope.Path)} opens with {Listed(envelope.Wraps.Select(wrap => wrap.ToString()))} now. Its payload is what it was: SHA-256 {envelope.PayloadSha256} before and after.";

    internal static string OtherNamesStay(KmsEnvelope envelope) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name(envelope.Path)} had {envelope.OtherNames} other {(envelope.OtherNames == 1 ? "name" : "names")} (hard links). What is called so has the wraps of before, and opens with them.");

    internal static string OtherNamesStay(KmsFileResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name(result.Source)} had {result.OtherNames} other {(result.OtherNames == 1 ? "name" : "names")} (hard links). What is called so is still there, with the same content.");

    internal static string NoSuchWrap(string selector, KmsEnvelope envelope) =>
        $"{Name(envelope.Path)} has no wrap {Name(selector)}. It has {Listed(envelope.Wraps.Select(Numbered))}. Nothing was changed.";

    internal static string AmbiguousWrap(string selector, KmsEnvelope envelope) =>
        $"{Name(selector)} means several things in {Name(envelope.Path)}, where a key has the name of a number or a kind. It has {Listed(envelope.Wraps.Select(Numbered))}: name the wrap by another of these. Nothing was changed.";

    internal static string UpdateWrapsAction(IReadOnlyList<string> added, IReadOnlyList<KmsEnvelopeWrap> removed) => string.Join("; ", new[]
    {
        added.Count == 0 ? null : $"Add {string.Join(", ", added)}",
        removed.Count == 0 ? null : $"{(added.Count == 0 ? "Remove" : "remove")} {Listed(removed.Select(Numbered))}",
    }.OfType<string>());

    internal static string RecoveryKeyFile(string path, string? publicKeyPath, bool encrypted) =>
        $"{Name(path)}{(encrypted ? string.Empty : ", not encrypted")}{(publicKeyPath is null ? string.Empty : $", and its public half in {Name(publicKeyPath)}")}";

    internal static ProgressRecord Progress(KmsFileProgress progress) => new(0, FileActivity(progress), FileStatus(progress))
    {
        PercentComplete = progress.BytesTotal == 0 ? 100 : (int)(100 * (double)progress.BytesDone / progress.BytesTotal),
        SecondsRemaining = progress.Remaining is TimeSpan remaining ? (int)Math.Min(remaining.TotalSeconds, int.MaxValue) : -1,
    };

    private static string FileActivity(KmsFileProgress progress) => progress.Stage switch
    {
        KmsFileStage.Protecting => "Protecting",
        KmsFileStage.Opening => "Opening",
        KmsFileStage.Copying => "Copying",
        _ => "Reading back and comparing",
    } + $" {Name(Path.GetFileName(progress.Path))}"; // a whole path would push the rate out of a narrow window

    private static string FileStatus(KmsFileProgress progress) =>
        $"{KmsView.Size(progress.BytesDone)} of {KmsView.Size(progress.BytesTotal)}, {KmsView.Size((long)progress.BytesPerSecond)}/s";

    private static string Numbered(KmsEnvelopeWrap wrap) => string.Create(CultureInfo.InvariantCulture, $"{wrap.Number}: {wrap}");

    private static string MadeIn(KmsFileResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"; {KmsView.Size(result.PlaintextLength)}, {result.Duration.TotalMilliseconds:0.0} ms{(result.SourceRemoved ? "; the source was removed" : string.Empty)}");
}
