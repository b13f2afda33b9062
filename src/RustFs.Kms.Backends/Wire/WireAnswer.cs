using System.Collections.ObjectModel;
using System.Security.Cryptography;
using System.Text.Json;

namespace RustFs.Kms.Backends.Wire;

/// <summary>An answer of a server, read to its end. Its body may hold a data key, so it is wiped when it is disposed of.</summary>
internal sealed class WireAnswer(int status, byte[] buffer, int length, string? requestId) : IDisposable
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64 };

    // Some proxies and files put one before JSON; it is no part of it.
    private readonly int _start = buffer.AsSpan(0, length).StartsWith("\uFEFF"u8) ? 3 : 0;
    private JsonDocument? _document;
    private WireJson _json;
    private KmsWireError? _error;
    private bool _judged;

    internal int Status { get; } = status;

    internal string? RequestId { get; } = requestId;

    /// <summary>What S3 says of an object beside its bytes: how it is encrypted, and its version.</summary>
    internal IReadOnlyDictionary<string, string> ObjectHeaders { get; init; } = NoObjectHeaders;

    /// <summary>What an answer about no object says of it.</summary>
    internal static IReadOnlyDictionary<string, string> NoObjectHeaders => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The bytes as they came.</summary>
    internal ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, length);

    /// <summary>The bytes as text or JSON.</summary>
    internal ReadOnlyMemory<byte> Body => buffer.AsMemory(_start, length - _start);

    /// <summary>The refusal in it; null when it is none.</summary>
    internal KmsWireError? Error
    {
        get
        {
            if (!_judged)
            {
                _error = KmsWireError.Of(this);
                _judged = true;
            }

            return _error;
        }
    }

    internal bool IsEmpty => Body.Span.Trim(" \t\r\n"u8).IsEmpty;

    /// <summary>The body as JSON. It is read in place, since it may hold a data key, and goes with the answer.</summary>
    /// <exception cref="KmsException">It is none.</exception>
    internal WireJson Json => !TryParse() ? throw NoJson() : _json.IsObject ? _json : throw Unusable("it is JSON, but not an object");

    /// <summary>Overwrites a secret of the request, which some servers and proxies repeat when they cannot read it, before anybody reads it.</summary>
    internal void Hide(KmsSecret secret)
    {
        const int Shortest = 4; // what is shorter is in every text
        using KmsSecret.Loan loan = secret.Lend();
        Span<byte> rest = buffer.AsSpan(0, length);
        while (loan.Bytes.Length >= Shortest && rest.IndexOf(loan.Bytes) is >= 0 and int place)
        {
            rest.Slice(place, loan.Bytes.Length).Fill((byte)'*');
            rest = rest[(place + loan.Bytes.Length)..];
        }
    }

    /// <summary>Whether the body is JSON, which <see cref="Json"/> then gives.</summary>
    internal bool TryParse()
    {
        try
        {
            if (_document is null)
            {
                _document = JsonDocument.Parse(Body, s_options);
                _json = new WireJson(_document.RootElement);
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _document?.Dispose();
        CryptographicOperations.ZeroMemory(buffer);
    }

    /// <summary>That the answer is none which this API gives. Nothing of the body is repeated: it may hold a secret.</summary>
    internal KmsException Unusable(string why, string? target = null, Exception? cause = null) =>
        new(KmsErrorCode.KmsProtocol, $"The server's answer cannot be used: {why}.", target, innerException: cause)
        {
            HttpStatus = Status,
            RequestId = RequestId,
        };

    /// <summary>That the server did something else than it was asked for, and says so.</summary>
    internal KmsException Contrary(string message, string? target) =>
        new(KmsErrorCode.KmsServerError, message, target) { HttpStatus = Status, RequestId = RequestId };

    // Without the parser's own text, which quotes the body.
    private KmsException NoJson() => Unusable(Body.Span.TrimStart(" \t\r\n"u8) switch
    {
        [] => "it is empty",
        [(byte)'<', ..] => "it is a web page or an XML document, not JSON; is this the port of the S3 API, not of the console",
        _ => "it is not JSON, or nested too deeply",
    });
}
