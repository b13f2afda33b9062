using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// What the guides' API and today's have in common. Both keep legacy routes beside the modern ones: they are what is left where a
/// gateway lets only the older ones through. Routes: http-api.md 2.2; the frontend guide's catalogue.
/// </summary>
internal abstract class ModernDialect(string? connection) : KmsDialect(connection)
{
    // Servers cut the path at 1024 bytes; what is long or needs an escape goes into the query.
    private const int LongestPathId = 256;

    /// <summary>How many keys a page asks for.</summary>
    protected abstract int ListLimit { get; }

    internal override KmsCall<WireJson> ServiceStatus() => Get("service-status", answer => answer.Json.Copy());

    internal override KmsCall<WireJson> RunningStatus() => Get("status", answer => answer.Json.Copy());

    internal override KmsCall<WireJson> Configuration() => Get("config", answer => answer.Json.Copy());

    internal override KmsCall<KmsServiceAnswer> Start(bool force) => Change(
        "start", force ? json => json.Name("force").Flag(true) : null, ReadService, "The service may or may not have been started.", asObject: true);

    internal override KmsCall<KmsServiceAnswer> Stop() => Change("stop", body: null, ReadService, "The service may or may not have been stopped.");

    // 200 with a text today, 204 without one in the guides.
    internal override KmsCall<bool> ClearCache() =>
        Change("clear-cache", body: null, answer => answer.IsEmpty || answer.Json.IsObject, "The cache may or may not have been cleared.") with { Repeat = KmsRepeat.Idempotent };

    internal override KmsCall<KeyPage> ListKeys(KmsKeyQuery query, string? marker) =>
        List("keys", query, marker) with { Alias = List("list-keys", query, marker) };

    // The path is not decoded by the server, and "." and ".." vanish on the way.
    internal override KmsCall<KmsKey> DescribeKey(string keyId)
    {
        KmsCall<KmsKey> byQuery = Get(Query("describe-key", ("keyId", keyId)), ReadKey) with { Target = keyId };
        return FitsPath(keyId) ? byQuery with { Path = $"keys/{keyId}", Alias = byQuery } : byQuery;
    }

    internal override KmsCall<KeyChange> ScheduleDeletion(string keyId, int days) => ChangeKey(
        keyId,
        "keys/delete",
        json => json.Name("key_id").Text(keyId).Name("pending_window_in_days").Number(days),
        $"The deletion of the key '{keyId}' may or may not have been scheduled.",
        state: KmsKeyState.PendingDeletion) with
    {
        Method = HttpMethod.Delete,
    };

    internal override KmsCall<KeyChange> CancelDeletion(string keyId) => ChangeKey(
        keyId,
        "keys/cancel-deletion",
        json => json.Name("key_id").Text(keyId),
        $"The deletion of the key '{keyId}' may or may not have been cancelled.",
        state: KmsKeyState.Unknown);

    internal override KmsCall<bool> DeleteKey(string keyId) => Change(
        "keys/delete",
        json => json.Name("key_id").Text(keyId).Name("force_immediate").Flag(true).Name("confirm_key_id").Text(keyId),

        // A server that does not know force_immediate schedules instead, and then there is a date.
        answer => (Accepted(answer).Text("deletion_date") ?? answer.Json.Object("key_metadata").Text("deletion_date")) is { } date
            ? throw new KmsException(
                KmsErrorCode.KmsUnsupported, $"The server did not destroy the key '{keyId}' at once: it scheduled its deletion for {WireText.Clean(date, 100)}.", keyId)
            : true,
        $"The key '{keyId}' may or may not have been destroyed.",
        asObject: true) with
    {
        Method = HttpMethod.Delete,
        Target = keyId,
    };

    protected static string UsageText(KmsKeyUsage usage) => usage switch
    {
        KmsKeyUsage.EncryptDecrypt => "EncryptDecrypt",
        KmsKeyUsage.SignVerify => "SignVerify",
        _ => throw new KmsException(KmsErrorCode.KmsUsage, "The key's usage must be EncryptDecrypt or SignVerify."),
    };

    protected static string SpecText(KmsKeySpec spec) => spec switch
    {
        KmsKeySpec.Aes256 => "Aes256",
        KmsKeySpec.Aes128 => "Aes128",
        KmsKeySpec.ChaCha20 => "ChaCha20",
        _ => throw new KmsException(KmsErrorCode.KmsUsage, "The kind of the data key must be Aes256, Aes128 or ChaCha20."),
    };

    protected static KmsServiceAnswer ReadService(WireAnswer answer) => WireService.Answer(answer.Json);

