using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>What the work on a file allocates: measured in a process that does nothing else.</summary>
[Collection(nameof(AloneTestGroup))]
public sealed class MemoryTests : IAsyncLifetime
{
    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Fact]
    public async Task Memory_does_not_grow_with_the_file()
    {
        using (FileStream file = File.Create(_folder.PathOf("plain")))
        {
            file.SetLength(256L << 20);
        }

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await KmsBackends.ProtectFileAsync(_folder.Protecting("plain") with { ChunkSize = null }, default);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 48 << 20, $"{allocated} bytes were allocated for a file of 256 MiB.");
    }
}
