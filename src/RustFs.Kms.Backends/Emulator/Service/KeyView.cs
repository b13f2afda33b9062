using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>A key as describe and its kin show it, and as the metadata cache keeps it. Rules: http-api.md 2.3 and 2.4.</summary>
internal sealed record KeyView
{
    internal const string ProbeKeyId = "rustfs-internal-kms-probe";

    internal required string KeyId { get; init; }

    internal required string State { get; init; }

    internal required string Usage { get; init; }

    internal string? Description { get; init; }

    internal required string CreationDate { get; init; }

    internal string? DeletionDate { get; init; }

    internal string Origin { get; init; } = "KMS";

    internal IReadOnlyDictionary<string, string> Tags { get; init; } = KmsKey.NoTags;

    internal static KeyView Of(KmsKey key) => new()
    {
        KeyId = key.KeyId,
        State = StateText(key.State),
        Usage = UsageText(key.Usage),
        Description = key.Description,
        CreationDate = Zoned(key.CreatedAtText, key.CreatedAt) ?? Zoned(null, DateTimeOffset.UnixEpoch)!,
        DeletionDate = Zoned(key.DeletionDateText, key.DeletionDate),
        Tags = TagsOf(key),
    };

    internal static string StateText(KmsKeyState state) => state == KmsKeyState.Unknown ? nameof(KmsKeyState.Unavailable) : state.ToString();

    /// <summary>The listing's word for a state.</summary>
    internal static string StatusText(KmsKeyState state) => state switch
    {
        KmsKeyState.Enabled => "Active",
        KmsKeyState.Disabled => "Disabled",
        KmsKeyState.PendingDeletion => "PendingDeletion",
        _ => "Deleted",
    };

    internal static string UsageText(KmsKeyUsage usage) =>
        usage == KmsKeyUsage.SignVerify ? nameof(KmsKeyUsage.SignVerify) : nameof(KmsKeyUsage.EncryptDecrypt);

    // The probe's key has no name tag on a server; the seam knows no named key without one.
    internal static IReadOnlyDictionary<string, string> TagsOf(KmsKey key) =>
        key.KeyId == ProbeKeyId && key.Tags.Count == 1 && key.Tags.ContainsKey(KmsLimits.NameTag) ? KmsKey.NoTags : key.Tags;

    /// <summary>The zoned form of a time. What is not zoned yet (an old record) becomes it.</summary>
    internal static string? Zoned(string? text, DateTimeOffset? instant) =>
        text is not null && text.EndsWith(']') ? text : instant is { } time ? ZonedTime.FromInstant(time).Text : null;

    /// <summary>Plain RFC 3339, as servers before <c>1.0.0-alpha.81</c> wrote it.</summary>
    internal static string? Plain(string? zoned) =>
        zoned?.Split('[')[0] is { } text ? text.EndsWith("+00:00", StringComparison.Ordinal) ? text[..^6] + "Z" : text : null;

    /// <param name="json">Where to.</param>
    /// <param name="time">How this server shows times.</param>
    internal void Write(Utf8JsonWriter json, Func<string?, string?> time)
    {
        json.WriteString("key_id", KeyId);
        json.WriteString("key_state", State);
        json.WriteString("key_usage", Usage);
        json.WriteString("description", Description);
        json.WriteString("creation_date", time(CreationDate));
        json.WriteString("deletion_date", time(DeletionDate));
        json.WriteString("origin", Origin);
        json.WriteString("key_manager", "CUSTOMER");
        json.Map("tags", Tags);
    }
}
