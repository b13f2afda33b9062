namespace RustFs.Kms.Backends.Emulator;

/// <summary>Making data keys: the one answer with a secret in it. Rule: http-api.md 2.21.</summary>
internal sealed class DataKeyHandlers(AdminContext context)
{
    internal async Task<HttpAnswer> GenerateAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        KmsDataKeyRequest request = Exchange.Of(() => Read(body));
        using RunningKms.Loan kms = context.Service.TryBorrow() ?? throw WireFault.Internal(ManagementHandlers.NotRunning);
        try
        {
            using KmsDataKey dataKey = await AdminContext.RunAsync(
                kms, request.KeyId, "data key generation", (_, token) => kms.Backend.GenerateDataKeyAsync(request, token), exchange.CancellationToken)
                .ConfigureAwait(false);
            using var plaintext = KmsSecret.OfLength(dataKey.PlaintextLength);
            dataKey.CopyPlaintextTo(plaintext.Array);
            int capacity = (dataKey.CiphertextBlob.Length * 2) + (request.KeyId.Length * 6) + 1024;
            return Answers.SecretJson(capacity, json =>
            {
                json.WriteString("key_id", request.KeyId);
                json.WriteBase64String("plaintext_key", plaintext.Bytes);
                json.WriteBase64String("ciphertext_blob", dataKey.CiphertextBlob);
            });
        }
        catch (ServerErrorException exception)
        {
            throw WireFault.Internal($"failed to generate data key: {exception.Error.Text}");
        }
    }

    private KmsDataKeyRequest Read(byte[] body)
    {
        if (body.Length == 0)
        {
            throw new JsonFault("EOF while parsing a value at line 1 column 0");
        }

        JsonFields fields = context.IsGuide ? JsonFields.Parse(body) : Exchange.Parse(body, "key_id", "key_spec", "encryption_context")!;
        string spec = context.IsGuide ? GuideForms.KeySpec(fields) : fields.RequiredText("key_spec");
        return new KmsDataKeyRequest
        {
            KeyId = fields.RequiredText("key_id"),
            KeySpec = spec switch
            {
                "Aes256" => KmsKeySpec.Aes256,
                "Aes128" => KmsKeySpec.Aes128,
                "ChaCha20" => KmsKeySpec.ChaCha20,
                _ => throw new JsonFault($"unknown variant `{spec}`, expected one of `Aes256`, `Aes128`, `ChaCha20`"),
            },
            EncryptionContext = fields.OptionalMap("encryption_context") ?? (IReadOnlyDictionary<string, string>)KmsKey.NoTags,
        };
    }
}
