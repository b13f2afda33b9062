using System.Text;
using System.Xml;

namespace RustFs.Kms.Backends.Wire;

/// <summary>
/// A server's refusal, read from any of the bodies that RustFS's generations send: the S3 error document, <c>success:false</c>,
/// flat or nested <c>code</c> and <c>message</c>, <c>error</c>, bare text, nothing at all. Rules: http-api.md 5.
/// </summary>
internal sealed record KmsWireError
{
    private const string NotInitialized = "not initialized";

    // What a code means, whatever the status. InternalError and its like say nothing; their text does.
    private static readonly Dictionary<string, KmsErrorCode> s_codes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["AccessDenied"] = KmsErrorCode.KmsAccessDenied,
        ["AuthorizationQueryParametersError"] = KmsErrorCode.KmsAuthentication,
        ["BackendNotSupported"] = KmsErrorCode.KmsUnsupported,
        ["BucketNotFound"] = KmsErrorCode.KmsNotFound,
        ["Conflict"] = KmsErrorCode.KmsConflict,
        ["DecryptionFailed"] = KmsErrorCode.KmsIntegrity,
        ["EncryptionFailed"] = KmsErrorCode.KmsServerError,
        ["ExpiredToken"] = KmsErrorCode.KmsAuthentication,
        ["InvalidAccessKeyId"] = KmsErrorCode.KmsAuthentication,
        ["InvalidArgument"] = KmsErrorCode.KmsUsage,
        ["InvalidConfiguration"] = KmsErrorCode.KmsUsage,
        ["InvalidKeyState"] = KmsErrorCode.KmsPreconditionFailed,
        ["InvalidToken"] = KmsErrorCode.KmsAuthentication,
        ["InvalidURI"] = KmsErrorCode.KmsUsage,
        ["KeyAlreadyExists"] = KmsErrorCode.KmsConflict,
        ["KeyNotFound"] = KmsErrorCode.KmsKeyNotFound,
        ["KeyTooLongError"] = KmsErrorCode.KmsUsage,
        ["KMSNotConfigured"] = KmsErrorCode.KmsNotConfigured,
        ["MissingContentLength"] = KmsErrorCode.KmsProtocol,
        ["MissingParameter"] = KmsErrorCode.KmsUsage,
        ["NoSuchBucket"] = KmsErrorCode.KmsNotFound,
        ["NoSuchKey"] = KmsErrorCode.KmsKeyNotFound,
        ["NotImplemented"] = KmsErrorCode.KmsUnsupported,
        ["OperationNotSupported"] = KmsErrorCode.KmsUnsupported,
        ["RequestTimeTooSkewed"] = KmsErrorCode.KmsClockSkew,
        ["ServiceNotConfigured"] = KmsErrorCode.KmsNotConfigured,
        ["ServiceNotRunning"] = KmsErrorCode.KmsNotRunning,
        ["SignatureDoesNotMatch"] = KmsErrorCode.KmsAuthentication,
        ["UnauthorizedAccess"] = KmsErrorCode.KmsAuthentication,
        ["UnsupportedKmsType"] = KmsErrorCode.KmsUnsupported,
    };

    // What a text means, in this order: the server's error types have fixed beginnings, and many routes answer 500 to all of them.
    private static readonly (string Text, KmsErrorCode Code, KmsKeyFault Fault)[] s_texts =
    [
        ("Signature is required", KmsErrorCode.KmsAuthentication, default),
        ("authentication required", KmsErrorCode.KmsAuthentication, default),
        ("Request has expired", KmsErrorCode.KmsAuthentication, default),
        ("check claims failed", KmsErrorCode.KmsAuthentication, default),
        ("ErrAccessKeyDisabled", KmsErrorCode.KmsAuthentication, default),
        ("check key failed", KmsErrorCode.KmsAuthentication, default),
        ("is still referenced by", KmsErrorCode.KmsKeyStillReferenced, default),
        ("Key material missing for key", KmsErrorCode.KmsKeyDamaged, KmsKeyFault.MaterialMissing),
        ("Key material corrupt for key", KmsErrorCode.KmsKeyDamaged, KmsKeyFault.MaterialCorrupt),
        ("Key material authentication failed for key", KmsErrorCode.KmsKeyDamaged, KmsKeyFault.MaterialAuthenticationFailed),
        ("Unsupported key format version", KmsErrorCode.KmsKeyDamaged, KmsKeyFault.UnsupportedFormatVersion),
        ("Key not found:", KmsErrorCode.KmsKeyNotFound, default),
        ("specified key does not exist", KmsErrorCode.KmsKeyNotFound, default),
        ("Key already exists:", KmsErrorCode.KmsConflict, default),
        ("while it is running", KmsErrorCode.KmsConflict, default),
        ("already running", KmsErrorCode.KmsConflict, default),
        ("no configuration provided", KmsErrorCode.KmsNotConfigured, default),
        ("KMS is not configured", KmsErrorCode.KmsNotConfigured, default),
        (NotInitialized, KmsErrorCode.KmsNotRunning, default),
        ("kms service is not running", KmsErrorCode.KmsNotRunning, default),
        ("KMS service not running", KmsErrorCode.KmsNotRunning, default),
        ("is not supported by KMS backend", KmsErrorCode.KmsUnsupported, default),
        ("is read-only", KmsErrorCode.KmsUnsupported, default),
        ("pending_window_in_days must be", KmsErrorCode.KmsUsage, default),
        ("requires confirm_key_id", KmsErrorCode.KmsUsage, default),
        ("identifies the key and cannot be", KmsErrorCode.KmsUsage, default),
        ("Invalid key: key identifier must", KmsErrorCode.KmsUsage, default),
        ("Validation error:", KmsErrorCode.KmsUsage, default),
        ("Invalid operation:", KmsErrorCode.KmsPreconditionFailed, default),
        ("Invalid key:", KmsErrorCode.KmsKeyDamaged, KmsKeyFault.InvalidKey),
        ("Encryption context mismatch:", KmsErrorCode.KmsIntegrity, default),
        ("Operation timed out:", KmsErrorCode.KmsTimeout, default),
        ("Changing the Local KMS", KmsErrorCode.KmsPreconditionFailed, default),
        ("Changing from the Local KMS", KmsErrorCode.KmsPreconditionFailed, default),
        ("unknown service", KmsErrorCode.KmsUsage, default),
    ];

    private KmsWireError()
    {
    }

    private enum BodyKind
    {
        Text,
        Json,
        Xml,
    }

    /// <summary>The reason.</summary>
    internal KmsErrorCode Code { get; private init; }

    /// <summary>What is wrong with the key record.</summary>
    internal KmsKeyFault Fault { get; private init; }

    /// <summary>The HTTP status.</summary>
    internal int Status { get; private init; }

    /// <summary>The server's own code, where it sent one.</summary>
    internal string? ServerCode { get; private init; }

    /// <summary>The text for people: the server's, cleaned, or what the status means.</summary>
    internal required string Message { get; init; }

    /// <summary>The id under which the server logged the request.</summary>
    internal string? RequestId { get; private init; }

    /// <summary>Whether the server has no such route, as opposed to a backend that cannot do this.</summary>
    internal bool IsUnknownRoute { get; private init; }

    /// <summary>Whether the server could not read the body's spelling, and hence did nothing.</summary>
    internal bool IsSpelling { get; private init; }

    /// <summary>The refusal in an answer; null when it is none.</summary>
    internal static KmsWireError? Of(WireAnswer answer)
    {
        ReadOnlySpan<byte> body = answer.Body.Span.TrimStart(" \t\r\n"u8);
        bool failed = answer.Status is < 200 or >= 300;
        if (body is [(byte)'{', ..] && answer.TryParse())
        {
            return OfJson(answer, answer.Json, failed);
        }

        // What looks like JSON and is none is read as text, or refused where JSON is needed.

        return body switch
        {
            _ when !failed => null,
            [(byte)'<', ..] => OfXml(answer, body),
            _ => Map(answer, code: null, Encoding.UTF8.GetString(body[..Math.Min(body.Length, 4000)]), BodyKind.Text, requestId: null),
        };
    }

    /// <summary>The refusal as what crosses the seam.</summary>
    internal KmsException ToException(string? target) =>
        new(Code, Message, target, Fault) { HttpStatus = Status, RequestId = RequestId };

    private static KmsWireError? OfJson(WireAnswer answer, WireJson json, bool failed)
    {
        WireJson nested = json.Object("error");
        string? code = json.Text("code") ?? nested.Text("code");
        string? message = json.Text("message") ?? nested.Text("message") ?? json.Text("error") ?? json.Text("description");
        string? requestId = json.Text("request_id") ?? nested.Text("request_id");
        return failed || json.Flag("success") == false || code is not null || nested.IsObject
            ? Map(answer, code, message, BodyKind.Json, requestId)
            : null;
    }

    private static KmsWireError OfXml(WireAnswer answer, ReadOnlySpan<byte> body)
    {
        string? code = null;
        string? message = null;
        string? requestId = null;
        try
        {
            using var stream = new MemoryStream(body.ToArray());
            using var xml = XmlReader.Create(stream, new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                MaxCharactersInDocument = 1_000_000,
            });
            if (xml.MoveToContent() == XmlNodeType.Element && xml.LocalName == "Error")
            {
                string? element = null;
                while (xml.Read())
                {
                    if (xml.NodeType == XmlNodeType.Element)
                    {
                        element = xml.Depth == 1 ? xml.LocalName : null;
                    }
                    else if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA)
                    {
                        code = element == "Code" ? xml.Value : code;
                        message = element == "Message" ? xml.Value : message;
                        requestId = element == "RequestId" ? xml.Value : requestId;
                    }
                }
            }
        }
        catch (XmlException)
        {
            code = null; // a web page; what was read of it says nothing
        }

        return code is null ? OfForeignPage(answer) : Map(answer, code, message, BodyKind.Xml, requestId);
    }

    private static KmsWireError OfForeignPage(WireAnswer answer) => new()
    {
        Code = answer.Status is 502 ? KmsErrorCode.KmsNetwork
            : answer.Status is 504 ? KmsErrorCode.KmsTimeout
            : answer.Status is 503 ? KmsErrorCode.KmsServerError
            : KmsErrorCode.KmsProtocol,
        Status = answer.Status,
        Message = $"The answer (HTTP {answer.Status}) is a web page, not one of the KMS API: a proxy's, or the console's, whose port is often "
            + "9001 while the API's is 9000.",
        RequestId = answer.RequestId,
        IsUnknownRoute = answer.Status is 404 or 405,
    };

    private static KmsWireError Map(WireAnswer answer, string? code, string? text, BodyKind body, string? requestId)
    {
        string? message = WireText.Clean(text);
        (KmsErrorCode reason, KmsKeyFault fault) = Reason(answer.Status, code, message, body == BodyKind.Json);
        bool unknownRoute = (answer.Status == 501 && body == BodyKind.Xml && message is null) || (answer.Status is 404 or 405 or 426 && code is null && message is null);
        return new KmsWireError
        {
            Code = reason,
            Fault = fault,
            Status = answer.Status,
            ServerCode = WireText.Clean(code, 100),
            Message = message ?? (unknownRoute
                ? "The server has no such route: its KMS API is of another generation, or it has none."
                : Describe(answer.Status, WireText.Clean(code, 100))),
            RequestId = answer.RequestId ?? WireText.Clean(requestId, 200),
            IsUnknownRoute = unknownRoute,
            IsSpelling = answer.Status == 400 && message?.StartsWith("invalid JSON", StringComparison.OrdinalIgnoreCase) == true,
        };
    }

    private static (KmsErrorCode Code, KmsKeyFault Fault) Reason(int status, string? code, string? message, bool isJson)
    {
        if (code is not null && s_codes.TryGetValue(code, out KmsErrorCode known) && known is not KmsErrorCode.KmsAccessDenied
            && !(code == "NotImplemented" && message is not null))
        {
            return (known, default);
        }

        foreach ((string text, KmsErrorCode meaning, KmsKeyFault fault) in s_texts)
        {
            if (message?.Contains(text, StringComparison.OrdinalIgnoreCase) == true)
            {
                return (meaning, fault);
            }
        }

        return (code, status) switch
        {
            ("AccessDenied", 401) => (KmsErrorCode.KmsAuthentication, default),
            ("AccessDenied", _) => (KmsErrorCode.KmsAccessDenied, default),
            ("NotFound", _) => (KmsErrorCode.KmsKeyNotFound, default),
            ("InternalError" or "BackendError" or "ConfigurationFailed", _) => (KmsErrorCode.KmsServerError, default),
            _ when message?.Contains("Configuration error:", StringComparison.Ordinal) == true && status < 500 => (KmsErrorCode.KmsUsage, default),
            (_, >= 200 and < 300) => (KmsErrorCode.KmsServerError, default),
            (_, 400) => (message?.StartsWith("failed to read request body", StringComparison.Ordinal) == true
                ? KmsErrorCode.KmsProtocol
                : message?.Contains("header: ", StringComparison.Ordinal) == true || message?.StartsWith("invalid credential", StringComparison.Ordinal) == true
                    ? KmsErrorCode.KmsAuthentication
                    : KmsErrorCode.KmsUsage, default),
            (_, 401) => (KmsErrorCode.KmsAuthentication, default),
            (_, 403) => (KmsErrorCode.KmsAccessDenied, default),
            (_, 404) => (isJson ? KmsErrorCode.KmsKeyNotFound : message is null ? KmsErrorCode.KmsUnsupported : KmsErrorCode.KmsNotFound, default),
            (_, 405 or 426 or 501) => (KmsErrorCode.KmsUnsupported, default),
            (_, 409 or 412) => (KmsErrorCode.KmsPreconditionFailed, default),
            (_, 407 or 502) => (KmsErrorCode.KmsNetwork, default),
            (_, 504) => (KmsErrorCode.KmsTimeout, default),
            (_, 429 or >= 500) => (KmsErrorCode.KmsServerError, default),
            _ => (KmsErrorCode.KmsProtocol, default),
        };
    }

    private static string Describe(int status, string? code) => (code, status) switch
    {
        ("SignatureDoesNotMatch", _) => "The server computed another signature than the one that was sent.",
        (not null, _) => $"The server answered with {code} (HTTP {status}) and gave no reason.",
        (_, 401) => "The server wants a credential (HTTP 401).",
        (_, 407) => "The proxy wants a credential (HTTP 407).",
        (_, 429) => "The server has had too many requests for now (HTTP 429).",
        (_, 502 or 503 or 504) => $"The server, or a proxy before it, is not available (HTTP {status}).",
        _ => $"The server answered with HTTP {status} and gave no reason.",
    };
}