    protected static bool FitsPath(string keyId) => keyId.Length <= LongestPathId
        && keyId is not ("." or "..")
        && keyId.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or '~');

    protected static KmsCall<T> Get<T>(string path, Func<WireAnswer, T> read) => new(HttpMethod.Get, path, read);

    protected static KmsCall<T> Change<T>(
        string path, Action<RustJsonWriter>? body, Func<WireAnswer, T> read, string doubt, bool asObject = false) =>
        new(HttpMethod.Post, path, read)
        {
            Repeat = KmsRepeat.Once,
            Doubt = doubt,
            Body = body is null || !asObject ? body : json =>
            {
                _ = json.BeginObject();
                body(json);
                _ = json.EndObject();
            },
        };

    /// <summary>A change of one key; <paramref name="state"/> is what the key is in afterwards, where the answer does not say.</summary>
    protected KmsCall<KeyChange> ChangeKey(string keyId, string path, Action<RustJsonWriter> fields, string doubt, KmsKeyState state) =>
        Change(path, fields, answer => ReadChange(answer, keyId, state), doubt, asObject: true) with { Target = keyId };

    protected KmsCall<KmsKey> CreateKey(KmsKeyCreation creation, Action<RustJsonWriter> fields)
    {
        KmsCall<KmsKey> call = Change(
            "keys",
            fields,
            answer => ReadCreated(answer, creation),
            creation.KeyId is { } id ? $"The key '{id}' may or may not have been made." : "A key may or may not have been made.",
            asObject: true) with
        {
            Target = creation.KeyId,
        };
        return call with { Alias = call with { Path = "create-key" } };
    }

    protected static void WriteCreation(
        RustJsonWriter json, KmsKeyCreation creation, (string Usage, string Description, string Tags) names, string usage)
    {
        _ = json.Name(names.Usage).Text(usage);
        if (!string.IsNullOrEmpty(creation.Description))
        {
            _ = json.Name(names.Description).Text(creation.Description);
        }

        // The id travels as a tag; there is no field for it.
        Dictionary<string, string> tags = new(creation.Tags, StringComparer.Ordinal);
        if (creation.KeyId is { } keyId)
        {
            tags[KmsLimits.NameTag] = keyId;
        }

        if (tags.Count > 0)
        {
            _ = json.Name(names.Tags).Map(tags);
        }
    }

    protected KmsCall<KmsDataKey> DataKey(KmsDataKeyRequest request, string spec) => Change(
        "generate-data-key",
        json =>
        {
            _ = json.Name("key_id").Text(request.KeyId).Name("key_spec").Text(spec);
            if (request.EncryptionContext.Count > 0)
            {
                _ = json.Name("encryption_context").Map(request.EncryptionContext);
            }
        },
        answer => WireKey.ReadDataKey(answer, request, Connection),
        string.Empty,
        asObject: true) with
    {
        Repeat = KmsRepeat.DataKey,
        Target = request.KeyId,
    };

    private KmsCall<KeyPage> List(string path, KmsKeyQuery query, string? marker) => Get(
        Query(
            path,
            ("limit", ListLimit.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("marker", marker),
            ("status", FiltersListings ? StateFilter(query.State) : null),
            ("usage", FiltersListings && query.Usage is { } usage and not KmsKeyUsage.Unknown ? UsageText(usage) : null)),
        ReadPage);

    private static string? StateFilter(KmsKeyState? state) => state switch
    {
        KmsKeyState.Enabled => "Active",
        KmsKeyState.Disabled => "Disabled",
        KmsKeyState.PendingDeletion => "PendingDeletion",
        KmsKeyState.Unavailable => "Deleted",
        _ => null, // the server's filter does not know it; ours does
    };

    private KmsKey ReadKey(WireAnswer answer) => Whole(answer, answer.Json.Object("key_metadata") is { IsObject: true } key ? key : answer.Json, Connection);

    private KmsKey ReadCreated(WireAnswer answer, KmsKeyCreation creation)
    {
        KmsKey key = WireKey.Read(answer.Json.Object("key_metadata"), Connection)
            ?? WireKey.Read(answer.Json, Connection)
            ?? throw answer.Unusable("it does not say under which id the key was made", creation.KeyId);
        return creation.KeyId is null || creation.KeyId == key.KeyId
            ? key
            : throw answer.Contrary($"The key '{creation.KeyId}' was asked for, and the server made '{WireText.Clean(key.KeyId)}'.", creation.KeyId);
    }

    // Every server says at least one of these when it did something.
    private static WireJson Accepted(WireAnswer answer) =>
        answer.Json.Flag("success") == true || answer.Json.Has("key_id") || answer.Json.Object("key_metadata").IsObject
            ? answer.Json
            : throw answer.Unusable("it does not say that anything was done");

    private KeyChange ReadChange(WireAnswer answer, string keyId, KmsKeyState state)
    {
        WireJson json = Accepted(answer);
        if (WireKey.Read(json.Object("key_metadata"), Connection) is { } whole)
        {
            return new KeyChange(whole, IsWhole: true);
        }

        (DateTimeOffset? date, string? text) = json.Time("deletion_date");
        return new KeyChange(
            new KmsKey { KeyId = keyId, State = state, DeletionDate = date, DeletionDateText = text, Connection = Connection }, IsWhole: false);
    }

    // Records that cannot be read come apart from the others; they take their places in the order of the ids.
    private KeyPage ReadPage(WireAnswer answer)
    {
        WireJson json = answer.Json;
        if (!json.Has("keys"))
        {
            throw answer.Unusable("it has no list of keys");
        }

        List<KmsKey> keys = [.. json.Items("keys").Select(item => Whole(answer, item, Connection))];
        foreach (string keyId in json.Texts("unreadable_key_ids"))
        {
            int place = keys.FindIndex(key => Utf8Order.Comparer.Compare(key.KeyId, keyId) > 0);
            keys.Insert(place < 0 ? keys.Count : place, WireKey.Unreadable(keyId, Connection));
        }

        // Where listings are not filtered they are not cut into pages either: what is full was cut, whatever the server says.
        bool full = !FiltersListings && json.Items("keys").Count() >= ListLimit;
        return new KeyPage(keys, full || (json.Flag("truncated") ?? false), json.Text("next_marker") is { Length: > 0 } marker ? marker : null);
    }
}
