using System.Globalization;

namespace RustFs.Kms.PowerShell;

/// <summary>The texts of health checks and of what they report to CI.</summary>
internal static partial class Strings
{
    internal const string WayNotReached = "it was not reached on the way to the server";
    internal const string PlainHttpHere = "the server is on this machine and speaks plain HTTP, which leaves nothing to encrypt";
    internal const string BackendUnhealthy = "The KMS runs, but its backend does not answer as it should.";
    internal const string HealthNotTold = "the server does not tell whether its backend is healthy";
    internal const string ClusterNotTold = "the server tells nothing of other nodes";
    internal const string CacheOff = "the cache is switched off";
    internal const string CacheNotTold = "the server does not tell how its cache does";
    internal const string NoDefaultKey = "The KMS has no default key: a request that names none is refused.";
    internal const string NoDataKeys = "The backend makes no data keys for its clients.";
    internal const string NoUsableKey = "there is no enabled key to make a data key with";
    internal const string NoSmokeBucket = "no bucket was named, and it would write there";
    internal const string SmokeWrites = "it would put an object, and -WhatIf was given";
    internal const string SmokeDiffers = "What came back is not what was put.";
    internal const string NoAnswerInTime = "there was no answer in time";
    internal const string NothingToExamine = "No connection came in, so nothing was examined.";
    internal const string ExaminationBroken = "The examination broke off with an error, which was written beside this row.";
    internal const string SeeConnections = "See what is open: Get-KmsConnection";
    internal const string SeeLastError = "Look at the error: $Error[0].Exception.ToString()";
    internal const string SmokeNothingPut = "Nothing was put.";
    internal const string ConnectAgain = "Connect again: Connect-Kms -Endpoint '<address>' -Credential '<access key>'";
    internal const string NoCiAgent = "This is no job of GitHub Actions (GITHUB_ACTIONS=true) or Azure Pipelines (TF_BUILD=True): nothing is reported to CI.";

    internal const string SeeSettings = "See which settings there are: Get-Command Set-KmsConfiguration -Syntax";
    internal const string SecretInOpenFile = "The file holds this secret in clear, and others than its owner can read it.";
    internal const string SecretInFile = "The file holds this secret in clear.";

    internal static string CloseFile(string path) => $"Take the file from everybody but its owner, or take the secret out of it: chmod 600 {Literal(path)}";

    internal static string SecretElsewhere(string setting) => setting == nameof(KmsConfigurationRequest.MasterKey)
        ? "Keep it elsewhere, and give it with -MasterKey, which wins over the file."
        : "Keep it elsewhere, and give it with -Token or -SecretId, which win over the file.";

    internal static string ConfigurationVerdict(int settings, int errors, KmsApiGeneration generation) => string.Create(
        CultureInfo.InvariantCulture,
        $"{settings} settings; {(errors == 0 ? $"nothing in them that a server of the {generation} generation would refuse." : $"{errors} error(s) keep it from being used.")}");

    internal static string DataFileDamaged(string path, int line, int column) =>
        string.Create(CultureInfo.InvariantCulture, $"The file {Name(path)} is no PowerShell data file: see line {line}, column {column}.");

    internal static string NotADataFile(string path) => $"The file {Name(path)} is not one hashtable of constants, as a PowerShell data file is.";

    internal static string NotChecked(string because) => $"Not checked, because {because}.";

    /// <summary>A sentence as the clause that follows "because": without its full stop, and without a capital that is no name's.</summary>
    internal static string Clause(string sentence)
    {
        string word = sentence.Split(' ', 2)[0];
        bool isName = word is "Vault" || word.Length == 0 || !char.IsAsciiLetterUpper(word[0]) || !word.Skip(1).All(char.IsAsciiLetterLower);
        return (isName ? sentence : char.ToLowerInvariant(sentence[0]) + sentence[1..]).TrimEnd('.');
    }

    internal static string DemandUnused(string parameter, IEnumerable<KmsHealthCheckName> checks) =>
        $"-{parameter} is not used: -Check leaves out {string.Join(", ", checks)}.";

    internal static string NotForDirectories(KmsHealthCheckName check) => $"a key directory has nothing that {check} could look at";

