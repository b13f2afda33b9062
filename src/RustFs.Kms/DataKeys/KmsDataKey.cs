using System.Collections.ObjectModel;
using System.Security;
using System.Security.Cryptography;

namespace RustFs.Kms;

/// <summary>
/// A data key: its wrapped form as properties, its plaintext by method only. No formatter, serializer or transcript reaches
/// the plaintext, and <see cref="Dispose"/> (or, at the latest, the garbage collector) wipes it.
/// </summary>
public sealed class KmsDataKey : IDisposable
{
    private readonly KmsSecret? _plaintext;

    internal KmsDataKey(
        string keyId,
        KmsKeySpec keySpec,
        byte[] ciphertextBlob,
        ReadOnlyDictionary<string, string> encryptionContext,
        KmsSecret? plaintext,
        string? connection)
    {
        KeyId = keyId;
        KeySpec = keySpec;
        CiphertextBlob = ciphertextBlob;
        EncryptionContext = encryptionContext;
        Connection = connection;
        _plaintext = plaintext;
        PlaintextLength = plaintext?.Length ?? 0;
    }

    /// <summary>The id of the master key that wraps the data key.</summary>
    public string KeyId { get; }

    /// <summary>The kind of the data key.</summary>
    public KmsKeySpec KeySpec { get; }

    /// <summary>The wrapped data key: what is stored beside the data.</summary>
    public byte[] CiphertextBlob { get; }

    /// <summary><see cref="CiphertextBlob"/> as standard Base64.</summary>
    public string CiphertextBlobBase64 => Convert.ToBase64String(CiphertextBlob);

    /// <summary>The encryption context; never null.</summary>
    public ReadOnlyDictionary<string, string> EncryptionContext { get; }

    /// <summary>The plaintext's length in bytes; 0 when the object carries none.</summary>
    public int PlaintextLength { get; }

    /// <summary>Whether the plaintext is here and not yet wiped.</summary>
    public bool HasPlaintext => _plaintext is { IsDisposed: false };

    /// <summary>The name of the connection that the data key came through.</summary>
    public string? Connection { get; }

    /// <summary>Copies the plaintext to the start of a buffer that the caller owns and wipes.</summary>
    /// <param name="destination">At least <see cref="PlaintextLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The buffer is too short.</exception>
    /// <exception cref="InvalidOperationException">The object carries no plaintext.</exception>
    /// <exception cref="ObjectDisposedException">The plaintext has been wiped.</exception>
    public void CopyPlaintextTo(byte[] destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using KmsSecret.Loan plaintext = LendPlaintext();
        if (destination.Length < plaintext.Bytes.Length)
        {
            throw new ArgumentException($"The buffer needs at least {plaintext.Bytes.Length} bytes.", nameof(destination));
        }

        plaintext.Bytes.CopyTo(destination);
    }

    /// <summary>
    /// Lends the plaintext to a delegate (a script block in PowerShell: <c>$dataKey.UsePlaintext({ param($bytes) … })</c>) as
    /// a copy that is wiped when the delegate returns, and gives back what the delegate returned.
    /// </summary>
    /// <param name="use">What uses the bytes. They are zero afterwards.</param>
    /// <exception cref="InvalidOperationException">The object carries no plaintext.</exception>
    /// <exception cref="ObjectDisposedException">The plaintext has been wiped.</exception>
    public object? UsePlaintext(Func<byte[], object?> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        using KmsSecret copy = CopyPlaintext();
        return use(copy.Array);
    }

    /// <summary>The plaintext as standard Base64 in a <see cref="SecureString"/>, as SSE-C headers and other tools want it.</summary>
    /// <exception cref="InvalidOperationException">The object carries no plaintext.</exception>
    /// <exception cref="ObjectDisposedException">The plaintext has been wiped.</exception>
    public SecureString ToSecureString()
    {
        using KmsSecret.Loan plaintext = LendPlaintext();
        char[] text = GC.AllocateArray<char>((plaintext.Bytes.Length + 2) / 3 * 4, pinned: true);
        try
        {
            if (!Convert.TryToBase64Chars(plaintext.Bytes, text, out int written))
            {
                throw new InvalidOperationException("The Base64 buffer is too short.");
            }

            var secure = new SecureString();
            foreach (char character in text.AsSpan(0, written))
            {
                secure.AppendChar(character);
            }

            secure.MakeReadOnly();
            return secure;
        }
        finally
        {
            text.AsSpan().Clear();
        }
    }

    /// <summary>Wipes the plaintext. The wrapped form stays.</summary>
    public void Dispose() => _plaintext?.Dispose();

    /// <summary>What the object is, without anything secret.</summary>
    public override string ToString() =>
        $"KmsDataKey ({KeySpec}, wrapped by {SafeText.Neutralize(KeyId)}, plaintext {(HasPlaintext ? "hidden" : "absent")})";

    /// <summary>Compares two plaintexts without showing where they differ.</summary>
    internal bool HasSamePlaintextAs(KmsDataKey other)
    {
        using KmsSecret.Loan ours = LendPlaintext();
        using KmsSecret.Loan theirs = other.LendPlaintext();
        return CryptographicOperations.FixedTimeEquals(ours.Bytes, theirs.Bytes);
    }

    private KmsSecret CopyPlaintext()
    {
        using KmsSecret.Loan plaintext = LendPlaintext();
        return KmsSecret.CopyOf(plaintext.Bytes);
    }

    private KmsSecret.Loan LendPlaintext()
    {
        KmsSecret secret = _plaintext ?? throw new InvalidOperationException("This data key was made without its plaintext.");
        ObjectDisposedException.ThrowIf(secret.IsDisposed, this);
        return secret.Lend();
    }
}
