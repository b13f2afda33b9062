using System.Text.Json;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Envelopes;
using RustFs.Kms.Backends.Local;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>Published vectors, through our own wrappers of the primitives. Sources and licences stand in the files.</summary>
public sealed class CryptographyVectorTests
{
    [Fact]
    public void AES_GCM_seals_and_opens_what_Wycheproof_says_and_nothing_else()
    {
        (int valid, int invalid) = (0, 0);
        foreach (JsonElement test in Tests("wycheproof-aes-256-gcm.json"))
        {
            string about = $"tcId {test.GetProperty("tcId")}: {test.GetProperty("comment")}";
            (byte[] key, byte[] nonce, byte[] data, byte[] message) = (Hex(test, "key"), Hex(test, "iv"), Hex(test, "aad"), Hex(test, "msg"));
            byte[] sealedMessage = [.. Hex(test, "ct"), .. Hex(test, "tag")];
            using KmsSecret? opened = Aead.TryOpen(key, nonce, sealedMessage, data);
            using var cipher = new AeadCipher(key);
            byte[] inPlace = [.. sealedMessage];
            bool opens = cipher.TryOpen(nonce, inPlace, data);
            if (test.GetProperty("result").GetString() == "valid")
            {
                valid++;
                Assert.True(opens && opened is not null, about);
                Assert.Equal(message, opened.Bytes.ToArray());
                Assert.Equal(message, inPlace[..^AeadCipher.TagLength]);
                Assert.Equal(sealedMessage, Aead.Seal(key, nonce, message, data));
                cipher.Seal(nonce, inPlace, data);
                Assert.Equal(sealedMessage, inPlace);
            }
            else
            {
                invalid++;
                Assert.True(!opens && opened is null, about);
                Assert.All(inPlace, value => Assert.Equal(0, value));
            }
        }

        Assert.Equal((39, 27), (valid, invalid));
    }

    [Fact]
    public void A_public_key_that_leads_to_zeros_is_refused_by_writer_and_reader()
    {
        int count = 0;
        foreach (JsonElement test in Tests("wycheproof-x25519-zero.json"))
        {
            count++;
            byte[] publicKey = Hex(test, "public");
            using KmsSecret privateKey = KmsSecret.CopyOf(Hex(test, "private"));
            Assert.Null(Hpke.Seal(publicKey, [], [], [1]));
            Assert.Null(Hpke.TryOpen(privateKey, publicKey, [], [], new byte[48]));
            string text = Convert.ToBase64String([0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x6E, 0x03, 0x21, 0x00, .. publicKey]);
            Assert.Equal(KmsErrorCode.KmsUsage, Assert.Throws<KmsException>(() => KmsBackends.ReadRecoveryRecipient(text)).Code);
        }

        Assert.Equal(31, count);
    }

    /// <summary>RFC 9180 appendix A.1.1. The suite there has another cipher; the key agreement is the same.</summary>
    [Fact]
    public void The_shared_secret_is_the_one_of_RFC_9180()
    {
        using KmsSecret recipient = Secret("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8");
        using KmsSecret ephemeral = Secret("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736");
        byte[] recipientKey = Hpke.PublicKeyOf(recipient);
        byte[] encapsulated = Hpke.PublicKeyOf(ephemeral);
        Assert.Equal("3948CFE0AD1DDB695D780E59077195DA6C56506B027329794AB02BCA80815C4D", Convert.ToHexString(recipientKey));
        Assert.Equal("37FDA3567BDBD628E88668C3C8D7E97D1D1253B6D4EA6D44C150F741F1BF4431", Convert.ToHexString(encapsulated));
        using KmsSecret? sent = Hpke.Agree(ephemeral, recipientKey, encapsulated, recipientKey);
        using KmsSecret? received = Hpke.Agree(recipient, encapsulated, encapsulated, recipientKey);
        foreach (KmsSecret? shared in new[] { sent, received })
        {
            Assert.Equal("FE0E18C9F024CE43799AE393C7E8FE8FCE9D218875E8227B0187C04E7D2EA1FC", Convert.ToHexString(shared!.Bytes));
        }
    }

    /// <summary>RFC 7748 section 6.1.</summary>
    [Fact]
    public void Public_keys_are_the_ones_of_RFC_7748()
    {
        using KmsSecret alice = Secret("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        using KmsSecret bob = Secret("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        Assert.Equal("8520F0098930A754748B7DDCB43EF75A0DBF3A0D26381AF4EBA4A98EAA9B4E6A", Convert.ToHexString(Hpke.PublicKeyOf(alice)));
        Assert.Equal("DE9EDB7D7B7DC1B4D35B61C2ECE435373F8343C85B78674DADFC7E146F882B4F", Convert.ToHexString(Hpke.PublicKeyOf(bob)));
    }

    private static JsonElement.ArrayEnumerator Tests(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", name))).RootElement.GetProperty("tests").EnumerateArray();

    private static byte[] Hex(JsonElement test, string name) => Convert.FromHexString(test.GetProperty(name).GetString()!);

    private static KmsSecret Secret(string hex) => KmsSecret.CopyOf(Convert.FromHexString(hex));
}
