using RustFs.Kms.Tests.Local;

namespace RustFs.Kms.Tests.Contract;

/// <summary>The contract over a key directory.</summary>
public sealed class LocalBackendTests : KmsBackendContract
{
    private readonly TemporaryKeyDirectory _directory = new();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override Task<IKmsBackend> OpenAsync() => _directory.CreateStoreAsync();
}
