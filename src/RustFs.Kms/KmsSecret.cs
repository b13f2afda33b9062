using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms;

/// <summary>
/// Secret bytes that the garbage collector does not copy about, and that are wiped on dispose or, when somebody forgot, on
/// finalization. Who shares a secret with others borrows it: the wipe waits until the last loan is back, so that nobody ever
/// works with bytes that turn to zero under his hands.
/// </summary>
internal sealed class KmsSecret : IDisposable
{
    private readonly byte[] _bytes;
    private readonly object _gate = new();
    private int _loans;
    private bool _disposed;

    private KmsSecret(int length) => _bytes = GC.AllocateArray<byte>(length, pinned: true);

    ~KmsSecret() => CryptographicOperations.ZeroMemory(_bytes);

    internal int Length => _bytes.Length;

    internal bool IsDisposed
    {
        get
        {
            lock (_gate)
            {
                return _disposed;
            }
        }
    }

    /// <summary>The bytes themselves, for the one who alone holds the secret and disposes of it.</summary>
    internal byte[] Array => _bytes;

    /// <summary>The bytes themselves, for the one who alone holds the secret and disposes of it.</summary>
    internal Span<byte> Bytes => _bytes;

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

    /// <summary>Borrows the bytes; the loan is disposed of as soon as they were used.</summary>
    /// <exception cref="ObjectDisposedException">The secret was disposed of.</exception>
    internal Loan Lend()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _loans++;
            return new Loan(this);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            WipeWhenFree();
        }

        GC.SuppressFinalize(this);
    }

    public override string ToString() => "(secret)";

    private void Return()
    {
        lock (_gate)
        {
            _loans--;
            WipeWhenFree();
        }
    }

    private void WipeWhenFree()
    {
        if (_disposed && _loans == 0)
        {
            CryptographicOperations.ZeroMemory(_bytes);
        }
    }

    /// <summary>Borrowed bytes, which stay what they are until the loan is disposed of.</summary>
    internal readonly ref struct Loan
    {
        private readonly KmsSecret _secret;

        internal Loan(KmsSecret secret) => _secret = secret;

        internal ReadOnlySpan<byte> Bytes => _secret._bytes;

        public void Dispose() => _secret.Return();
    }
}
