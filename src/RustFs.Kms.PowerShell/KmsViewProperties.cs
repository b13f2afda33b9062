using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The hidden properties of RustFs.Kms.Types.ps1xml, which the views show: one method for each, in the form that PowerShell wants of
/// them. Everything that others wrote is made safe to print. What a job or a file gave back has the properties, and not the types.
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
    public static string Capabilities(PSObject? item) => KmsView.Capabilities(Value<object>(item, nameof(Capabilities)));

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
    public static string CreatedDay(PSObject? item) => KmsView.Day(Moment(item, nameof(CreatedAt)));

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
    public static string State(PSObject? item) => KeyOf(item) is KmsKey key ? KmsView.State(key) : Text(item, nameof(State));

    /// <summary>What a table says about a key in its last column.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Summary(PSObject? item) => KmsView.Summary(KeyOf(item));

    /// <summary>The tags.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Tags(PSObject? item) => Map(item, nameof(Tags));

    /// <summary>What was noticed when a connection was opened.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Warnings(PSObject? item) => KmsView.Lines(Value<IEnumerable>(item, nameof(Warnings)));

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
