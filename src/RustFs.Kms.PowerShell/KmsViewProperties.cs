using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The hidden properties of RustFs.Kms.Types.ps1xml, which the views show: one method for each, in the form that PowerShell wants of
/// them. Everything that others wrote is made safe to print. What a job or a file gave back has the properties, and not the types.
/// </summary>
public static partial class KmsViewProperties
{
    private const int WrapNameWidth = 28;

    /// <summary>The access key of an emulator; never its secret.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string AccessKey(PSObject? item) => KmsView.Text((item?.BaseObject as KmsEmulator)?.Credential.UserName);

    /// <summary>The address.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Address(PSObject? item) => Text(item, nameof(Address));

    /// <summary>The algorithm.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Algorithm(PSObject? item) => Text(item, nameof(Algorithm));

    /// <summary>The algorithm text.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string AlgorithmText(PSObject? item) => Text(item, nameof(AlgorithmText));

    /// <summary>The auth method.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string AuthMethod(PSObject? item) => Text(item, nameof(AuthMethod));

    /// <summary>The KMS backend.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Backend(PSObject? item) => Text(item, nameof(Backend));

    /// <summary>The backend text.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string BackendText(PSObject? item) => Text(item, nameof(BackendText));

    /// <summary>The backup id.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string BackupId(PSObject? item) => Text(item, nameof(BackupId));

    /// <summary>The backup root.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string BackupRoot(PSObject? item) => Text(item, nameof(BackupRoot));

    /// <summary>The blockers.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Blockers(PSObject? item) => KmsView.List(Value<IEnumerable<string>>(item, nameof(Blockers)));

    /// <summary>The bucket name.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string BucketName(PSObject? item) => Text(item, nameof(BucketName));

    /// <summary>The bundle.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Bundle(PSObject? item) => Text(item, nameof(Bundle));

    /// <summary>The names of the bundles.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Bundles(PSObject? item) => KmsView.List(Value<IEnumerable>(item, nameof(Bundles))?.Cast<object>().Select(name => $"{name}"));

    /// <summary>The names of what the backend can do.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Capabilities(PSObject? item) => KmsView.Capabilities(Value<object>(item, nameof(Capabilities)));

    /// <summary>The cause.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Cause(PSObject? item) => Text(item, nameof(Cause));

    /// <summary>What was checked.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Check(PSObject? item) => Text(item, nameof(Check));

    /// <summary>The start of a blob's Base64 form and its length.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string CiphertextBlob(PSObject? item) => KmsView.Blob(Value<byte[]>(item, nameof(CiphertextBlob)));

    /// <summary>The nodes of the cluster.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string ClusterNodes(PSObject? item) =>
        KmsView.List((item?.BaseObject as KmsStatus)?.ClusterNodes.Select(node => node.Error is null ? node.Host : $"{node.Host} ({node.Error})"));

    /// <summary>The completeness.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Completeness(PSObject? item) => Text(item, nameof(Completeness));

    /// <summary>The fingerprint of a node's configuration.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string ConfigurationFingerprint(PSObject? item) => Text(item, nameof(ConfigurationFingerprint));

    /// <summary>The conflicts.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Conflicts(PSObject? item) => KmsView.List(Value<IEnumerable<string>>(item, nameof(Conflicts)));

    /// <summary>The connection's name.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Connection(PSObject? item) => Text(item, nameof(Connection));

    /// <summary>When it was made.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string CreatedAt(PSObject? item) => Time(item, nameof(CreatedAt));

    /// <summary>Who made the key.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string CreatedBy(PSObject? item) => Text(item, nameof(CreatedBy));

    /// <summary>The day on which it was made.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string CreatedDay(PSObject? item) => KmsView.Day(Moment(item, nameof(CreatedAt)));

    /// <summary>The default key id.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string DefaultKeyId(PSObject? item) => Text(item, nameof(DefaultKeyId));

    /// <summary>When the key will be destroyed.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string DeletionDate(PSObject? item) => Time(item, nameof(DeletionDate));

    /// <summary>The files that were deleted.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Deleted(PSObject? item) => KmsView.List(Value<IEnumerable<string>>(item, nameof(Deleted)));