    internal static string ConnectionClosed(string connection) => $"The connection {Name(connection)} was closed.";

    internal static string LacksPermission(string permission, KmsException exception) =>
        $"the credential lacks {permission}: {Because(exception)}";

    /// <summary>A text, and what follows it, if anything does.</summary>
    internal static string Followed(string text, string more) => more.Length == 0 ? text : $"{Sentence(text)} {more}";

    /// <summary>A text that another sentence follows: with its full stop, also when a server left it out.</summary>
    internal static string Sentence(string text) => text.Length == 0 || text[^1] is '.' or '!' or '?' ? text : text + ".";

    internal static string Because(KmsException exception) => WithRequestId(exception).TrimEnd('.');

    internal static string WithRequestId(KmsException exception) =>
        exception.RequestId is string request && !exception.Message.Contains(request, StringComparison.Ordinal)
            ? exception.Message + RequestId(request)
            : exception.Message;

    internal static string StateIs(KmsStatus status) =>
        status.State == "Running" ? "The KMS runs." : $"The KMS is {status.State}{(status.Problem is null ? "." : $": {status.Problem}")}";

    internal static string ConfiguredFor(KmsStatus status) => $"The KMS is configured for {status.Backend ?? "a backend that it does not name"}.";

    internal static string BackendHealthy(KmsStatus status) => status.Kind == KmsBackendKind.Local
        ? $"The key directory can be used. Protection: {status.Protection}."
        : $"The {status.Backend} backend answers as it should.";

    internal static string NodesAgree(int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{(count == 1 ? "The one node runs" : $"All {count} nodes run")} the same configuration.");

    internal static string NodesSilent(IReadOnlyList<KmsClusterNode> nodes) =>
        $"The nodes that answered agree. Not asked: {Listed(nodes.Where(node => node.Error is not null).Select(node => $"{node.Host} ({node.Error})"))}.";

    internal static string NodesDisagree(IReadOnlyList<KmsClusterNode> nodes) =>
        "The nodes do not all run the same configuration: " +
        $"{Listed(nodes.Select(node => $"{node.Host} {node.Error ?? Fingerprint(node.ConfigurationFingerprint)}"))}.";

    internal static string FewLookups(long lookups) =>
        lookups == 0 ? "nothing was asked of the cache yet" : $"{Count(lookups, "lookup")} {(lookups == 1 ? "tells" : "tell")} too little";

    internal static string CacheHitRatio(double ratio, long lookups, long? evictions) => string.Create(
        CultureInfo.InvariantCulture,
        $"{ratio * 100:0.#}% of {lookups} lookups found what they asked for{(evictions > 0 ? $"; {evictions} entries were dropped for want of room" : string.Empty)}.");

    internal static string DefaultKeyUsable(string keyId) => $"The default key {Name(keyId)} is enabled.";

    internal static string DefaultKeyNotUsable(string keyId, string? reason) => $"The default key {Name(keyId)} cannot be used: {reason}";

    internal static string NoDamagedKeys(long count) => count switch
    {
        0 => "There is no key record.",
        1 => "1 key record, which is not damaged.",
        _ => $"{Count(count, "key record")}, none of them damaged.",
    };

    internal static string DamagedKeys(IReadOnlyList<KmsKey> damaged, long count) => string.Create(
        CultureInfo.InvariantCulture, $"{damaged.Count} of {count} key records cannot be used: {First(damaged.Select(key => $"{Name(key.KeyId)} ({key.Fault})"))}.");

    internal static string NoDeletionSoon(int pending, int days) => pending == 0
        ? "No key's deletion is scheduled."
        : $"{Count(pending, "key")} will be destroyed, {(pending == 1 ? "not" : "none of them")} within {Count(days, "day")}.";

    internal static string DeletionsSoon(IReadOnlyList<KmsKey> keys, int days) =>
        $"{Count(keys.Count, "key")} will be destroyed within {Count(days, "day")}: " +
        $"{First(keys.Select(key => $"{Name(key.KeyId)} ({(key.DeletionDate is null ? "no date" : KmsView.Time(key.DeletionDate))})"))}.";

    internal static string RoundTripMade(string keyId) => $"A data key of {Name(keyId)} was made and opened again.";

    internal static string DataKeyMade(string keyId) =>
        $"A data key of {Name(keyId)} was made. Servers open none for their clients; the smoke test (-BucketName) goes all the way.";

    internal static string SmokePassed(int length) =>
        string.Create(CultureInfo.InvariantCulture, $"An object of {length} bytes was put, encrypted, and read back unchanged.");

    internal static string SmokeNotEncrypted(string? asked, string? got) =>
        $"The object was to be encrypted with {asked ?? "a customer's key"}; the server says {(got is null ? "that it is not encrypted" : Name(got))}.";

    internal static string SmokeCutShort(int got, int length) =>
        string.Create(CultureInfo.InvariantCulture, $"The download was cut short: {got} of {length} bytes came back.");

    internal static string SmokeRemoved(KmsObjectAddress address) => $"The object {Name(address.ToString())} was removed.";

    internal static string SmokeNotThere(KmsObjectAddress address) => $"The object {Name(address.ToString())} is not there.";

    internal static string SmokeVersionLeft(KmsObjectAddress address) =>
        $"The bucket keeps versions, and one of the object {Name(address.ToString())} may be LEFT BEHIND: the server did not say which it stored.";

    internal static string RemoveVersion(KmsObjectAddress address) =>
        "See which versions there are, and remove each with aws s3api delete-object --version-id: " +
        $"aws s3api list-object-versions --bucket {Literal(address.BucketName)} --prefix {Literal(address.Key)}";

    internal static string SmokeLeftBehind(KmsObjectAddress address, string reason) =>
        $"The object {Name(address.ToString())} may be LEFT BEHIND: it could not be removed ({reason.TrimEnd('.')}).";

    internal static string RemoveLeftover(KmsObjectAddress address) =>
        $"Remove the object: aws s3api delete-object --bucket {Literal(address.BucketName)} --key {Literal(address.Key)}" +
        (address.VersionId is null ? string.Empty : $" --version-id {Literal(address.VersionId)}");

    /// <summary>What failed, one line for each, of parts that are safe to print.</summary>
    internal static string Unhealthy(IReadOnlyList<KmsHealthCheck> failed)
    {
        const int Most = 25;
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"The KMS is not healthy: {failed.Count} {(failed.Count == 1 ? "check" : "checks")} failed{(failed.Count > Most ? $", of which {Most} are shown" : string.Empty)}.");
        return string.Join(Environment.NewLine, failed.Take(Most).Select(check => $"- {Line(check)}").Prepend(head));
    }

