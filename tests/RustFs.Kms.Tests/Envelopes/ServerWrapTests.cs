using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>A server wraps and cannot open again: over real sockets, with the emulator.</summary>
public sealed class ServerWrapTests : IAsyncLifetime
{
    private readonly KmsSecret _masterKey = EmulatorHost.Secret("a master key");
    private EnvelopeFolder _folder = null!;
    private EmulatorHost _host = null!;
    private IKmsBackend _server = null!;

    public async Task InitializeAsync()
    {
        _folder = await EnvelopeFolder.CreateAsync();
        _host = await EmulatorHost.StartAsync("a master key", null, options => options with { Running = true });
        using KmsSecret secretKey = EmulatorHost.Secret(EmulatorHost.SecretKey);
        using var credential = new KmsCredential(EmulatorHost.AccessKey, secretKey);
        (_server, _) = await KmsBackends.OpenEndpointAsync(
            new KmsEndpointOptions { Endpoint = _host.Emulator.Endpoint, Credential = credential, ConnectionName = "server" }, default);
        await _host.CreateKeyAsync(EnvelopeFolder.KeyId);
        _folder.Write("plain", [1, 2, 3]);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _host.DisposeAsync();
        _masterKey.Dispose();
        await _folder.DisposeAsync();
    }

    private KmsEnvelopeWrapping ServerWrapping => new()
    {
        Kms = [new() { Backend = _server, KeyId = EnvelopeFolder.KeyId, Hint = _host.Emulator.Endpoint.ToString() }],
    };

    [Fact]
    public async Task A_file_that_only_a_server_wraps_is_refused_unless_that_is_wanted_and_the_server_is_not_asked()
    {
        int requests = _host.Emulator.Requests.Count;
        KmsException refusal = await Assert.ThrowsAsync<KmsException>(() => _folder.ProtectAsync("plain", ServerWrapping));
        Assert.Equal(KmsErrorCode.KmsUsage, refusal.Code);
        Assert.Contains("-RecoveryRecipient", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("-AllowServerOnlyWrap", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(requests, _host.Emulator.Requests.Count);
        Assert.Equal(["plain"], _folder.Names());

        await KmsBackends.ProtectFileAsync(_folder.Protecting("plain", ServerWrapping) with { AllowServerOnlyWrap = true }, default);
        KmsEnvelope envelope = await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("plain.kms"), default);
        Assert.True(envelope.IsServerOnly);
        Assert.Equal(
            KmsErrorCode.KmsAuthentication,
            (await Assert.ThrowsAsync<KmsException>(() => _folder.OpenAsync("plain.kms", "again", new() { Backends = [_server] }))).Code);
    }

    [Fact]
    public async Task The_servers_key_directory_opens_what_the_server_wrapped()
    {
        await KmsBackends.ProtectFileAsync(_folder.Protecting("plain", ServerWrapping) with { AllowServerOnlyWrap = true }, default);
        (IKmsBackend directory, _) = await KmsBackends.OpenKeyDirectoryAsync(
            new KmsKeyDirectoryOptions { Path = _host.Emulator.KeyDirectory, MasterKey = _masterKey }, default);
        await using (directory)
        {
            KmsFileResult opened = await _folder.OpenAsync("plain.kms", "again", new() { Backends = [_server, directory] });
            Assert.Equal(KmsBackendKind.Server, Assert.Single(opened.Wraps).Backend);
            Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(_folder.PathOf("again")));
        }
    }

    [Fact]
    public async Task The_other_wraps_cannot_go_and_leave_the_servers_alone()
    {
        await _folder.ProtectAsync("plain", ServerWrapping with { Recipients = [_folder.RecoveryKey.Recipient] });
        KmsUpdateEnvelopeOptions removal = new()
        {
            Path = _folder.PathOf("plain.kms"),
            Opening = _folder.RecoveryWay,
            Remove = wrap => wrap.Kind == KmsEnvelopeWrapKind.RecoveryKey,
        };
        Assert.Equal(
            KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(() => KmsBackends.UpdateEnvelopeAsync(removal, default))).Code);
        Assert.True((await KmsBackends.UpdateEnvelopeAsync(removal with { AllowServerOnlyWrap = true }, default)).IsServerOnly);
    }

    [Fact]
    public async Task A_server_that_is_gone_or_has_no_such_key_makes_nothing()
    {
        KmsEnvelopeWrapping both = ServerWrapping with { Recipients = [_folder.RecoveryKey.Recipient] };
        KmsEnvelopeWrapping unknown = both with { Kms = [both.Kms[0] with { KeyId = "nobody" }] };
        Assert.Equal(KmsErrorCode.KmsKeyNotFound, (await Assert.ThrowsAsync<KmsException>(() => _folder.ProtectAsync("plain", unknown))).Code);
        await _host.Emulator.DisposeAsync();
        Assert.Equal(KmsErrorCode.KmsNetwork, (await Assert.ThrowsAsync<KmsException>(() => _folder.ProtectAsync("plain", both))).Code);
        Assert.Equal(["plain"], _folder.Names());
    }
}
