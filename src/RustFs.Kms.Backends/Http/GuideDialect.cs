namespace RustFs.Kms.Backends.Http;

/// <summary>
/// The API of the guides. They document one spelling, the servers of that time read another; where both fit into one request
/// they go together, and otherwise the second is sent when the server could not read the first. What the server reads is remembered.
/// </summary>
internal sealed class GuideDialect(string? connection) : ModernDialect(connection)
{
    // These servers return as many keys as are asked for, and say that there are no more.
    private const int PageSize = 10_000;
    private volatile bool _documented = true;

    internal override KmsApiGeneration Generation => KmsApiGeneration.Guide;

    internal override KmsCapabilities Capabilities { get; } = new() { GenerateDataKey = true, ScheduleDeletion = true, PhysicalDelete = true };

    protected override string Name => "API of the guides";

    protected override int ListLimit => PageSize;

    internal override KmsCall<KmsServiceAnswer> Configure(KmsConfigurationRequest request) => Spelled(
        documented => Confidential(
            request, Change("configure", ConfigurationBody.Guide(request, documented), ReadService, "The configuration may or may not have been set.")));

    internal override KmsCall<KmsServiceAnswer> Reconfigure(KmsConfigurationRequest request) => Spelled(
        documented => Confidential(
            request, Change("reconfigure", ConfigurationBody.Guide(request, documented), ReadService, "The configuration may or may not have been replaced.")));

    internal override KmsCall<KmsKey> CreateKey(KmsKeyCreation creation) => Spelled(documented => CreateKey(creation, json =>
    {
        if (documented)
        {
            WriteCreation(json, creation, ("KeyUsage", "Description", "Tags"), creation.Usage == KmsKeyUsage.SignVerify ? "SIGN_VERIFY" : "ENCRYPT_DECRYPT");
        }

        WriteCreation(json, creation, ("key_usage", "description", "tags"), UsageText(creation.Usage));
    }));

    internal override KmsCall<KmsDataKey> GenerateDataKey(KmsDataKeyRequest request) => request.KeySpec == KmsKeySpec.ChaCha20
        ? DataKey(request, SpecText(request.KeySpec))
        : Spelled(documented => DataKey(
            request, !documented ? SpecText(request.KeySpec) : request.KeySpec == KmsKeySpec.Aes128 ? "AES_128" : "AES_256"));

    private KmsCall<T> Spelled<T>(Func<bool, KmsCall<T>> call)
    {
        KmsCall<T> asRead = call(false);
        if (!_documented)
        {
            return asRead;
        }

        asRead = Noted(asRead);
        KmsCall<T> asDocumented = call(true);
        return asDocumented with
        {
            Alias = asDocumented.Alias is { } alias ? alias with { Respelled = asRead.Alias } : null,
            Respelled = asRead,
        };
    }

    private KmsCall<T> Noted<T>(KmsCall<T> call) => call with
    {
        Alias = call.Alias is { } alias ? Noted(alias) : null,
        Read = answer =>
        {
            _documented = false;
            return call.Read(answer);
        },
    };
}
