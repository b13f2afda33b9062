using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Local;

namespace RustFs.Kms.Tests.Contract;

/// <summary>The contract over the whole loop: client, real sockets, emulator, key directory.</summary>
public sealed class HttpBackendTests : KmsBackendContract
{
    private readonly KmsCredential _credential = new("contract", KmsSecret.CopyOf("contract-secret"u8));
    private readonly KmsSecret _masterKey = KmsSecret.CopyOf("contract-master-key"u8);
    private readonly TemporaryKeyDirectory _directory = new();
    private IKmsEmulator? _emulator;
    private IKmsBackend? _opener;

    protected override IKmsBackend Opener => _opener ?? throw new InvalidOperationException("The key directory is not open.");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Opener.DisposeAsync();
        await _emulator!.DisposeAsync();
        _credential.Dispose();
        _masterKey.Dispose();
        _directory.Dispose();
    }

    protected override async Task<IKmsBackend> OpenAsync()
    {
        _emulator = await KmsBackends.StartEmulatorAsync(
            new KmsEmulatorOptions
            {
                Credential = _credential,
                KeyDirectory = _directory.Path,
                MasterKey = _masterKey,
                Running = true,
                AllowImmediateDeletion = true,
                CreateProbeKey = false,
            },
            default);
        (_opener, _) = await KmsBackends.OpenKeyDirectoryAsync(
            new KmsKeyDirectoryOptions { Path = _emulator.KeyDirectory, MasterKey = _masterKey, ConnectionName = "test" }, default);
        (IKmsBackend server, _) = await KmsBackends.OpenEndpointAsync(
            new KmsEndpointOptions { Endpoint = _emulator.Endpoint, Credential = _credential, ConnectionName = "test" }, default);
        return server;
    }
}