    /// <summary>The deployment identity.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string DeploymentIdentity(PSObject? item) => Text(item, nameof(DeploymentIdentity));

    /// <summary>The description.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Description(PSObject? item) => Text(item, nameof(Description));

    /// <summary>The file that was made.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Destination(PSObject? item) => Text(item, nameof(Destination));

    /// <summary>The detail.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Detail(PSObject? item) => Text(item, nameof(Detail));

    /// <summary>A dry run, key by key.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Differences(PSObject? item) => KmsView.Differences((item?.BaseObject as KmsRestorePlan)?.Differences);

    /// <summary>The encryption context.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string EncryptionContext(PSObject? item) => Map(item, nameof(EncryptionContext));

    /// <summary>What is in a bundle.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Entries(PSObject? item) =>
        string.Join(Environment.NewLine, Value<IEnumerable>(item, nameof(Entries))?.Cast<object>().Select(KmsView.Text) ?? []);

    /// <summary>The error.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Error(PSObject? item) => Text(item, nameof(Error));

    /// <summary>The error's id or code.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string ErrorId(PSObject? item) => Text(item, nameof(ErrorId));

    /// <summary>The endpoint.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Endpoint(PSObject? item) => Text(item, nameof(Endpoint));

    /// <summary>The endpoint url.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string EndpointUrl(PSObject? item) => Text(item, nameof(EndpointUrl));

    /// <summary>The evidence.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Evidence(PSObject? item) => Text(item, nameof(Evidence));

    /// <summary>The explanation.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Explanation(PSObject? item) => Text(item, nameof(Explanation));

    /// <summary>The external mismatches.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string ExternalMismatches(PSObject? item) =>
        KmsView.List(Value<IEnumerable<string>>(item, nameof(ExternalMismatches)));

    /// <summary>What is wrong with the record.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string FaultReason(PSObject? item) => Text(item, nameof(FaultReason));

    /// <summary>The folder of the file that the object is about.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string FileDirectory(PSObject? item) => KmsView.Text(System.IO.Path.GetDirectoryName(FileOf(item)));

    /// <summary>The name of the file that the object is about.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string FileName(PSObject? item) => KmsView.Text(System.IO.Path.GetFileName(FileOf(item)));

    /// <summary>What was seen, and what is probably wrong.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Finding(PSObject? item) => Strings.Followed(Evidence(item), Explanation(item));

    /// <summary>The fingerprint.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Fingerprint(PSObject? item) => Text(item, nameof(Fingerprint));

    /// <summary>Where the KMS was.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Hint(PSObject? item) => Text(item, nameof(Hint));

    /// <summary>The name of a node.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Host(PSObject? item) => Text(item, nameof(Host));

    /// <summary>The id.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Id(PSObject? item) => Text(item, nameof(Id));

    /// <summary>The state in the bundle.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string InBundle(PSObject? item) => Text(item, nameof(InBundle));

    /// <summary>The state in the directory.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string InDirectory(PSObject? item) => Text(item, nameof(InDirectory));

    /// <summary>The kek id.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KekId(PSObject? item) => Text(item, nameof(KekId));

    /// <summary>How many keys were restored.</summary>
    /// <param name="item">The object that is shown.</param>
    public static int KeyCount(PSObject? item) => item?.BaseObject is KmsRestoreResult result ? result.RestoredKeyIds.Count : 0;

    /// <summary>The key directory.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KeyDirectory(PSObject? item) => Text(item, nameof(KeyDirectory));

    /// <summary>The key's id.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KeyId(PSObject? item) => Text(item, nameof(KeyId));

    /// <summary>Where the document is.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Link(PSObject? item) => Text(item, nameof(Link));

    /// <summary>Who manages the key.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KeyManager(PSObject? item) => Text(item, nameof(KeyManager));

    /// <summary>The key path prefix.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KeyPathPrefix(PSObject? item) => Text(item, nameof(KeyPathPrefix));

    /// <summary>The kv mount.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KvMount(PSObject? item) => Text(item, nameof(KvMount));

