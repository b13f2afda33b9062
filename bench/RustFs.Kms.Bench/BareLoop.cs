using System.Security.Cryptography;

namespace RustFs.Kms.Bench;

/// <summary>The least that any maker of data keys does: a random key, encrypted with AES-256-GCM under another.</summary>
internal sealed class BareLoop : IDisposable
{
    private readonly AesGcm _wrapping = new(RandomNumberGenerator.GetBytes(32), tagSizeInBytes: 16);
    private readonly byte[] _key = new byte[32];
    private readonly byte[] _nonce = new byte[12];
    private readonly byte[] _sealed = new byte[32];
    private readonly byte[] _tag = new byte[16];

    internal byte[] MakeOne()
    {
        RandomNumberGenerator.Fill(_key);
        RandomNumberGenerator.Fill(_nonce);
        _wrapping.Encrypt(_nonce, _key, _sealed, _tag);
        return _sealed;
    }

    internal void Make(int count)
    {
        for (int index = 0; index < count; index++)
        {
            _ = MakeOne();
        }
    }

    public void Dispose() => _wrapping.Dispose();
}
