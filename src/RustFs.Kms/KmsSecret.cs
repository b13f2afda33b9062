using System.Buffers;
using System.Buffers.Text;
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

    /// <summary>
    /// What standard Base64 stands for, white space around it left out as RustFS leaves it out of the keys in its environment; null
    /// when the text is no Base64, or one with other than the one spelling that RustFS reads.
    /// </summary>
    /// <param name="text">The text in ASCII or UTF-8.</param>
    internal static KmsSecret? TryFromBase64(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> trimmed = text.Trim(" \t\r\n"u8);
        using var decoded = new KmsSecret(Base64.GetMaxDecodedFromUtf8Length(trimmed.Length));
        if (Base64.DecodeFromUtf8(trimmed, decoded._bytes, out _, out int length) != OperationStatus.Done)
        {
            return null;
        }

        // Only one spelling encodes back to itself.
        using var again = new KmsSecret(Base64.GetMaxEncodedToUtf8Length(length));
        _ = Base64.EncodeToUtf8(decoded._bytes.AsSpan(0, length), again._bytes, out _, out _);
        return CryptographicOperations.FixedTimeEquals(again._bytes, trimmed) ? CopyOf(decoded._bytes.AsSpan(0, length)) : null;
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
