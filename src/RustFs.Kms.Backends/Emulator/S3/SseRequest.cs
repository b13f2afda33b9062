using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>What the headers of a request ask for: managed encryption, a customer's key, or nothing.</summary>
internal sealed class SseRequest : IDisposable
{
    private const string Customer = "x-amz-server-side-encryption-customer-";

    private SseRequest(string? kind, string? keyId, Dictionary<string, string> context, KmsSecret? customerKey, string? customerKeyMd5)
    {
        Kind = kind;
        KeyId = keyId;
        Context = context;
        CustomerKey = customerKey;
        CustomerKeyMd5 = customerKeyMd5;
    }

    internal string? Kind { get; }

    internal string? KeyId { get; }

    internal Dictionary<string, string> Context { get; }

    internal KmsSecret? CustomerKey { get; }

    internal string? CustomerKeyMd5 { get; }

    /// <exception cref="WireFault">The headers contradict each other or are malformed.</exception>
    internal static SseRequest Read(HttpCall call)
    {
        string? kind = call.Header("x-amz-server-side-encryption");
        string? keyId = call.Header("x-amz-server-side-encryption-aws-kms-key-id");
        (KmsSecret? customerKey, string? md5) = ReadCustomerKey(call);
        if (customerKey is not null && kind is not null)
        {
            customerKey.Dispose();
            throw Invalid("Server side encryption with customer provided keys and with managed keys exclude each other.");
        }

        if (kind is not (null or ObjectProtection.SseS3 or ObjectProtection.SseKms))
        {
            throw new WireFault(400, "InvalidArgument", "The encryption method specified is not supported");
        }

        if (keyId is not null && kind != ObjectProtection.SseKms)
        {
            throw new WireFault(400, "InvalidArgument", "A KMS key id goes with aws:kms only.");
        }

        return new SseRequest(
            customerKey is null ? kind : ObjectProtection.SseC, keyId, ReadContext(call), customerKey, md5);
    }

    public void Dispose() => CustomerKey?.Dispose();

    private static WireFault Invalid(string text) => WireFault.InvalidRequest(text);

    private static Dictionary<string, string> ReadContext(HttpCall call)
    {
        if (call.Header("x-amz-server-side-encryption-context") is not { } text)
        {
            return [];
        }

        try
        {
            byte[] json = [.. "{\"context\":"u8, .. Convert.FromBase64String(text), (byte)'}'];
            return JsonFields.Parse(json).OptionalMap("context") ?? [];
        }
        catch (Exception exception) when (exception is FormatException or JsonFault)
        {
            throw new WireFault(400, "InvalidArgument", "The encryption context is not Base64 of a JSON object of strings.");
        }
    }

    private static (KmsSecret? Key, string? Md5) ReadCustomerKey(HttpCall call)
    {
        string? algorithm = call.Header(Customer + "algorithm");
        string? key = call.Header(Customer + "key");
        string? md5 = call.Header(Customer + "key-md5");
        if (algorithm is null && key is null && md5 is null)
        {
            return default;
        }

        if (algorithm is null || key is null || md5 is null)
        {
            throw Invalid("Server side encryption with customer provided keys needs the headers algorithm, key and key-MD5.");
        }

        if (algorithm != "AES256")
        {
            throw new WireFault(400, "InvalidEncryptionAlgorithmError", "The encryption request you specified is not valid. The valid value is AES256.");
        }

        var secret = KmsSecret.OfLength(32);
        if (!TryDecode(key, secret.Bytes))
        {
            secret.Dispose();
            throw Invalid("The customer provided key is not Base64 of 32 bytes.");
        }

#pragma warning disable CA5351 // MD5 is what the S3 API compares keys by; nothing is protected with it.
        string actual = Convert.ToBase64String(MD5.HashData(secret.Bytes));
#pragma warning restore CA5351
        if (actual != md5)
        {
            secret.Dispose();
            throw Invalid("The calculated MD5 hash of the customer provided key does not match the hash that was provided.");
        }

        return (secret, md5);
    }

    private static bool TryDecode(string text, Span<byte> key)
    {
        byte[] utf8 = Encoding.ASCII.GetBytes(text);
        try
        {
            return utf8.Length == 44
                && System.Buffers.Text.Base64.DecodeFromUtf8InPlace(utf8, out int length) == System.Buffers.OperationStatus.Done
                && length == key.Length
                && utf8.AsSpan(0, length).TryCopyTo(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(utf8);
        }
    }
}
