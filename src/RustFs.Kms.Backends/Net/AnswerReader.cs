using System.Net.Http.Headers;
using System.Security.Cryptography;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Net;

/// <summary>Reads answers to their end, bounded in size; the bytes are wiped with the answer, since they may hold a secret.</summary>
internal static class AnswerReader
{
    private const int MaximumAnswer = 16 * 1024 * 1024;
    private static readonly string[] s_objectHeaders = ["x-amz-server-side-encryption", "x-amz-version-id", "x-amz-delete-marker"];

    /// <summary>Reads an answer's body to its end.</summary>
    /// <exception cref="KmsException">It is compressed, or larger than 16 MiB.</exception>
    internal static async Task<WireAnswer> ReadAsync(HttpResponseMessage response, string? requestId, CancellationToken cancellationToken)
    {
        KmsException Refuse(string why) => new(KmsErrorCode.KmsProtocol, $"The server's answer cannot be used: {why}.");

        // Asking for the header's parsed form makes one, also where the header is not.
        if (response.Content.Headers.NonValidated.Contains("Content-Encoding")
            && response.Content.Headers.ContentEncoding.Any(coding => coding != "identity"))
        {
            throw Refuse("it is compressed, though the request allowed only plain answers");
        }

        long? declared = response.Content.Headers.ContentLength;
        if (declared > MaximumAnswer)
        {
            throw Refuse("it is larger than 16 MiB");
        }

        byte[] buffer = new byte[(int)(declared ?? 4096)];
        int length = 0;
        try
        {
            Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                while (true)
                {
                    if (length == buffer.Length)
                    {
                        // Whole when its declared length is there: the stream itself notices when bytes are missing.
                        byte[] one = new byte[1];
                        if (await body.ReadAsync(one, cancellationToken).ConfigureAwait(false) == 0)
                        {
                            break;
                        }

                        if (length >= MaximumAnswer)
                        {
                            throw Refuse("it is larger than 16 MiB");
                        }

                        byte[] larger = new byte[Math.Clamp(length * 2, 4096, MaximumAnswer)];
                        buffer.AsSpan(0, length).CopyTo(larger);
                        CryptographicOperations.ZeroMemory(buffer);
                        buffer = larger;
                        buffer[length++] = one[0];
                        CryptographicOperations.ZeroMemory(one);
                    }

                    int read = await body.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                    if (read == 0)
                    {
                        break;
                    }

                    length += read;
                }
            }

            return new WireAnswer((int)response.StatusCode, buffer, length, requestId)
            {
                ObjectHeaders = ObjectHeadersOf(response),
            };
        }
        catch
        {
            CryptographicOperations.ZeroMemory(buffer);
            throw;
        }
    }

    private static IReadOnlyDictionary<string, string> ObjectHeadersOf(HttpResponseMessage response)
    {
        Dictionary<string, string>? found = null;
        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated)
        {
            foreach (string start in s_objectHeaders)
            {
                if (name.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                {
                    found ??= new(StringComparer.OrdinalIgnoreCase);
                    found[name] = values.First();
                }
            }
        }

        return found ?? WireAnswer.NoObjectHeaders;
    }

    /// <summary>The id under which the server logged the request; null when it gave none.</summary>
    internal static string? RequestIdOf(HttpResponseMessage response)
    {
        foreach (string name in (ReadOnlySpan<string>)["x-request-id", "x-amz-request-id"])
        {
            if (response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) && WireText.Clean(values.FirstOrDefault(), 200) is { } id)
            {
                return id;
            }
        }

        return null;
    }
}
