using System.Buffers;
using System.Buffers.Text;
using System.Collections.ObjectModel;
using System.Text;
using System.Text.Json;

namespace RustFs.Kms.Backends.Wire;

/// <summary>Keys and data keys as servers of all generations write them.</summary>
internal static class WireKey
{
    private const int LongestWord = 32;

    /// <summary>A key from <c>key_metadata</c>, from a list item or from the early guide's flat form; null when it names no key.</summary>
    internal static KmsKey? Read(WireJson json, string? connection)
    {
        // In the early API the name is what every later call asks for; its keyId is accepted nowhere.
        string? keyId = json.Text("keyName") ?? json.Text("key_id");
        if (string.IsNullOrEmpty(keyId))
        {
            return null;
        }

        (DateTimeOffset? createdAt, string? createdAtText) = json.Time("creation_date", "created_at");
        (DateTimeOffset? rotatedAt, string? rotatedAtText) = json.Time("rotated_at");
        (DateTimeOffset? deletionDate, string? deletionDateText) = json.Time("deletion_date");
        string? state = json.Text("key_state", "status");
        bool? enabled = state is null ? json.Flag("enabled") : null;
        return new KmsKey
        {
            KeyId = keyId,
            Connection = connection,
            State = state is not null ? StateOf(state)
                : deletionDateText is not null ? KmsKeyState.PendingDeletion
                : enabled switch { true => KmsKeyState.Enabled, false => KmsKeyState.Disabled, null => KmsKeyState.Unknown },
            StateText = state ?? enabled switch { true => "Enabled", false => "Disabled", null => null },
            Usage = UsageOf(json.Text("key_usage", "usage")),
            Algorithm = json.Text("algorithm"),
            Description = NullIfEmpty(json.Text("description")),
            Tags = json.Map("tags") ?? KmsKey.NoTags,
            CreatedAt = createdAt,
            CreatedAtText = createdAtText,
            RotatedAt = rotatedAt,
            RotatedAtText = rotatedAtText,
            DeletionDate = deletionDate,
            DeletionDateText = deletionDateText,
            CreatedBy = json.Text("created_by"),
            Version = json.Number("version"),
            Origin = json.Text("origin"),
            KeyManager = json.Text("key_manager"),
            RotationDue = json.Flag("rotation_due"),
            RotationDueReason = json.Text("rotation_due_reason"),
        };
    }

    /// <summary>A record that the server cannot read.</summary>
    internal static KmsKey Unreadable(string keyId, string? connection) => new()
    {
        KeyId = keyId,
        Connection = connection,
        IsReadable = false,
        Fault = KmsKeyFault.Unreadable,
        FaultReason = "The server has a record of this key and cannot read it: material missing, altered or of another master key, or a newer layout.",
    };

    /// <summary>The state in any of its spellings: lists say Active and Deleted where descriptions say Enabled and Unavailable.</summary>
    internal static KmsKeyState StateOf(string text) => Letters(text, stackalloc char[LongestWord]) switch
    {
        "active" or "enabled" => KmsKeyState.Enabled,
        "disabled" => KmsKeyState.Disabled,
        "pendingdeletion" => KmsKeyState.PendingDeletion,
        "pendingimport" => KmsKeyState.PendingImport,
        "deleted" or "unavailable" => KmsKeyState.Unavailable,
        _ => KmsKeyState.Unknown,
    };

    internal static KmsKeyUsage UsageOf(string? text) => Letters(text, stackalloc char[LongestWord]) switch
    {
        "encryptdecrypt" => KmsKeyUsage.EncryptDecrypt,
        "signverify" => KmsKeyUsage.SignVerify,
        _ => KmsKeyUsage.Unknown,
    };

    /// <summary>How many bytes a data key of a kind has.</summary>
    internal static int LengthOf(KmsKeySpec spec) => spec == KmsKeySpec.Aes128 ? 16 : 32;

    /// <summary>The wrapped and the plain form of a data key. The plain form goes from the answer's bytes into a secret, never through a string.</summary>
    internal static KmsDataKey ReadDataKey(WireAnswer answer, KmsDataKeyRequest request, string? connection)
    {
        KmsSecret? plaintext = null;
        byte[]? ciphertext = null;
        try
        {
            var json = new Utf8JsonReader(answer.Body.Span, new JsonReaderOptions { MaxDepth = 64 });
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                throw answer.Unusable("it is not a JSON object", request.KeyId);
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                bool isPlaintext = json.ValueTextEquals("plaintext_key"u8) || json.ValueTextEquals("plaintextKey"u8);
                bool isCiphertext = json.ValueTextEquals("ciphertext_blob"u8) || json.ValueTextEquals("ciphertextBlob"u8);
                _ = json.Read();
                if (isPlaintext && json.TokenType == JsonTokenType.String)
                {
                    plaintext?.Dispose();
                    plaintext = Decode(ref json);
                }
                else if (isCiphertext && json.TokenType == JsonTokenType.String)
                {
                    ciphertext = Blob(ref json);
                }
                else
                {
                    json.Skip();
                }
            }

            if (plaintext is null || ciphertext is null or [])
            {
                throw answer.Unusable("the data key or its wrapped form is missing from it, or is not Base64", request.KeyId);
            }

            // The HTTP reference's own example is too short for what it asks for: the length decides, not the claim.
            return plaintext.Length != LengthOf(request.KeySpec)
                ? throw answer.Unusable(
                    $"{request.KeySpec} has {LengthOf(request.KeySpec)} bytes, and the data key in it has {plaintext.Length}", request.KeyId)
                : new KmsDataKey(
                    request.KeyId,
                    request.KeySpec,
                    ciphertext,
                    new ReadOnlyDictionary<string, string>(new Dictionary<string, string>(request.EncryptionContext, StringComparer.Ordinal)),
                    plaintext,
                    connection);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The second: half a surrogate pair. The parser's own text quotes the body.
            plaintext?.Dispose();
            throw answer.Unusable("it is not JSON, or nested too deeply", request.KeyId);
        }
        catch (KmsException)
        {
            plaintext?.Dispose();
            throw;
        }
    }

    private static KmsSecret? Decode(ref Utf8JsonReader json)
    {
        using KmsSecret text = KmsSecret.OfLength(json.HasValueSequence ? checked((int)json.ValueSequence.Length) : json.ValueSpan.Length);
        using KmsSecret bytes = KmsSecret.OfLength(Base64.GetMaxDecodedFromUtf8Length(text.Length));
        int length = json.CopyString(text.Bytes);
        return Base64.DecodeFromUtf8(text.Bytes[..length], bytes.Bytes, out int read, out int written) == OperationStatus.Done && read == length
            ? KmsSecret.CopyOf(bytes.Bytes[..written])
            : null;
    }

    // Early examples show blobs that are no Base64; what cannot be decoded is kept as the text that it is.
    private static byte[]? Blob(ref Utf8JsonReader json)
    {
        try
        {
            return json.TryGetBytesFromBase64(out byte[]? bytes) ? bytes : Encoding.UTF8.GetBytes(json.GetString() ?? string.Empty);
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>A word's ASCII letters in lower case; nothing when there are more than fit, as in none of the words that mean something.</summary>
    private static ReadOnlySpan<char> Letters(string? text, Span<char> letters)
    {
        int count = 0;
        foreach (char character in text ?? string.Empty)
        {
            if (char.IsAsciiLetter(character))
            {
                if (count == letters.Length)
                {
                    return [];
                }

                letters[count++] = char.ToLowerInvariant(character);
            }
        }

        return letters[..count];
    }
}
