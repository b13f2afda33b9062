using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The hidden properties of RustFs.Kms.Types.ps1xml, which the views show: one method for each, in the form that PowerShell wants of
/// them. Everything that others wrote is made safe to print.
/// </summary>
public static class KmsViewProperties
{
    /// <summary>The algorithm.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Algorithm(PSObject? item) => Text(item, nameof(Algorithm));

    /// <summary>The KMS backend.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Backend(PSObject? item) => Text(item, nameof(Backend));

    /// <summary>The names of what the backend can do.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Capabilities(PSObject? item) => KmsView.Capabilities(Value<KmsCapabilities>(item, nameof(Capabilities)));

    /// <summary>The start of a blob's Base64 form and its length.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string CiphertextBlob(PSObject? item) => KmsView.Blob(Value<byte[]>(item, nameof(CiphertextBlob)));

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
    public static string CreatedDay(PSObject? item) => KmsView.Day(Value<object>(item, nameof(CreatedAt)) as DateTimeOffset?);

    /// <summary>When the key will be destroyed.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string DeletionDate(PSObject? item) => Time(item, nameof(DeletionDate));

    /// <summary>The description.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Description(PSObject? item) => Text(item, nameof(Description));

    /// <summary>The encryption context.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string EncryptionContext(PSObject? item) => Map(item, nameof(EncryptionContext));

    /// <summary>What is wrong with the record.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string FaultReason(PSObject? item) => Text(item, nameof(FaultReason));

    /// <summary>The key directory.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KeyDirectory(PSObject? item) => Text(item, nameof(KeyDirectory));

    /// <summary>The key's id.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string KeyId(PSObject? item) => Text(item, nameof(KeyId));

    /// <summary>The endpoint or the key directory.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Location(PSObject? item) => Text(item, nameof(Location));

    /// <summary>What was found.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Message(PSObject? item) => Text(item, nameof(Message));

    /// <summary>The name.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Name(PSObject? item) => Text(item, nameof(Name));

    /// <summary>When the connection was opened.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string OpenedAt(PSObject? item) => Time(item, nameof(OpenedAt));

    /// <summary>Whether a data key carries its plaintext; never the plaintext.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Plaintext(PSObject? item) => KmsView.Plaintext(item?.BaseObject as KmsDataKey);

    /// <summary>What is wrong.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Problem(PSObject? item) => Text(item, nameof(Problem));

    /// <summary>How material is protected at rest.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Protection(PSObject? item) => Text(item, nameof(Protection));

    /// <summary>Why a key cannot be used.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Reason(PSObject? item) => Text(item, nameof(Reason));

    /// <summary>What to do about it.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Recommendation(PSObject? item) => Text(item, nameof(Recommendation));

    /// <summary>When the key was rotated last.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string RotatedAt(PSObject? item) => Time(item, nameof(RotatedAt));

    /// <summary>Where each setting came from.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Sources(PSObject? item) => Map(item, nameof(Sources));

    /// <summary>The state; of a key whose record cannot be used, <c>Damaged</c>.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string State(PSObject? item) => item?.BaseObject is KmsKey key ? KmsView.State(key) : Text(item, nameof(State));

    /// <summary>What a table says about a key in its last column.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Summary(PSObject? item) => KmsView.Summary(item?.BaseObject as KmsKey);

    /// <summary>The tags.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Tags(PSObject? item) => Map(item, nameof(Tags));

    /// <summary>What was noticed when a connection was opened.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Warnings(PSObject? item) => KmsView.Lines(Value<IEnumerable<string>>(item, nameof(Warnings)));

    private static string Text(PSObject? item, string property) => KmsView.Text(Value<object>(item, property));

    private static string Time(PSObject? item, string property) => KmsView.Time(Value<object>(item, property) as DateTimeOffset?);

    private static string Map(PSObject? item, string property) => KmsView.Map(Value<IDictionary>(item, property));

    private static T? Value<T>(PSObject? item, string property)
        where T : class =>
        (item?.Properties[property]?.Value is PSObject wrapped ? wrapped.BaseObject : item?.Properties[property]?.Value) as T;
}
