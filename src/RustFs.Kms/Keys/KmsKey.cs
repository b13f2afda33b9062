using System.Collections.ObjectModel;

namespace RustFs.Kms;

/// <summary>A master key as it is described and listed; never its material.</summary>
public sealed record KmsKey
{
    internal static readonly ReadOnlyDictionary<string, string> NoTags = new(new Dictionary<string, string>());

    /// <summary>The key's id: any text that is one file name without a separator or NUL.</summary>
    public required string KeyId { get; init; }

    /// <summary>Where the key is in its life.</summary>
    public KmsKeyState State { get; init; }

    /// <summary>The state as the backend spells it.</summary>
    public string? StateText { get; init; }

    /// <summary>What the key is for.</summary>
    public KmsKeyUsage Usage { get; init; }

    /// <summary>The algorithm's name, <c>AES_256</c> for every key that RustFS makes.</summary>
    public string? Algorithm { get; init; }

    /// <summary>The description, null when there is none.</summary>
    public string? Description { get; init; }

    /// <summary>The tags; never null. The tag <c>name</c> is fixed at creation.</summary>
    public ReadOnlyDictionary<string, string> Tags { get; init; } = NoTags;

    /// <summary>When the key was made.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary><see cref="CreatedAt"/> as it was written, with up to nine fraction digits and the zone's name.</summary>
    public string? CreatedAtText { get; init; }

    /// <summary>When the key was rotated last; null when never.</summary>
    public DateTimeOffset? RotatedAt { get; init; }

    /// <summary><see cref="RotatedAt"/> as it was written.</summary>
    public string? RotatedAtText { get; init; }

    /// <summary>When the key will be destroyed; null unless its deletion is scheduled.</summary>
    public DateTimeOffset? DeletionDate { get; init; }

    /// <summary><see cref="DeletionDate"/> as it was written.</summary>
    public string? DeletionDateText { get; init; }

    /// <summary>Who made the key, as the backend says.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>The version of the material, counted from 1.</summary>
    public long? Version { get; init; }

    /// <summary>Where the material comes from, as the backend says.</summary>
    public string? Origin { get; init; }

    /// <summary>Who manages the key, as the backend says.</summary>
    public string? KeyManager { get; init; }

    /// <summary>Whether the server's rotation policy says that it is time; null when the backend does not tell.</summary>
    public bool? RotationDue { get; init; }

    /// <summary>Why rotation is due, or why it never is: <c>age</c>, <c>never_rotated</c>, <c>wraps</c>, <c>unsupported</c>.</summary>
    public string? RotationDueReason { get; init; }

    /// <summary>How the material is protected on disk: <c>encrypted-master-key</c>, <c>plaintext-dev-only</c> or <c>legacy-unspecified</c>.</summary>
    public string? Protection { get; init; }

    /// <summary>False when the record exists and cannot be used; <see cref="Fault"/> and <see cref="FaultReason"/> say why.</summary>
    public bool IsReadable { get; init; } = true;

    /// <summary>What is wrong with the record.</summary>
    public KmsKeyFault Fault { get; init; }

    /// <summary>What is wrong with the record, as a sentence; null when nothing is.</summary>
    public string? FaultReason { get; init; }

    /// <summary>The name of the connection that the key came through.</summary>
    public string? Connection { get; init; }

    /// <summary>The key's id, so that a key in a string reads as its id.</summary>
    public override string ToString() => KeyId;
}
