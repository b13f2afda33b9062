using System.Security;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms;

/// <summary>
/// Secret bytes that the garbage collector does not copy about, and that are wiped on dispose or, when somebody forgot, on
/// finalization.
/// </summary>
internal sealed class KmsSecret : IDisposable
{
    private readonly byte[] _bytes;
    private volatile bool _wiped;

    private KmsSecret(int length) => _bytes = GC.AllocateArray<byte>(length, pinned: true);

    ~KmsSecret() => Wipe();

    internal int Length => _bytes.Length;

    internal bool IsWiped => _wiped;

    /// <summary>The bytes themselves; whoever takes them does not keep them.</summary>
    internal byte[] Array
    {
        get
        {
            ObjectDisposedException.ThrowIf(_wiped, typeof(KmsDataKey));
            return _bytes;
        }
    }

    internal Span<byte> Bytes => Array;

    /// <summary>A secret of zeros, to be filled by the caller.</summary>
    internal static KmsSecret OfLength(int length) => new(length);

    internal static KmsSecret Random(int length)
    {
        var secret = new KmsSecret(length);
        RandomNumberGenerator.Fill(secret._bytes);
        return secret;
    }

    internal static KmsSecret CopyOf(ReadOnlySpan<byte> bytes)
    {
        var secret = new KmsSecret(bytes.Length);
        bytes.CopyTo(secret._bytes);
        return secret;
    }

    /// <summary>The UTF-8 bytes of a secure string, exactly as it was given: nothing is trimmed.</summary>
    internal static unsafe KmsSecret FromSecureString(SecureString text)
    {
        nint unmanaged = Marshal.SecureStringToGlobalAllocUnicode(text);
        try
        {
            var characters = new ReadOnlySpan<char>((void*)unmanaged, text.Length);
            var secret = new KmsSecret(Encoding.UTF8.GetByteCount(characters));
            Encoding.UTF8.GetBytes(characters, secret._bytes);
            return secret;
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(unmanaged);
        }
    }

    public void Dispose()
    {
        Wipe();
        GC.SuppressFinalize(this);
    }

    public override string ToString() => "(secret)";

    private void Wipe()
    {
        _wiped = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }
}
