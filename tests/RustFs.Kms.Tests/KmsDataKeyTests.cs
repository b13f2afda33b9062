using System.Collections.ObjectModel;
using System.Runtime.InteropServices;
using System.Security;
using System.Text;
using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests;

/// <summary>The plaintext is reached on purpose only, and goes away.</summary>
public sealed class KmsDataKeyTests
{
    private static readonly byte[] s_plaintext = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];

    [Fact]
    public void Every_way_to_the_plaintext_gives_it()
    {
        using KmsDataKey dataKey = Make();
        byte[] copy = new byte[40];
        dataKey.CopyPlaintextTo(copy);
        using SecureString secure = dataKey.ToSecureString();
        nint text = Marshal.SecureStringToBSTR(secure);

        Assert.Equal(s_plaintext, copy[..32]);
        Assert.Equal(32, dataKey.PlaintextLength);
        Assert.Equal(s_plaintext, (byte[])dataKey.UsePlaintext(bytes => bytes.ToArray())!);
        Assert.Equal(Convert.ToBase64String(s_plaintext), Marshal.PtrToStringBSTR(text));
        Marshal.ZeroFreeBSTR(text);
    }

    [Fact]
    public void What_was_lent_is_wiped_afterwards_also_when_the_borrower_fails()
    {
        using KmsDataKey dataKey = Make();
        byte[]? lent = null;
        dataKey.UsePlaintext(bytes => lent = bytes);
        Assert.Equal(new byte[32], lent);

        Assert.Throws<InvalidOperationException>(() => dataKey.UsePlaintext(bytes =>
        {
            lent = bytes;
            throw new InvalidOperationException();
        }));
        Assert.Equal(new byte[32], lent);
        Assert.True(dataKey.HasPlaintext);
    }

    [Fact]
    public void After_dispose_the_wrapped_form_stays_and_the_plaintext_is_gone()
    {
        KmsSecret secret = KmsSecret.CopyOf(s_plaintext);
        byte[] buffer = secret.Array;
        KmsDataKey dataKey = Make(secret);
        dataKey.Dispose();
        dataKey.Dispose();

        Assert.Equal(new byte[32], buffer);
        Assert.False(dataKey.HasPlaintext);
        Assert.Equal([9, 9], dataKey.CiphertextBlob);
        Assert.Throws<ObjectDisposedException>(() => dataKey.CopyPlaintextTo(new byte[32]));
        Assert.Throws<ObjectDisposedException>(() => dataKey.ToSecureString());
        Assert.Throws<ObjectDisposedException>(() => dataKey.UsePlaintext(_ => null));
    }

    [Fact]
    public void A_data_key_without_plaintext_says_so()
    {
        using KmsDataKey dataKey = Make(secret: null);
        Assert.False(dataKey.HasPlaintext);
        Assert.Equal(0, dataKey.PlaintextLength);
        Assert.Throws<InvalidOperationException>(() => dataKey.CopyPlaintextTo(new byte[32]));
    }

    [Fact]
    public void A_short_buffer_is_refused_and_stays_empty()
    {
        using KmsDataKey dataKey = Make();
        byte[] tooShort = new byte[31];
        Assert.Throws<ArgumentException>(() => dataKey.CopyPlaintextTo(tooShort));
        Assert.Equal(new byte[31], tooShort);
    }

    [Fact]
    public void No_text_form_shows_it()
    {
        using KmsDataKey dataKey = Make();
        string shown = $"{dataKey} {JsonSerializer.Serialize(dataKey)}";
        foreach (string form in (string[])
                 [Convert.ToBase64String(s_plaintext), Convert.ToHexString(s_plaintext), Encoding.Latin1.GetString(s_plaintext), "1,2,3,4,5"])
        {
            Assert.DoesNotContain(form, shown, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void A_secure_string_becomes_its_UTF8_bytes_untrimmed()
    {
        using var text = new SecureString();
        foreach (char character in " pä\n🔑")
        {
            text.AppendChar(character);
        }

        using KmsSecret secret = KmsSecret.FromSecureString(text);
        Assert.Equal(" pä\n🔑"u8.ToArray(), secret.Array);
        Assert.Equal("(secret)", secret.ToString());
    }

    private static KmsDataKey Make() => Make(KmsSecret.CopyOf(s_plaintext));

    private static KmsDataKey Make(KmsSecret? secret) =>
        new("k", KmsKeySpec.Aes256, [9, 9], new ReadOnlyDictionary<string, string>(new Dictionary<string, string>()), secret, "c");
}
