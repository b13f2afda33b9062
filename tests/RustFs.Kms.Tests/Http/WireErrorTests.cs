using System.Text;
using RustFs.Kms.Backends.Wire;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>Every refusal of http-api.md 5, in the body and with the status that servers give it, and what it comes to.</summary>
public sealed class WireErrorTests
{
    private static string Xml(string code, string? message) =>
        $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>{(message is null ? string.Empty : $"<Message>{System.Security.SecurityElement.Escape(message)}</Message>")}</Error>";

    private static string Modern(string message) => $$"""{"success":false,"message":{{System.Text.Json.JsonSerializer.Serialize(message)}},"key_id":""}""";

    public static TheoryData<int, string, KmsErrorCode> Table { get; } = new()
    {
        // 5.1 XML codes
        { 403, Xml("AccessDenied", "Signature is required"), KmsErrorCode.KmsAuthentication },
        { 403, Xml("AccessDenied", "Access Denied"), KmsErrorCode.KmsAccessDenied },
        { 403, Xml("AccessDenied", "Request has expired"), KmsErrorCode.KmsAuthentication },
        { 403, Xml("InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records."), KmsErrorCode.KmsAuthentication },
        { 403, Xml("InvalidAccessKeyId", "check key failed"), KmsErrorCode.KmsAuthentication },
        { 403, Xml("SignatureDoesNotMatch", null), KmsErrorCode.KmsAuthentication },
        { 403, Xml("SignatureDoesNotMatch", "credential scope date does not match x-amz-date"), KmsErrorCode.KmsAuthentication },
        { 403, Xml("RequestTimeTooSkewed", "request time is too far from server time"), KmsErrorCode.KmsClockSkew },
        { 401, Xml("UnauthorizedAccess", null), KmsErrorCode.KmsAuthentication },
        { 400, Xml("InvalidRequest", "invalid header: authorization"), KmsErrorCode.KmsAuthentication },
        { 400, Xml("InvalidRequest", "missing header: x-amz-date"), KmsErrorCode.KmsAuthentication },
        { 400, Xml("InvalidRequest", "ErrAccessKeyDisabled"), KmsErrorCode.KmsAuthentication },
        { 400, Xml("InvalidRequest", "check key failed"), KmsErrorCode.KmsAuthentication },
        { 400, Xml("InvalidRequest", "invalid JSON: unknown field `KeyUsage`"), KmsErrorCode.KmsUsage },
        { 400, Xml("InvalidRequest", "a request body is required"), KmsErrorCode.KmsUsage },
        { 400, Xml("InvalidRequest", "missing required parameter: 'keyId'"), KmsErrorCode.KmsUsage },
        { 400, Xml("InvalidRequest", "failed to read request body: too large"), KmsErrorCode.KmsProtocol },
        { 400, Xml("InvalidArgument", "invalid limit 'x': expected a non-negative integer"), KmsErrorCode.KmsUsage },
        { 400, Xml("AuthorizationQueryParametersError", null), KmsErrorCode.KmsAuthentication },
        { 400, Xml("InvalidURI", null), KmsErrorCode.KmsUsage },
        { 400, Xml("KeyTooLongError", null), KmsErrorCode.KmsUsage },
        { 411, Xml("MissingContentLength", "missing header: content-length"), KmsErrorCode.KmsProtocol },
        { 429, Xml("TooManyRequests", "slow down"), KmsErrorCode.KmsServerError },
        { 501, Xml("NotImplemented", null), KmsErrorCode.KmsUnsupported },
        { 501, Xml("NotImplemented", "unknown service 'execute-api' in credential scope; expected 's3' or 'sts'"), KmsErrorCode.KmsUsage },
        { 500, Xml("InternalError", "KMS service not initialized"), KmsErrorCode.KmsNotRunning },
        { 500, Xml("InternalError", "kms service is not initialized"), KmsErrorCode.KmsNotRunning },
        { 500, Xml("InternalError", "check claims failed Error { code: InternalError, message: \"invalid token2\" }"), KmsErrorCode.KmsAuthentication },
        { 500, Xml("InternalError", "iam not init"), KmsErrorCode.KmsServerError },
        { 500, Xml("InternalError", "IAM user lookup failed"), KmsErrorCode.KmsServerError },
        { 503, Xml("ServiceUnavailable", "server context is not ready"), KmsErrorCode.KmsServerError },
        { 426, string.Empty, KmsErrorCode.KmsUnsupported },

        // 5.2 KMS errors, by route
        { 404, Modern("Failed to describe key: Key not found: app"), KmsErrorCode.KmsKeyNotFound },
        { 404, Modern("Failed to delete key: Key not found: Key app not found"), KmsErrorCode.KmsKeyNotFound },
        { 500, Modern("Failed to cancel key deletion: Key not found: Key app not found"), KmsErrorCode.KmsKeyNotFound },
        { 500, Xml("InternalError", "failed to describe key: Key not found: app"), KmsErrorCode.KmsKeyNotFound },
        { 500, Xml("InternalError", "failed to generate data key: Key not found: app"), KmsErrorCode.KmsKeyNotFound },
        { 400, Modern("Failed to enable key: Invalid operation: Key app is pending deletion: enabling is not allowed"), KmsErrorCode.KmsPreconditionFailed },
        { 500, Modern("Failed to cancel key deletion: Invalid operation: Key app is not pending deletion"), KmsErrorCode.KmsPreconditionFailed },
        { 500, Xml("InternalError", "failed to generate data key: Invalid operation: Key app is disabled: data key generation is not allowed"), KmsErrorCode.KmsPreconditionFailed },
        { 400, Modern("Failed to delete key: Invalid operation: pending_window_in_days must be between 7 and 30"), KmsErrorCode.KmsUsage },
        { 400, Modern("Failed to delete key: Invalid operation: immediate deletion of key app is not allowed; set RUSTFS_KMS_ALLOW_IMMEDIATE_DELETION"), KmsErrorCode.KmsPreconditionFailed },
        { 400, Modern("Failed to delete key: Invalid operation: immediate deletion of key app requires confirm_key_id to repeat the key id exactly"), KmsErrorCode.KmsUsage },
        { 400, Modern("Failed to tag key: Invalid operation: Tag 'name' identifies the key and cannot be updated or removed"), KmsErrorCode.KmsUsage },
        { 400, Modern("Failed to tag key: Validation error: no"), KmsErrorCode.KmsUsage },
        { 501, Modern("Failed to rotate key: Operation 'rotate_key' is not supported by KMS backend 'backend without rotation support'"), KmsErrorCode.KmsUnsupported },
        { 500, Modern("Failed to delete key: Operation 'immediate key deletion' is not supported by KMS backend 'aws'"), KmsErrorCode.KmsUnsupported },
        { 500, Modern("failed to create key: Invalid operation: Static KMS is read-only: cannot create new keys"), KmsErrorCode.KmsUnsupported },
        { 409, Modern("Failed to delete key: Key app is still referenced by configuration and cannot be destroyed: bucket:photos. Remove"), KmsErrorCode.KmsKeyStillReferenced },
        { 500, Modern("failed to create key: Key already exists: app"), KmsErrorCode.KmsConflict },
        { 500, Modern("failed to create key: Invalid key: key identifier must not be empty"), KmsErrorCode.KmsUsage },
        { 500, Modern("failed to list keys: Invalid key: app is not b"), KmsErrorCode.KmsKeyDamaged },
        { 500, Modern("Failed to describe key: Key material missing for key app: no nonce"), KmsErrorCode.KmsKeyDamaged },
        { 500, Modern("Failed to describe key: Key material corrupt for key app: bad"), KmsErrorCode.KmsKeyDamaged },
        { 500, Modern("Failed to describe key: Key material authentication failed for key app: tag"), KmsErrorCode.KmsKeyDamaged },
        { 500, Modern("Failed to describe key: Unsupported key format version \"9\" for key app"), KmsErrorCode.KmsKeyDamaged },
        { 500, Modern("failed to create key: Backend error: vault is sealed"), KmsErrorCode.KmsServerError },
        { 500, Modern("failed to create key: Access denied: vault policy"), KmsErrorCode.KmsServerError },
        { 500, Modern("failed to create key: Operation timed out: 30s"), KmsErrorCode.KmsTimeout },
        { 500, Modern("x: Encryption context mismatch: Missing context key 'a'"), KmsErrorCode.KmsIntegrity },

        // 5.3 by status
        { 503, Modern("kms service is not running"), KmsErrorCode.KmsNotRunning },
        { 503, Modern("kms service manager is not initialized"), KmsErrorCode.KmsNotRunning },
        { 503, Modern("kms service is not running; start it before taking a backup"), KmsErrorCode.KmsNotRunning },
        { 409, Modern("kms is not configured"), KmsErrorCode.KmsNotConfigured },
        { 409, Modern("restore refused: target is not empty"), KmsErrorCode.KmsPreconditionFailed },
        { 412, Modern("RUSTFS_KMS_BACKUP_DIR is not set; KMS backup and restore are disabled until it is"), KmsErrorCode.KmsPreconditionFailed },
        { 400, Modern("confirm_backup_id does not match the bundle manifest; x"), KmsErrorCode.KmsUsage },
        { 400, "Request body is required", KmsErrorCode.KmsUsage },
        { 400, "Invalid JSON: expected value at line 1 column 1", KmsErrorCode.KmsUsage },
        { 400, "Changing the Local KMS key directory is not supported", KmsErrorCode.KmsPreconditionFailed },
        { 400, "Changing from the Local KMS backend is not supported", KmsErrorCode.KmsPreconditionFailed },
        { 400, "Vault token is required when no existing KMS credentials are available", KmsErrorCode.KmsUsage },
        { 200, Modern("Failed to configure KMS: Configuration error: Cannot configure KMS while it is running; use reconfigure instead"), KmsErrorCode.KmsConflict },
        { 200, Modern("Failed to configure KMS: Configuration error: Timeout must be greater than 0"), KmsErrorCode.KmsUsage },
        { 200, Modern("KMS service is already running. Use force=true to restart."), KmsErrorCode.KmsConflict },
        { 200, Modern("Failed to start or restart KMS service: Configuration error: Cannot start KMS: no configuration provided"), KmsErrorCode.KmsNotConfigured },
        { 200, Modern("Failed to start or restart KMS service: Backend error: Failed to create KMS backend: sealed"), KmsErrorCode.KmsServerError },
        { 200, Modern("Failed to start KMS service: something else"), KmsErrorCode.KmsServerError },

        // 5.4 the early API
        { 503, """{"code":"KMSNotConfigured","message":"KMS is not configured","description":"Key Management Service is not available"}""", KmsErrorCode.KmsNotConfigured },
        { 200, """{"code":"KMSNotConfigured","message":"KMS is not configured"}""", KmsErrorCode.KmsNotConfigured },
        { 400, """{"code":"MissingParameter","message":"keyName"}""", KmsErrorCode.KmsUsage },
        { 400, """{"code":"InvalidRequest","message":"not JSON"}""", KmsErrorCode.KmsUsage },
        { 400, """{"code":"InvalidConfiguration","message":"vault_address"}""", KmsErrorCode.KmsUsage },
        { 400, """{"code":"UnsupportedKmsType","message":"x"}""", KmsErrorCode.KmsUnsupported },
        { 500, """{"code":"ConfigurationFailed","message":"x"}""", KmsErrorCode.KmsServerError },
        { 404, """{"code":"NoSuchKey","message":"The specified key does not exist"}""", KmsErrorCode.KmsKeyNotFound },
        { 400, """{"code":"NoSuchKey","message":"The specified key does not exist"}""", KmsErrorCode.KmsKeyNotFound },
        { 404, """{"code":"KeyNotFound","message":"x"}""", KmsErrorCode.KmsKeyNotFound },
        { 400, """{"code":"KeyAlreadyExists","message":"x"}""", KmsErrorCode.KmsConflict },
        { 404, """{"code":"BackendError","message":"vault is sealed"}""", KmsErrorCode.KmsServerError },
        { 500, """{"code":"InternalError","message":"x"}""", KmsErrorCode.KmsServerError },
        { 501, """{"code":"OperationNotSupported","message":"x"}""", KmsErrorCode.KmsUnsupported },

        // 5.5 the guides, in both of their shapes
        { 400, """{"error":{"code":"InvalidRequest","message":"bad","request_id":"r-1"}}""", KmsErrorCode.KmsUsage },
        { 401, """{"error":{"code":"AccessDenied","message":"who"}}""", KmsErrorCode.KmsAuthentication },
        { 401, """{"code":"AccessDenied","message":"authentication required"}""", KmsErrorCode.KmsAuthentication },
        { 403, """{"code":"AccessDenied","message":"unauthorised"}""", KmsErrorCode.KmsAccessDenied },
        { 404, """{"error":{"code":"NotFound","message":"no"}}""", KmsErrorCode.KmsKeyNotFound },
        { 409, """{"code":"Conflict","message":"KMS already running"}""", KmsErrorCode.KmsConflict },
        { 500, """{"code":"InternalError","message":"failed to create key: ..."}""", KmsErrorCode.KmsServerError },
        { 400, """{"error":{"code":"InvalidKeyState","message":"disabled"}}""", KmsErrorCode.KmsPreconditionFailed },
        { 400, """{"error":{"code":"ServiceNotConfigured","message":"x"}}""", KmsErrorCode.KmsNotConfigured },
        { 400, """{"error":{"code":"ServiceNotRunning","message":"x"}}""", KmsErrorCode.KmsNotRunning },
        { 500, """{"error":{"code":"BackendError","message":"x"}}""", KmsErrorCode.KmsServerError },
        { 500, """{"error":{"code":"EncryptionFailed","message":"x"}}""", KmsErrorCode.KmsServerError },
        { 500, """{"error":{"code":"DecryptionFailed","message":"x"}}""", KmsErrorCode.KmsIntegrity },
        { 404, Modern("Failed to describe key: missing keyId parameter? Key not found: x"), KmsErrorCode.KmsKeyNotFound },
        { 503, Modern("KMS service not running"), KmsErrorCode.KmsNotRunning },
        { 503, Modern("KMS service manager not initialized"), KmsErrorCode.KmsNotRunning },
        { 409, """{"error":"a job is running","job_id":"j"}""", KmsErrorCode.KmsPreconditionFailed },

        // what is no answer of a KMS
        { 404, "<!DOCTYPE html><html><body>Not Found</body></html>", KmsErrorCode.KmsProtocol },
        { 404, "404 page not found", KmsErrorCode.KmsNotFound },
        { 405, string.Empty, KmsErrorCode.KmsUnsupported },
        { 502, "<html>Bad Gateway</html>", KmsErrorCode.KmsNetwork },
        { 503, "<html>Unavailable</html>", KmsErrorCode.KmsServerError },
        { 504, string.Empty, KmsErrorCode.KmsTimeout },
        { 407, string.Empty, KmsErrorCode.KmsNetwork },
        { 400, "{\"broken", KmsErrorCode.KmsUsage },
        { 500, "<Error><Code>Inter", KmsErrorCode.KmsProtocol },
        { 400, "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Error><Code>&a;</Code></Error>", KmsErrorCode.KmsProtocol },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_refusal_comes_to_a_code(int status, string body, KmsErrorCode code)
    {
        KmsWireError error = Read(status, body)!;

        Assert.Equal((code, status), (error.Code, error.Status));
        Assert.NotEmpty(error.Message);
    }

    [Theory]
    [InlineData("Key material missing for key a: x", KmsKeyFault.MaterialMissing)]
    [InlineData("Key material corrupt for key a: x", KmsKeyFault.MaterialCorrupt)]
    [InlineData("Key material authentication failed for key a: x", KmsKeyFault.MaterialAuthenticationFailed)]
    [InlineData("Unsupported key format version \"2\" for key a", KmsKeyFault.UnsupportedFormatVersion)]
    [InlineData("Invalid key: a", KmsKeyFault.InvalidKey)]
    public void What_is_wrong_with_a_record_is_told(string message, KmsKeyFault fault) => Assert.Equal(fault, Read(500, Modern(message))!.Fault);

    [Theory]
    [InlineData(501, """<Error><Code>NotImplemented</Code></Error>""", true)]
    [InlineData(501, """{"success":false,"message":"Operation 'rotate_key' is not supported by KMS backend 'x'"}""", false)]
    [InlineData(501, """<Error><Code>NotImplemented</Code><Message>unknown service</Message></Error>""", false)]
    [InlineData(404, "", true)]
    [InlineData(405, "", true)]
    [InlineData(404, """{"success":false,"message":"Key not found: a"}""", false)]
    public void No_such_route_is_not_the_same_as_no_such_ability(int status, string body, bool unknownRoute) =>
        Assert.Equal(unknownRoute, Read(status, body)!.IsUnknownRoute);

    [Theory]
    [InlineData("""{"success":true,"message":"fine"}""")]
    [InlineData("""{"keys":[],"truncated":false}""")]
    [InlineData("")]
    [InlineData("not JSON")]
    [InlineData("<html>hello</html>")]
    public void A_success_is_none(string body) => Assert.Null(Read(200, body));

    [Fact]
    public void A_text_is_one_harmless_line()
    {
        string message = Read(400, Modern("one\r\n::error::two\u001b[31m three\u202Efour\u0085\u2028five " + new string('x', 3000)))!.Message;

        Assert.StartsWith("one ::error::two [31m three four five xxx", message, StringComparison.Ordinal);
        Assert.True(message.Length <= 1001);
    }

    [Theory]
    [InlineData("""{"error":{"code":"x","message":"y","request_id":"body"}}""", null, "body")]
    [InlineData("""{"error":{"code":"x","message":"y","request_id":"body"}}""", "header", "header")]
    [InlineData("<Error><Code>TooManyRequests</Code><RequestId>in xml</RequestId></Error>", null, "in xml")]
    public void The_request_id_comes_from_the_header_or_the_body(string body, string? header, string expected) =>
        Assert.Equal(expected, Read(400, body, header)!.RequestId);

    [Fact]
    public void The_server_s_code_is_said_when_it_gives_no_reason() =>
        Assert.Contains("SlowDown (HTTP 503)", Read(503, Xml("SlowDown", null))!.Message, StringComparison.Ordinal);

    private static KmsWireError? Read(int status, string body, string? requestId = null)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        using var answer = new WireAnswer(status, bytes, bytes.Length, requestId);
        return KmsWireError.Of(answer);
    }
}