    /// <summary>The endpoint or the key directory.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Location(PSObject? item) => Text(item, nameof(Location));

    /// <summary>The manifest digest.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string ManifestDigest(PSObject? item) => Text(item, nameof(ManifestDigest));

    /// <summary>What was found.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Message(PSObject? item) => Text(item, nameof(Message));

    /// <summary>The mount path.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string MountPath(PSObject? item) => Text(item, nameof(MountPath));

    /// <summary>Where files were moved to.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string MovedAside(PSObject? item) => KmsView.List(Value<IEnumerable<string>>(item, nameof(MovedAside)));

    /// <summary>The line of a policy.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Policy(PSObject? item) => Text(item, nameof(Policy));

    /// <summary>The commands to run next, one a line.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string NextCommand(PSObject? item) =>
        string.Join(Environment.NewLine, Value<IEnumerable>(item, nameof(NextCommand))?.Cast<object>().Select(KmsView.Text) ?? []);

    /// <summary>The name.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Name(PSObject? item) => Text(item, nameof(Name));

    /// <summary>The namespace.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Namespace(PSObject? item) => Text(item, nameof(Namespace));

    /// <summary>The not scanned.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string NotScanned(PSObject? item) => KmsView.List(Value<IEnumerable<string>>(item, nameof(NotScanned)));

    /// <summary>What stands in the way of a restore.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Obstacles(PSObject? item) =>
        item?.BaseObject is KmsRestorePlan plan
        ? KmsView.List([.. plan.Blockers, .. plan.Conflicts, .. plan.ExternalMismatches])
        : string.Empty;

    /// <summary>When the connection was opened.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string OpenedAt(PSObject? item) => Time(item, nameof(OpenedAt));

    /// <summary>Where the key's material comes from.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Origin(PSObject? item) => Text(item, nameof(Origin));

    /// <summary>What was found, and what was done about it.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Outcome(PSObject? item) => $"{Message(item)} {Repair(item)}".TrimEnd();

    /// <summary>The hash of the payload.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string PayloadSha256(PSObject? item) => Text(item, nameof(PayloadSha256));

    /// <summary>Where the keys are: the directory, the address, the region.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Place(PSObject? item) =>
        item?.BaseObject is KmsConfiguration configuration
        ? KmsView.Text(configuration.KeyDirectory ?? configuration.Address ?? configuration.EndpointUrl ?? configuration.Region ?? configuration.StaticKeyId)
        : string.Empty;

    /// <summary>Whether a data key carries its plaintext; never the plaintext.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Plaintext(PSObject? item) => KmsView.Plaintext(item?.BaseObject as KmsDataKey);

    /// <summary>What is wrong.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Problem(PSObject? item) => Text(item, nameof(Problem));

    /// <summary>How material is protected at rest.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Protection(PSObject? item) => Text(item, nameof(Protection));

    /// <summary>The path of the public half.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string PublicKeyPath(PSObject? item) => Text(item, nameof(PublicKeyPath));

    /// <summary>Why a key cannot be used.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Reason(PSObject? item) => Text(item, nameof(Reason));

    /// <summary>The recipient, or its fingerprint.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Recipient(PSObject? item) => KmsView.Text(item?.Properties[nameof(Recipient)]?.Value?.ToString());

    /// <summary>What to do about it.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Recommendation(PSObject? item) => Text(item, nameof(Recommendation));

    /// <summary>What is missing.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Problems(PSObject? item) => KmsView.Lines(Value<IEnumerable>(item, nameof(Problems)));

    /// <summary>The document and its section.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Reference(PSObject? item) => $"{Text(item, "Document")}: {Text(item, "Section")}";

    /// <summary>The id of the request.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string RequestId(PSObject? item) => Text(item, nameof(RequestId));

    /// <summary>What to do.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Resolution(PSObject? item) => Text(item, nameof(Resolution));

    /// <summary>How it went.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Result(PSObject? item) => Text(item, nameof(Result));

    /// <summary>What should be known about a key that is restored.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Remark(PSObject? item) => Text(item, nameof(Remark));

    /// <summary>What was done about a finding.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Repair(PSObject? item) => Text(item, nameof(Repair));

