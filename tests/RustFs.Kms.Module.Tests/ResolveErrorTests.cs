using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.Json;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What an error means: the data file, and how errors of all kinds find their row in it.</summary>
public sealed class ResolveErrorTests : IDisposable
{
    /// <summary>Programs of others that are recommended.</summary>
    private static readonly string[] s_elsewhere = ["vault", "aws", "chmod", "Update-PSResource", "Get-Command"];

    private readonly ModuleHost _host = ModuleHost.Create(new ModuleHostOptions { Width = 80 });
    private readonly JsonElement _file;

    public ResolveErrorTests()
    {
        var assembly = (System.Reflection.Assembly)_host.Run("(Get-Command Resolve-KmsError).ImplementingType.Assembly").Output.Single().BaseObject;
        using Stream stream = assembly.GetManifestResourceStream("RustFs.Kms.PowerShell.ErrorKnowledge.json")!;
        using JsonDocument document = JsonDocument.Parse(stream);
        _file = document.RootElement.Clone();
    }

    private IEnumerable<JsonElement> Rows => _file.GetProperty("rows").EnumerateArray();

    public void Dispose() => _host.Dispose();

    /// <summary>A text as people paste it, and the row that is to explain it. The first seven are the troubleshooting guide's.</summary>
    public static TheoryData<string, string> Texts { get; } = new()
    {
        { "status: NotConfigured", "not-configured" },
        { "healthy: false", "unhealthy" },
        { "InternalError: failed to create key", "create-failed" },
        { "AccessDenied when downloading SSE-C objects", "ssec-headers" },
        { "Multipart SSE-C download truncated", "ssec-multipart" },
        { "Operation not permitted", "sandbox" },
        { "KMS key directory is required for local backend", "key-directory-missing" },

        // KMS API Usage Guide: error handling and troubleshooting
        { """{"code":"KMSNotConfigured","message":"KMS is not configured","description":"Key Management Service is not available"}""", "not-configured" },
        { """{"code":"MissingParameter","message":"x"}""", "missing-parameter" },
        { """{"code":"KeyNotFound","message":"x"}""", "key-not-found" },
        { """{"code":"InvalidConfiguration","message":"x"}""", "invalid-configuration" },
        { "Error: KMS is not configured", "not-configured" },
        { "Error: Failed to connect to Vault", "vault-unreachable" },
        { "Error: The specified key does not exist", "key-not-found" },
        { "Error: Access denied", "access-denied" },

        // KMS Admin HTTP API Reference
        { """{ "code": "InvalidRequest", "message": "invalid JSON" }""", "bad-request" },
        { """{ "code": "AccessDenied", "message": "authentication required" }""", "authentication" },
        { """{ "code": "AccessDenied", "message": "unauthorised" }""", "access-denied" },
        { """{ "code": "Conflict", "message": "KMS already running" }""", "conflict" },
        { """{ "code": "InternalError", "message": "failed to create key: ..." }""", "create-failed" },

        // Frontend Integration Guide: statuses and codes, in its nested shape
        { """HTTP/1.1 400 Bad Request {"error":{"code":"InvalidRequest","message":"x","request_id":"r-1"}}""", "bad-request" },
        { """HTTP/1.1 401 Unauthorized {"error":{"code":"AccessDenied","message":"x"}}""", "authentication" },
        { """HTTP/1.1 403 Forbidden {"error":{"code":"AccessDenied","message":"x"}}""", "access-denied" },
        { """HTTP/1.1 404 Not Found {"error":{"code":"NotFound","message":"x"}}""", "not-found" },
        { """HTTP/1.1 409 Conflict {"error":{"code":"Conflict","message":"x"}}""", "conflict" },
        { """HTTP/1.1 500 Internal Server Error {"error":{"code":"InternalError","message":"x"}}""", "internal" },
        { """{"error":{"code":"InvalidKeyState","message":"x"}}""", "key-state" },
        { """{"error":{"code":"ServiceNotConfigured","message":"x"}}""", "not-configured" },
        { """{"error":{"code":"ServiceNotRunning","message":"x"}}""", "not-running" },
        { """{"error":{"code":"BackendError","message":"x"}}""", "backend-error" },
        { """{"error":{"code":"EncryptionFailed","message":"x"}}""", "encryption-failed" },
        { """{"error":{"code":"DecryptionFailed","message":"x"}}""", "integrity" },
        { "Bucket encryption fails with insufficient permissions", "bucket-permission" },
        { "Unable to select a KMS key", "key-not-usable" },
        { "An error occurred (ServerSideEncryptionConfigurationNotFoundError) when calling the GetBucketEncryption operation: The server side encryption configuration was not found", "no-bucket-encryption" },

        // What servers answer: the S3 document, success:false, bare text, and the text in a log
        { "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><Message>Signature is required</Message></Error>", "authentication" },
        { "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", "access-denied" },
        { "<Error><Code>InvalidAccessKeyId</Code><Message>The Access Key Id you provided does not exist in our records.</Message></Error>", "unknown-access-key" },
        { "<Error><Code>SignatureDoesNotMatch</Code></Error>", "signature" },
        { "<Error><Code>RequestTimeTooSkewed</Code><Message>request time is too far from server time</Message></Error>", "clock" },
        { "<Error><Code>UnauthorizedAccess</Code></Error>", "authentication" },
        { "<Error><Code>InvalidArgument</Code><Message>limit</Message></Error>", "usage" },
        { "<Error><Code>AuthorizationQueryParametersError</Code></Error>", "authentication" },
        { "<Error><Code>InvalidURI</Code></Error>", "path" },
        { "<Error><Code>KeyTooLongError</Code></Error>", "path" },
        { "<Error><Code>MissingContentLength</Code><Message>missing header: content-length</Message></Error>", "content-length" },
        { "<Error><Code>TooManyRequests</Code></Error>", "too-many" },
        { "<Error><Code>NotImplemented</Code></Error>", "no-route" },
        { "<Error><Code>NotImplemented</Code><Message>unknown service 'execute-api' in credential scope; expected 's3' or 'sts'</Message></Error>", "signing-service" },
        { "<Error><Code>InternalError</Code><Message>check claims failed invalid token2</Message></Error>", "session-token" },
        { "<Error><Code>InternalError</Code><Message>KMS service not initialized</Message></Error>", "not-running" },
        { "<Error><Code>ServiceUnavailable</Code></Error>", "starting" },
        { "426 Upgrade Required, HTTP/1.1 426", "no-route" },
        { """{"success":false,"message":"kms service is not running"}""", "not-running" },
        { """{"success":false,"message":"Failed to configure KMS: Configuration error: Cannot configure KMS while it is running; use reconfigure instead","status":"Running"}""", "conflict" },
        { """{"success":false,"message":"Failed to delete key: Key app is still referenced by configuration and ...: bucket"}""", "still-referenced" },
        { """{"success":false,"message":"Failed to rotate key: Operation 'rotate' is not supported by KMS backend 'Local'"}""", "unsupported" },
        { """{"success":false,"message":"Failed to enable key: Invalid operation: key is pending deletion"}""", "key-state" },
        { """{"success":false,"message":"Failed to create key: Key already exists: app"}""", "conflict" },
        { """{"success":false,"message":"Failed to configure KMS: Configuration error: Local KMS requires a master key outside explicit development mode; set ..."}""", "development-mode" },
        { """{"success":false,"message":"Failed to configure KMS: Configuration error: Timeout must be greater than 0"}""", "invalid-configuration" },
        { "Changing the Local KMS key directory is not supported", "local-is-fixed" },
        { "Vault token is required when no existing KMS credentials are available", "vault-unreachable" },
        { "Request body is required", "missing-parameter" },
        { "ERROR rustfs::kms: Key not found: app", "key-not-found" },
        { "Key material missing for key app: x", "material-missing" },
        { "Key material corrupt for key app: x", "material-corrupt" },
        { "Key material authentication failed for key app: x", "material-authentication" },
        { "Unsupported key format version \"2\" for key app", "format-version" },
        { "Invalid key: x", "invalid-key" },
        { "Validation error: x", "usage" },
        { "Cryptographic error in wrap: x", "encryption-failed" },
        { "Backend error: x", "backend-error" },
        { "Access denied: Vault said no", "access-denied" },
        { "Internal error: x", "internal" },
        { "Serialization error: x", "internal" },
        { "I/O error: x", "storage" },
        { "Cache error: x", "stale-cache" },
        { "Unsupported algorithm: x", "unsupported" },
        { "Invalid key size: expected 32, got 16", "encryption-failed" },
        { "Encryption context mismatch: x", "integrity" },
        { "Operation timed out: x", "timeout" },
        { "Operation cancelled: x", "internal" },
        { "Key version 3 not found for key app", "key-version" },
        { "KMS credentials unavailable: x", "vault-credentials" },
        { "Baseline version lost for key app: x", "material-missing" },
        { "Cannot rewrap a data key of key app without exposing its plaintext: x", "rewrap-refused" },

        // http-api 5.4: the first generation
        { """{"code":"UnsupportedKmsType","message":"x"}""", "unsupported" },
        { """{"code":"ConfigurationFailed","message":"x"}""", "invalid-configuration" },
        { """{"code":"NoSuchKey","message":"x"}""", "key-not-found" },
        { """{"code":"KeyAlreadyExists","message":"x"}""", "conflict" },
        { """{"code":"OperationNotSupported","message":"x"}""", "unsupported" },

        // Vault
        { """{"errors":["permission denied"]}""", "vault-denied" },
        { """{"errors":["Vault is sealed"]}""", "vault-sealed" },
        { """{"errors":["missing client token"]}""", "vault-no-token" },
        { """{"errors":["invalid role or secret ID"]}""", "vault-approle" },
        { "Error making API request.\n\nURL: GET https://vault:8200/v1/transit/keys/app\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied", "vault-denied" },
        { "Error checking seal status: Get \"https://127.0.0.1:8200/v1/sys/seal-status\": http: server gave HTTP response to HTTPS client", "http-to-https" },
        { "tls: failed to verify certificate: x509: certificate signed by unknown authority", "tls" },
        { """{"errors":["no handler for route \"secret/data/x\". route entry not found."]}""", "vault-no-mount" },
        { "Invalid path for a versioned K/V secrets engine. See the API docs", "vault-kv1" },
        { "check-and-set parameter did not match the current version", "cas-conflict" },

        // AWS tools and SDKs
        { "An error occurred (InvalidAccessKeyId) when calling the ListBuckets operation: Unknown", "unknown-access-key" },
        { "An error occurred (SignatureDoesNotMatch) when calling the PutObject operation: x", "signature" },
        { "An error occurred (403) when calling the HeadObject operation: Forbidden", "access-denied" },
        { "botocore.exceptions.ClientError: An error occurred (NoSuchBucket) when calling the PutObject operation: The specified bucket does not exist", "aws-bucket" },
        { "Unable to locate credentials. You can configure credentials by running \"aws configure\".", "aws-credentials" },
        { "Could not connect to the endpoint URL: \"http://localhost:9000/\"", "network" },
        { "SSL validation failed for https://h [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "tls" },
        { "software.amazon.awssdk.services.s3.model.S3Exception: Access Denied (Service: S3, Status Code: 403, Request ID: 7f5c1f9e)", "access-denied" },
        { "ExpiredToken: The provided token has expired.", "session-token" },
        { "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.", "ssec-headers" },
        { "KmsNotRunning,RustFs.Kms.PowerShell.Commands.NewKmsKeyCommand", "not-running" },
        { "<html><body>502 Bad Gateway nginx</body></html>", "protocol" },
    };

    [Fact]
    public void Every_text_is_explained_by_the_row_that_is_meant()
    {
        var symptoms = Rows.ToDictionary(row => row.GetProperty("symptom").GetString()!, row => row.GetProperty("id").GetString()!);
        string[] wrong = [.. Texts.Select(item => (Text: (string)item[0], Row: (string)item[1])).Select(item => (item.Text, item.Row, Found: Resolve(item.Text)))
            .Select(item => (item.Text, item.Row, Found: symptoms.GetValueOrDefault($"{item.Found.Properties["Symptom"].Value}", "none")))
            .Where(item => item.Row != item.Found)
            .Select(item => $"{item.Text}: {item.Found} instead of {item.Row}")];
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_row_can_be_found_and_is_complete()
    {
        var documents = _file.GetProperty("documents").EnumerateObject().ToDictionary(item => item.Name, item => item.Value);
        string[] ids = [.. Rows.Select(row => row.GetProperty("id").GetString()!)];
        Assert.Equal(ids.Distinct(), ids);
        Assert.Equal(ids.Length, Rows.Select(row => row.GetProperty("symptom").GetString()).Distinct().Count());
        var used = new HashSet<string>();
        foreach (JsonElement row in Rows.Append(_file.GetProperty("unknown")))
        {
            Assert.All((string[])["cause", "fix"], name => Assert.EndsWith(".", row.GetProperty(name).GetString(), StringComparison.Ordinal));
            Assert.NotEmpty(row.GetProperty("commands").EnumerateArray());
            Assert.NotEmpty(row.GetProperty("sources").EnumerateArray());
            Assert.All(row.GetProperty("sources").EnumerateArray(), source =>
            {
                Assert.True(documents.ContainsKey(source.GetProperty("document").GetString()!), row.ToString());
                _ = used.Add(source.GetProperty("document").GetString()!);
                Assert.False(string.IsNullOrWhiteSpace(source.GetProperty("section").GetString()));
            });
        }

        Assert.Equal(documents.Keys.Order(), used.Order());
        foreach (JsonElement row in Rows)
        {
            string[] clues = ["codes", "faults", "serverCodes", "statuses", "phrases"];
            Assert.Contains(clues, clue => row.TryGetProperty(clue, out JsonElement list) && list.GetArrayLength() > 0);

            // A phrase finds its own row: a longer one of another row does not hide it.
            foreach (string phrase in row.TryGetProperty("phrases", out JsonElement phrases) ? phrases.EnumerateArray().Select(item => item.GetString()!) : [])
            {
                Assert.Equal($"{phrase}: {row.GetProperty("symptom").GetString()}", $"{phrase}: {Resolve(phrase).Properties["Symptom"].Value}");
            }
        }
    }

    [Fact]
    public void Every_code_and_fault_of_ours_has_its_row()
    {
        AssertAll("codes", "RustFs.Kms.KmsErrorCode", []);
        AssertAll("faults", "RustFs.Kms.KmsKeyFault", ["None"]);

        void AssertAll(string property, string type, string[] without) => Assert.Equal(
            _host.Run($"[enum]::GetNames([{type}])").Output.Select(name => name.ToString()).Except(without).Order(),
            Rows.SelectMany(row => row.TryGetProperty(property, out JsonElement list) ? list.EnumerateArray().Select(item => item.GetString()) : []).Order());
    }

    [Fact]
    public void Every_command_exists_with_its_parameters()
    {
        string[] commands = [.. Rows.Append(_file.GetProperty("unknown")).SelectMany(row => row.GetProperty("commands").EnumerateArray()).Select(item => item.GetString()!).Distinct()];
        foreach (string command in commands.Select(command => command.Replace("{key}", "'<key id>'", StringComparison.Ordinal)))
        {
            Ast ast = Parser.ParseInput(command, out _, out ParseError[] errors);
            Assert.True(errors.Length == 0, command);
            foreach (CommandAst call in ast.FindAll(item => item is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
            {
                string callee = call.GetCommandName();
                if (s_elsewhere.Contains(callee))
                {
                    continue;
                }

                var found = (CommandInfo)Assert.Single(_host.Run("param($name) Get-Command $name -Module RustFs.Kms", callee).Output).BaseObject;
                Assert.All(call.CommandElements.OfType<CommandParameterAst>(), parameter => Assert.True(found.Parameters.ContainsKey(parameter.ParameterName), $"{command}: -{parameter.ParameterName}"));
                foreach ((CommandElementAst name, CommandElementAst value) in call.CommandElements.Zip(call.CommandElements.Skip(1)))
                {
                    // A text that the user puts in has to be one that the parameter takes.
                    if (name is CommandParameterAst parameter && value is StringConstantExpressionAst text && found.Parameters[parameter.ParameterName] is { } meant
                        && !meant.Attributes.OfType<ArgumentTransformationAttribute>().Any())
                    {
                        Assert.True(LanguagePrimitives.TryConvertTo(text.Value, meant.ParameterType, out _), $"{command}: -{parameter.ParameterName} takes {meant.ParameterType.Name}");
                    }
                }
            }
        }
    }

    [Fact]
    public void An_unknown_error_is_said_to_be_unknown_with_a_way_to_go()
    {
        PSObject advice = Resolve("the moon is in the wrong phase");
        Assert.Equal(false, advice.Properties["IsKnown"].Value);
        Assert.Null(advice.Properties["Symptom"].Value);
        Assert.Equal("Unknown", advice.Properties["Origin"].Value.ToString());
        Assert.Contains("in no table", (string)advice.Properties["Cause"].Value, StringComparison.Ordinal);
        Assert.NotEmpty((IReadOnlyList<string>)advice.Properties["NextCommand"].Value);
    }

    [Fact]
    public void A_record_of_ours_keeps_its_key_its_request_and_its_own_recommendation()
    {
        using var session = new ServerSession();
        session.Run("Get-KmsKey nope");
        session.Run("Gett-KmsKey");

        // A slip of the hand after it is not what is meant.
        foreach (string how in (string[])["Resolve-KmsError", "($Error | Where-Object { $_.Exception -is [RustFs.Kms.KmsException] })[0] | Resolve-KmsError", "Resolve-RustFsKmsError"])
        {
            PSObject advice = session.Require(how).Single();
            Assert.Equal("KmsKeyNotFound", advice.Properties["ErrorId"].Value);
            Assert.Equal(404, advice.Properties["HttpStatus"].Value);
            Assert.NotNull(advice.Properties["RequestId"].Value);
            Assert.Single(System.Text.RegularExpressions.Regex.Matches((string)advice.Properties["Error"].Value, "nope")); // said once
            Assert.Contains("Get-KmsKey", (string)advice.Properties["Recommendation"].Value, StringComparison.Ordinal);
            Assert.Contains("New-KmsKey -Name 'nope' -IfNotExists", (IReadOnlyList<string>)advice.Properties["NextCommand"].Value);
        }

        Assert.Equal("KmsKeyNotFound", session.Value<string>("try { Get-KmsKey nope -ErrorAction Stop } catch { ($_ | Resolve-KmsError).ErrorId }"));
        Assert.Equal("KmsKeyNotFound", session.Value<string>("try { Get-KmsKey nope -ErrorAction Stop } catch { ($_.Exception | Resolve-KmsError).ErrorId }"));
        Assert.Equal(
            "KmsKeyNotFound",
            session.Value<string>("$s = [Management.Automation.PSSerializer]; try { Get-KmsKey nope -ErrorAction Stop } catch { ($s::Deserialize($s::Serialize($_)) | Resolve-KmsError).ErrorId }"));
    }

    [Fact]
    public void An_exception_of_an_SDK_is_read_by_its_code()
    {
        // As Amazon.Runtime.AmazonServiceException has it; no SDK needs to be there.
        _host.Run("class ServiceException : Exception { [string] $ErrorCode = 'NoSuchBucket'; [int] $StatusCode = 404; [string] $RequestId = 'r-77'; ServiceException() : base('It failed.') { } }; $global:sdk = [ServiceException]::new()");
        PSObject advice = _host.Run("$sdk | Resolve-KmsError").Output.Single();
        Assert.Equal("NoSuchBucket", advice.Properties["ErrorId"].Value);
        Assert.Equal("r-77", advice.Properties["RequestId"].Value);
        Assert.Equal("AwsSdk", advice.Properties["Origin"].Value.ToString());
    }

    [Fact]
    public void What_is_no_error_is_refused_and_the_next_is_explained()
    {
        Assert.StartsWith("KmsUsage,", Assert.Single(_host.Run("$Error.Clear(); Resolve-KmsError").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        HostRun run = _host.Run("7, ' ', 'Vault is sealed' | Resolve-KmsError");
        Assert.Equal(["KmsUsage", "KmsUsage"], run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Single(run.Output);
        Assert.Equal("KMSNotConfigured", _host.Run("Resolve-KmsError -Message '<Error>', '<Code>KMSNotConfigured</Code>', '</Error>'").Output.Single().Properties["ErrorId"].Value);
    }

    [Theory]
    [InlineData("ERROR rustfs::kms: Key not found: app", "rustfs::kms")]
    [InlineData("ERROR rustfs::error::x Key not found: app", @"rustfs:\x3Aerror::x")]
    [InlineData("::error::Key not found: app", @":\x3Aerror:")]
    public void The_path_of_a_log_line_stays_readable_and_a_command_does_not(string text, string echo) =>
        Assert.Contains(echo, (string)Resolve(text).Properties["Error"].Value, StringComparison.Ordinal);

    [Fact]
    public void The_view_fits_and_neither_acts_nor_tells_a_secret()
    {
        const string Canary = "kAnaRy7q8Zw3cret93";
        HostRun run = _host.RunText($"Resolve-KmsError -Message \"`e[31mVault is sealed ##vso[task.complete]x ::error::y X-Vault-Token: {Canary}\"; Resolve-KmsError -Message 'Access Denied' | ForEach-Object {{ $_ }}");
        Assert.Empty(run.Errors);
        Assert.All(run.Text.Split(Environment.NewLine), line => Assert.InRange(line.Length, 0, 80));
        Assert.DoesNotContain('\u001b', run.Text);
        Assert.DoesNotContain("##vso[", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, run.Text, StringComparison.Ordinal);
        Assert.Contains("vault operator unseal", run.Text, StringComparison.Ordinal);
        Assert.Contains("KMS Troubleshooting: Common Issues", run.Text, StringComparison.Ordinal);
    }

    private PSObject Resolve(string text)
    {
        HostRun run = _host.Run("param($text) Resolve-KmsError -Message $text", text);
        Assert.Empty(run.Errors);
        return Assert.Single(run.Output);
    }
}