    /// <summary>A check in one line.</summary>
    internal static string Line(KmsHealthCheck check) =>
        $"[{DisplayText.Neutralize(check.Connection)}] {check.Check}: {AnnotationText(check)}";

    internal static string AnnotationTitle(KmsHealthCheck check) =>
        $"KMS {DisplayText.Neutralize(check.Connection)}: {check.Check} {(check.Result == KmsCheckResult.NotChecked ? "was not checked" : check.Result == KmsCheckResult.Warning ? "deserves a look" : "failed")}";

    internal static string AnnotationText(KmsHealthCheck check) =>
        Followed(DisplayText.Neutralize(check.Evidence), DisplayText.Neutralize(check.Recommendation));

    internal static string SummaryUnwritable(string path, string reason) =>
        $"The step summary could not be written to {Name(path)}: {DisplayText.Neutralize(reason)}";

    internal static string NotMasked(int count) => string.Create(
        CultureInfo.InvariantCulture,
        $"{count} {(count == 1 ? "value or line of a value is" : "values or lines of values are")} shorter than {CiMask.MinimumLength} characters, and not masked: " +
        $"half the log would be. Use longer secrets.");

    internal static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? string.Empty : "s")}");

    private static string Fingerprint(string? fingerprint) => fingerprint is null ? "no configuration" : DisplayText.Shorten(fingerprint, 12);

    private static string First(IEnumerable<string> texts)
    {
        const int Most = 5;
        string[] all = [.. texts];
        return string.Join(", ", all.Take(Most)) + (all.Length > Most ? string.Create(CultureInfo.InvariantCulture, $" and {all.Length - Most} more") : string.Empty);
    }
}