    /// <summary>What kind of thing names the key.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string ReferenceKind(PSObject? item) => Text(item, nameof(KmsKeyReference.Kind));

    /// <summary>What names the key.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string References(PSObject? item) =>
        KmsView.List((item?.BaseObject as KmsKeyImpact)?.References.Select(reference => reference.ToString()));

    /// <summary>The region.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Region(PSObject? item) => Text(item, nameof(Region));

    /// <summary>The responsibility.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Responsibility(PSObject? item) => Text(item, nameof(Responsibility));

    /// <summary>The restored key ids.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string RestoredKeyIds(PSObject? item) => KmsView.List(Value<IEnumerable<string>>(item, nameof(RestoredKeyIds)));

    /// <summary>When the key was rotated last.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string RotatedAt(PSObject? item) => Time(item, nameof(RotatedAt));

    /// <summary>Why the key should be rotated.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string RotationDueReason(PSObject? item) => Text(item, nameof(RotationDueReason));

    /// <summary>The scanned.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Scanned(PSObject? item) => KmsView.List(Value<IEnumerable<string>>(item, nameof(Scanned)));

    /// <summary>How long it took, in seconds.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Seconds(PSObject? item) =>
        Value<object>(item, nameof(KmsFileResult.Duration)) is TimeSpan duration ? duration.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture) : string.Empty;

    /// <summary>The service state.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string ServiceState(PSObject? item) => Text(item, nameof(ServiceState));

    /// <summary>When the snapshot was taken.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string SnapshotTime(PSObject? item) =>
        Value<object>(item, nameof(KmsBackup.SnapshotGeneration)) is long seconds
        ? KmsView.Time(DateTimeOffset.FromUnixTimeSeconds(seconds))
        : string.Empty;

    /// <summary>The file that was read.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Source(PSObject? item) => Text(item, nameof(Source));

    /// <summary>Where each setting came from.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Sources(PSObject? item) => Map(item, nameof(Sources));

    /// <summary>When it was started.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string StartedAt(PSObject? item) => Time(item, nameof(StartedAt));

    /// <summary>The state; of a key whose record cannot be used, <c>Damaged</c>.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string State(PSObject? item) => KeyOf(item) is KmsKey key ? KmsView.State(key) : Text(item, nameof(State));

    /// <summary>The static key id.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string StaticKeyId(PSObject? item) => Text(item, nameof(StaticKeyId));

    /// <summary>The step.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Step(PSObject? item) => Text(item, nameof(Step));

    /// <summary>The SHA-256 sum.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Sha256(PSObject? item) => Text(item, nameof(Sha256));

    /// <summary>What a check found, about which path, and what to do.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Seen(PSObject? item)
    {
        string path = Text(item, "Path");
        return (path.Length == 0 ? string.Empty : path + ": ") + Strings.Followed(Evidence(item), Recommendation(item));
    }

    /// <summary>What is wrong.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Symptom(PSObject? item) => Text(item, nameof(Symptom));

    /// <summary>What a table says about a key in its last column.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Summary(PSObject? item) => KmsView.Summary(KeyOf(item));

    /// <summary>The tags.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Tags(PSObject? item) => Map(item, nameof(Tags));

    /// <summary>The target deployment identity.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string TargetDeploymentIdentity(PSObject? item) => Text(item, nameof(TargetDeploymentIdentity));

    /// <summary>The target key directory.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string TargetKeyDirectory(PSObject? item) => Text(item, nameof(TargetKeyDirectory));

    /// <summary>The kind as the header spells it.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Type(PSObject? item) => Text(item, nameof(Type));

    /// <summary>The unavailable reason.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string UnavailableReason(PSObject? item) => Text(item, nameof(UnavailableReason));

    /// <summary>What was noticed when a connection was opened.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Warnings(PSObject? item) => KmsView.Lines(Value<IEnumerable>(item, nameof(Warnings)));

    /// <summary>What else a table says about a wrap.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string WrapDetail(PSObject? item) => Value<object>(item, nameof(KmsEnvelopeWrap.MemoryKiB)) is int memory
        ? $"argon2id, {KmsView.Size(memory * 1024L)}"
        : string.Join(' ', new[] { item?.Properties[nameof(Backend)]?.Value?.ToString(), Hint(item), Bracketed(EncryptionContext(item)) }.Where(text => !string.IsNullOrEmpty(text)));

    /// <summary>What a wrap is told by: its key, its recovery key, or an unknown type.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string WrapId(PSObject? item)
    {
        bool isUnknown = item?.Properties[nameof(KmsEnvelopeWrap.Kind)]?.Value?.ToString() == nameof(KmsEnvelopeWrapKind.Unknown);
        return isUnknown ? Type(item) : KeyId(item) + Recipient(item); // it has one of the two, or none
    }

    /// <summary>The wraps of a file in a list, one to a line, with their numbers.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string WrapList(PSObject? item) => string.Join('\n', WrapsOf(item).Select((wrap, index) => $"{index + 1}: {wrap}"));

    /// <summary>The wraps of a file in a table, one to a line that is not broken.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string WrapNames(PSObject? item) =>
        string.Join('\n', WrapsOf(item).Select(wrap => DisplayText.Shorten(wrap, WrapNameWidth)));

    // What was serialized has its wraps as texts, or as objects that have one.
    private static IEnumerable<string> WrapsOf(PSObject? item) =>
        Value<IEnumerable>(item, nameof(KmsEnvelope.Wraps))?.Cast<object>().Select(wrap => KmsView.Text(wrap.ToString())) ?? [];

    private static string Bracketed(string text) => text.Length == 0 ? text : $"[{text}]";

    private static string FileOf(PSObject? item) =>
        Value<string>(item, nameof(KmsFileResult.Destination)) ?? Value<string>(item, nameof(KmsEnvelope.Path)) ?? string.Empty;

    private static string Text(PSObject? item, string property) => KmsView.Text(Value<object>(item, property));

    private static string Time(PSObject? item, string property) => KmsView.Time(Moment(item, property));

    private static string Map(PSObject? item, string property) => KmsView.Map(Value<IDictionary>(item, property));

    // What was serialized has its times as text, or as an object that has only that.
    private static DateTimeOffset? Moment(PSObject? item, string property) => Value<object>(item, property) switch
    {
        null => null,
        DateTimeOffset time => time,
        DateTime time => time,
        object text => DateTimeOffset.TryParse(
            text.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null,
    };

    /// <summary>The key that is shown; of one that was serialized, what its state and summary are made of. Null for anything else.</summary>
    private static KmsKey? KeyOf(PSObject? item)
    {
        if (item is null || item.BaseObject is KmsKey || !item.TypeNames.Contains($"Deserialized.{typeof(KmsKey).FullName}"))
        {
            return item?.BaseObject as KmsKey;
        }

        IDictionary tags = Value<IDictionary>(item, nameof(KmsKey.Tags)) ?? KmsKey.NoTags;
        return new KmsKey
        {
            KeyId = string.Empty,
            State = Enum.TryParse(Raw(nameof(KmsKey.State)), out KmsKeyState state) ? state : KmsKeyState.Unknown,
            StateText = Raw(nameof(KmsKey.StateText)),
            IsReadable = Value<object>(item, nameof(KmsKey.IsReadable)) is not false,
            Fault = Enum.TryParse(Raw(nameof(KmsKey.Fault)), out KmsKeyFault fault) ? fault : KmsKeyFault.None,
            FaultReason = Raw(nameof(KmsKey.FaultReason)),
            DeletionDate = Moment(item, nameof(KmsKey.DeletionDate)),
            Description = Raw(nameof(KmsKey.Description)),
            Tags = tags.Keys.Cast<object>().ToDictionary(name => name.ToString()!, name => tags[name]?.ToString() ?? string.Empty).AsReadOnly(),
        };

        // Not unwrapped: a state that was serialized is a number whose wrapper has the name.
        string? Raw(string property) => item.Properties[property]?.Value?.ToString();
    }

    private static T? Value<T>(PSObject? item, string property)
        where T : class
    {
        object? value = item?.Properties[property]?.Value;
        return (value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value) as T;
    }
}
