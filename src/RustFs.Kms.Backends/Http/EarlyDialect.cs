using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>The API before the guides: keys by name, in the query; nothing to start, delete or back up.</summary>
internal sealed class EarlyDialect(string? connection) : KmsDialect(connection)
{
    internal override KmsApiGeneration Generation => KmsApiGeneration.Early;

    internal override KmsCapabilities Capabilities { get; } = new() { EnableDisable = true };

    protected override string Name => "early API";

    internal override KmsCall<WireJson> ServiceStatus() => Call(HttpMethod.Get, "status", answer => answer.Json.Copy());

    internal override KmsCall<KmsServiceAnswer> Configure(KmsConfigurationRequest request) =>
        Confidential(request, Call(HttpMethod.Post, "configure", answer => WireService.Answer(answer.Json)) with
        {
            Repeat = KmsRepeat.Once,
            Body = ConfigurationBody.Early(request),
            Doubt = "The configuration may or may not have been set.",
        });

    // Configuring again replaces everything and starts it.
    internal override KmsCall<KmsServiceAnswer> Reconfigure(KmsConfigurationRequest request) => Configure(request);

    internal override KmsCall<KmsKey> CreateKey(KmsKeyCreation creation)
    {
        if (!string.IsNullOrEmpty(creation.Description)
            || creation.Tags.Any(tag => tag.Key != KmsLimits.NameTag)
            || creation.Usage != KmsKeyUsage.EncryptDecrypt)
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, $"The {Name} makes keys with a name only: no description, no tags, no other usage than EncryptDecrypt.", creation.KeyId);
        }

        return Call(HttpMethod.Post, Query("key/create", ("keyName", creation.KeyId)), answer => ReadCreated(answer, creation.KeyId)) with
        {
            Repeat = KmsRepeat.Once,
            Target = creation.KeyId,
            Doubt = creation.KeyId is { } id ? $"The key '{id}' may or may not have been made." : "A key may or may not have been made.",
        };
    }

    // All at once; there are no pages.
    internal override KmsCall<KeyPage> ListKeys(KmsKeyQuery query, string? marker) => Call(
        HttpMethod.Get,
        "key/list",
        answer => answer.Json.Has("keys")
            ? new KeyPage([.. answer.Json.Items("keys").Select(item => Whole(answer, item, Connection))], IsTruncated: false, NextMarker: null)
            : throw answer.Unusable("it has no list of keys"));

    internal override KmsCall<KmsKey> DescribeKey(string keyId) =>
        Call(HttpMethod.Get, Query("key/status", ("keyName", keyId)), answer => Whole(answer, answer.Json, Connection)) with { Target = keyId };

    internal override KmsCall<KeyChange> EnableKey(string keyId) => ChangeState(keyId, "key/enable", "enabled", KmsKeyState.Enabled);

    internal override KmsCall<KeyChange> DisableKey(string keyId) => ChangeState(keyId, "key/disable", "disabled", KmsKeyState.Disabled);

    private static KmsCall<T> Call<T>(HttpMethod method, string path, Func<WireAnswer, T> read) => new(method, path, read);

    // Later servers have this route too, pass over the name and make a key of their own choosing.
    private KmsKey ReadCreated(WireAnswer answer, string? keyId)
    {
        KmsKey key = Whole(answer, answer.Json.Object("key_metadata") is { IsObject: true } metadata ? metadata : answer.Json, Connection);
        return keyId is null || keyId == key.KeyId
            ? key
            : throw answer.Contrary(
                $"The key '{keyId}' was asked for, and the server made '{WireText.Clean(key.KeyId)}': it speaks a later generation of the API.", keyId);
    }

    // The document shows the key in the answer; the server of the time answers with nothing.
    private KmsCall<KeyChange> ChangeState(string keyId, string path, string done, KmsKeyState state) => Call(
        HttpMethod.Put,
        Query(path, ("keyName", keyId)),
        answer => answer.IsEmpty || WireKey.Read(answer.Json, Connection) is not { } key
            ? new KeyChange(new KmsKey { KeyId = keyId, State = state, Connection = Connection }, IsWhole: false)
            : new KeyChange(key, IsWhole: true)) with
    {
        Repeat = KmsRepeat.Idempotent,
        Target = keyId,
        Doubt = $"The key '{keyId}' may or may not have been {done}.",
    };
}
