using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Emulator;
using RustFs.Kms.Backends.Envelopes;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Backends.Support;
using RustFs.Kms.Backends.Wire;
using RustFs.Kms.Tests.Envelopes;
using RustFs.Kms.Tests.Http;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>
/// Everything that reads what others wrote gets thousands of spoilt inputs: what comes out is a value or the one exception that the
/// reader documents, soon and without much memory. What once came through another way stands in <see cref="Regressions"/>.
/// </summary>
[Trait(ReliabilityRun.Trait, "fuzz")]
public sealed class FuzzTests(ITestOutputHelper log) : IAsyncLifetime
{
    private const int UsualRounds = 3000;

    private static readonly TimeSpan s_mostTime = TimeSpan.FromSeconds(30); // only what hangs takes so long

    private static readonly KmsCredential s_signer = new("AKIDEXAMPLE", KmsSecret.CopyOf(Encoding.UTF8.GetBytes(HttpTest.SecretKey)), KmsSecret.CopyOf("token"u8));

    private EnvelopeFolder _folder = null!;
    private Dictionary<string, Target> _targets = null!;

    // A test sees to it that each has its samples and reads them.
    private static readonly string[] s_readers =
        ["key record", "data-key envelope", "file header", "recovery key", "manifest", "restore marker", "timestamp", "error body", "answer", "emulator's request", "emulator's configuration", "chunked body", "log", "metadata"];

    public static TheoryData<string> Readers { get; } = [.. s_readers];

    /// <summary>Inputs that a reader once failed at, in Base64: reader, input.</summary>
    public static TheoryData<string, string> Regressions { get; } = new()
    {
        // A member's name that is no UTF-8: the parser says so only when the name is asked for, and in its own exception.
        { "error body", "eyJjb2RlIjoiSW50ZXJuYWxFcnJvciIsIm1lc9dhZ2UiOiJ4In0=" },
        { "answer", Convert.ToBase64String([.. "{\"keys\":[{\"key_id\":\"a\",\"tags\":{\""u8, 0xBD, .. "\":\"b\"}}]}"u8]) },
        { "answer", Convert.ToBase64String([.. "{\"status\":{\""u8, 0xBD, .. "\":\"b\"}}"u8]) },

        // Half a surrogate pair, which is no text either, in the answer that holds a data key.
        { "answer", Convert.ToBase64String("{\"\\udc00\":1}"u8) },
        { "answer", Convert.ToBase64String("{\"plaintext_key\":\"\\udc00\",\"ciphertext_blob\":\"\\ud800\"}"u8) },
    };

    public async Task InitializeAsync()
    {
        _folder = await EnvelopeFolder.CreateAsync();
        byte[] envelope = await _folder.SealAsync(EnvelopeFolder.Content(10), _folder.EveryWrapping);
        await KmsBackends.CreateRecoveryKeyAsync(new KmsRecoveryKeyCreation { Path = _folder.Beside("encrypted.pem"), Passphrase = _folder.Passphrase }, default);
        _targets = new()
        {
            ["key record"] = new(Records(), bytes => KeyRecord.Decode("app", bytes), typeof(KmsException)),
            ["data-key envelope"] = new(Texts("envelopes.json", "envelope"), bytes => _ = DataKeyEnvelope.IsEnvelope(bytes) ? DataKeyEnvelope.TryParse(bytes)?.Encode() : null),
            ["file header"] = new([envelope[..^26]], bytes => EnvelopeHeader.Read((buffer, offset) => Copy(bytes, buffer, offset), "file"), typeof(KmsException)),
            ["recovery key"] = new([.. new[] { "recovery.pem", "recovery.pem.pub", "encrypted.pem" }.AsEnumerable().Select(_folder.Beside).Where(File.Exists).Select(File.ReadAllBytes)], ReadRecoveryKey, typeof(KmsException)),
            ["manifest"] = new(Texts("backup-manifest.json", "manifest"), bytes => BackupManifest.Decode(bytes), typeof(BundleException)),
            ["restore marker"] = new([new RestoreMarker("b1", new string('a', 64), [".master-key.salt", "app.key"]).Encode()], bytes => RestoreMarker.Decode(bytes), typeof(JsonException)),
            ["timestamp"] = new(Texts("names-and-times.json", "text", "timestamp", "input", "value"), ReadTime),
            ["error body"] = new(ErrorBodies(), ReadRefusal),
            ["answer"] = new(Answers(), ReadAnswer),
            ["emulator's request"] = new(Requests(), ReadRequest, typeof(WireFault), typeof(HttpRefusal)),
            ["emulator's configuration"] = new(Answers(), ReadConfiguration, typeof(JsonFault)),
            ["chunked body"] = new(["5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=ab\r\n\r\n"u8.ToArray(), "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n"u8.ToArray()], ReadChunks),
            ["log"] = new(Logs(), ReadLog, typeof(InvalidDataException)) { MostMemory = 1L << 30 }, // allocated line by line, and let go; bytes that are no text are refused
            ["metadata"] = new([.. new[] { "Data of the app", "::error::x", "##vso[task.complete]", "\u001b[31mred", "prod, eu-west 🔑" }.Select(Encoding.UTF8.GetBytes)], KeepMetadata),
        };
    }

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Theory]
    [MemberData(nameof(Readers))]
    public void Nothing_but_the_documented_exception_comes_out(string reader)
    {
        Target target = _targets[reader];
        var mutator = new Mutator(ReliabilityRun.Seed);
        int refused = 0;
        int inputs = 0;
        foreach (int _ in ReliabilityRun.Rounds(reader is "recovery key" or "answer" or "log" ? UsualRounds / 10 : UsualRounds, 1.0 / s_readers.Length))
        {
            inputs++;
            refused += Feed(reader, target, mutator.Next(target.Samples)) is null ? 0 : 1;
        }

        // Mostly nonsense, and not so spoilt that nothing would be looked at.
        Assert.True(refused > 0 || target.Documented.Length == 0, $"{inputs} inputs and no refusal");
        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"fuzz: {reader}: {inputs} mutations of {target.Samples.Count} samples, {refused} refused, seed {ReliabilityRun.Seed}"));
    }

    [Fact]
    public void Every_reader_reads_its_samples()
    {
        Assert.Equal(_targets.Keys, s_readers);
        foreach ((string reader, Target target) in _targets)
        {
            Assert.NotEmpty(target.Samples);
            Assert.True(target.Samples.Any(sample => Feed(reader, target, sample) is null), $"{reader}: no sample is good");
        }
    }

    [Theory]
    [MemberData(nameof(Regressions))]
    public void What_once_came_through_another_way_stays_refused(string reader, string input) => Feed(reader, _targets[reader], Convert.FromBase64String(input));

    [Fact]
    public void A_name_that_is_no_text_hides_no_other_field()
    {
        foreach (string name in (string[])["\\udc00", "\\ud800", "\\udc00\\ud800"])
        {
            using var document = JsonDocument.Parse($"{{\"{name}\":1,\"keyId\":\"a\",\"tags\":{{\"{name}\":\"x\",\"b\":\"c\"}},\"list\":[{{\"{name}\":{{}},\"d\":2}}]}}");
            var json = new WireJson(document.RootElement);
            Assert.Equal("a", json.Text("key_id"));
            Assert.Equal(new KeyValuePair<string, string>("b", "c"), Assert.Single(json.Map("tags")!));
            Assert.Equal(2, json.Items("list").Single().Number("d"));
            Assert.False(json.Has("absent"));
        }
    }

    // The documented exception, or null.
    private static Exception? Feed(string reader, Target target, byte[] input)
    {
        long start = Stopwatch.GetTimestamp();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exception? exception = Record.Exception(() => target.Read(input));
        long memory = GC.GetAllocatedBytesForCurrentThread() - before;
        string Case() => $"{reader}, seed {ReliabilityRun.Seed}: {Convert.ToBase64String(input)}";
        Assert.True(exception is null || target.Documented.Any(type => type.IsInstanceOfType(exception)), $"{exception}\n{Case()}");
        Assert.True(memory < target.MostMemory, $"{memory} bytes for {Case()}");
        Assert.True(Stopwatch.GetElapsedTime(start) < s_mostTime, $"{Stopwatch.GetElapsedTime(start)} for {Case()}");
        return exception;
    }

    private static int Copy(byte[] from, Memory<byte> to, long offset)
    {
        ReadOnlySpan<byte> rest = from.AsSpan((int)Math.Min(offset, from.Length));
        rest = rest[..Math.Min(rest.Length, to.Length)];
        rest.CopyTo(to.Span);
        return rest.Length;
    }

    // The members of these names of all vectors, as JSON or, where they are text, as that.
    private static List<byte[]> Texts(string file, params string[] names)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", file)));
        return
        [
            .. document.RootElement.GetProperty("vectors").EnumerateArray().SelectMany(vector => vector.EnumerateObject())
                .Where(member => names.Contains(member.Name))
                .Select(member => Encoding.UTF8.GetBytes(member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText())),
        ];
    }

    private static List<byte[]> Records() =>
    [
        .. Texts("local-records.json", "record").Select(bytes =>
        {
            JsonNode record = JsonNode.Parse(bytes)!;
            record["key_id"] = "app"; // which must be the file's name
            return Encoding.UTF8.GetBytes(record.ToJsonString());
        }),
    ];

    private static List<byte[]> Answers() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Golden", "Snapshots"), "*.json").Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
        Encoding.UTF8.GetBytes($$"""{"success":true,"key_metadata":{{HttpTest.Key("a")}},"keys":[{{HttpTest.Key("a")}}],"truncated":true,"next_marker":"a"}"""),
        Encoding.UTF8.GetBytes($$"""{"key_id":"a","plaintext_key":"{{Convert.ToBase64String(new byte[32])}}","ciphertext_blob":"{{Convert.ToBase64String(new byte[100])}}"}"""),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>app</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"u8.ToArray(),
        "<?xml version=\"1.0\"?><ListAllMyBucketsResult><Buckets><Bucket><Name>photos</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"u8.ToArray(),
    ];

    private static List<byte[]> ErrorBodies() =>
        [.. WireErrorTests.Table.Select(row => Encoding.UTF8.GetBytes((string)row[1])).Where(body => body.Length > 0), "<html><body>Bad gateway</body></html>"u8.ToArray(), "{\"error\":{\"code\":\"a\",\"message\":\"b\",\"request_id\":\"c\"}}"u8.ToArray()];

    private static List<byte[]> Requests()
    {
        const string Signature = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" +
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        const string Query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host" +
            "&X-Amz-Signature=0123456789abcdef";
        return
        [
            .. new[]
            {
                $"GET /rustfs/admin/v3/kms/keys?limit=10&marker=a%20b HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nX-Amz-Date: 20260102T030405Z\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\nX-Amz-Security-Token: token\r\nAuthorization: {Signature}\r\n\r\n",
                $"PUT /photos/a%2Fb.jpg HTTP/1.1\r\nHost: h\r\nX-Amz-Date: 20260102T030405Z\r\nX-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nX-Amz-Decoded-Content-Length: 5\r\nContent-Length: 90\r\nx-amz-meta-a: b\r\n" +
                    $"x-amz-server-side-encryption: aws:kms\r\nx-amz-server-side-encryption-context: eyJhIjoiYiJ9\r\nAuthorization: {Signature}\r\n\r\n5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=ab\r\n\r\n",
                $"GET /photos/a?{Query} HTTP/1.1\r\nHost: h\r\n\r\n",
                "GET /photos?list-type=2&prefix=a%2Fb HTTP/1.1\r\nHost: h\r\nUser-Agent: curl/8\r\n\r\n",
                "PUT /photos/a HTTP/1.1\r\nHost: h\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\nx-amz-server-side-encryption-customer-key: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n" +
                    "x-amz-server-side-encryption-customer-key-md5: cLyPS4LiTzEP7H9gvAnoFQ==\r\nContent-Length: 5\r\n\r\nhello",
                "POST http://h/rustfs/admin/v3/kms/keys HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            }.Select(Encoding.UTF8.GetBytes),
        ];
    }

    private static void ReadRequest(byte[] bytes)
    {
        var source = new ByteSource(new MemoryStream(bytes));
        if (HttpHead.ReadAsync(source, default).GetAwaiter().GetResult() is not { } head)
        {
            return;
        }

        var call = new HttpCall(head, new HttpBody(source, head, TimeSpan.FromMinutes(1), _ => Task.CompletedTask));
        var query = FormQuery.Parse(call.RawQuery);
        var verifier = new SigV4Verifier(s_signer, new TestClock(), allowAnonymous: true);
        SseRequest.Read(call).Dispose();
        _ = verifier.VerifyAsync(call, query, default).GetAwaiter().GetResult();
        verifier.RequireSessionToken(call, query);
    }

    private static void ReadConfiguration(byte[] bytes)
    {
        var fields = JsonFields.Parse(bytes);
        foreach (string name in fields.Names)
        {
            // The first reader that takes it does; what none takes is a fault like any other.
            foreach (Action read in (Action[])[() => fields.OptionalText(name), () => fields.OptionalSecret(name)?.Dispose(), () => fields.OptionalBoolean(name), () => fields.OptionalNumber(name), () => fields.OptionalObject(name), () => fields.OptionalMap(name), () => fields.OptionalList(name)])
            {
                try
                {
                    read();
                    break;
                }
                catch (JsonFault)
                {
                    continue;
                }
            }
        }
    }

    private static void ReadChunks(byte[] bytes)
    {
        foreach (PayloadForm form in Enum.GetValues<PayloadForm>())
        {
            _ = ChunkedPayload.Decode(bytes, form, signatures: null);
        }
    }

    // What is read is a time: it is said again as it was, and has an instant.
    private static void ReadTime(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        if (ZonedTime.TryParse(text, out ZonedTime time))
        {
            Assert.Equal(text, time.Text);
            Assert.InRange(time.Nanoseconds, 0, 999_999_999);
            _ = time.Instant.ToUniversalTime();
            _ = time.In(TimeZoneInfo.Utc);
        }
    }

    private static void ReadRefusal(byte[] bytes)
    {
        foreach (int status in (int[])[200, 400, 403, 404, 500, 503])
        {
            byte[] copy = [.. bytes];
            using var answer = new RustFs.Kms.Backends.Wire.WireAnswer(status, copy, copy.Length, requestId: null);
            _ = answer.Error?.Message;
        }
    }

    // One answer to every question: the whole way from the bytes to the object.
    private static void ReadAnswer(byte[] bytes)
    {
        foreach (Func<HttpKmsBackend, Task> ask in s_questions)
        {
            HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(new Uri("http://127.0.0.1:9/")) with { RetryCount = 0 }, new TestClock(), new OneAnswer(bytes));
            try
            {
                ask(backend).GetAwaiter().GetResult();
            }
            catch (KmsException exception)
            {
                Assert.Equal(SafeText.Neutralize(exception.Message), exception.Message);
            }
            finally
            {
                backend.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }
    }

    private static readonly Func<HttpKmsBackend, Task>[] s_questions =
    [
        backend => backend.GetStatusAsync(default),
        backend => backend.GetCapabilitiesAsync(default),
        backend => backend.GetKeyAsync("a", default),
        async backend =>
        {
            await foreach (KmsKey key in backend.ListKeysAsync(new KmsKeyQuery(), default))
            {
                _ = key.ToString();
            }
        },
        backend => backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "a" }, default),
        async backend => (await backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "a" }, default)).Dispose(),
        backend => backend.GetConfigurationAsync(default),
        backend => backend.GetKeyImpactAsync("a", default),
        backend => backend.GetBackupStatusAsync(default),
        backend => backend.PlanRestoreAsync("b", null, default),
        backend => backend.ListBucketsAsync(default),
        backend => backend.GetBucketEncryptionAsync("photos", default),
    ];

    private static List<byte[]> Logs() =>
    [
        .. new[]
        {
            "{\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"request\",\"auth\":{\"client_token\":\"hmac-sha256:ab\"},\"request\":{\"path\":\"transit/encrypt/app\",\"data\":{\"plaintext\":\"c2VjcmV0\",\"n\":[1,2,3]},\"secret\":{\"a\":null}},\"response\":{\"wrap_info\":{\"token\":\"hvs.x\"}}}\n",
            "2026-01-01 INFO rustfs::kms: started backend=Local master_key=\"c2VjcmV0\" Authorization: Bearer abc\n-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\nend\n",
            "\"plaintext\": [\n 1,\n 2\n],\n{\"a\":1}\n",
        }.AsEnumerable().Select(Encoding.UTF8.GetBytes),
    ];

    private static void ReadLog(byte[] bytes)
    {
        foreach (bool isAudit in (bool[])[true, false])
        {
            using var redactor = new Redactor();
            RedactedStream.CopyAsync(new MemoryStream(bytes), new MemoryStream(), redactor, isAudit, default).GetAwaiter().GetResult();
        }
    }

    // Descriptions and tags: what is written is read again as it was, and is harmless when it is shown.
    private static void KeepMetadata(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes).Replace('\uFFFD', '?');
        var record = new KeyRecord
        {
            KeyId = "app",
            Description = text,
            Tags = new(new Dictionary<string, string> { [text] = text }),
            CreatedAt = ZonedTime.FromInstant(DateTimeOffset.UnixEpoch),
            Material = new byte[32],
            Nonce = [],
            Protection = KeyProtection.Plaintext,
        };
        var read = KeyRecord.Decode("app", record.Encode().Written.ToArray());
        Assert.Equal((text, text), (read.Description, read.Tags[text]));
        string shown = SafeText.Neutralize(text);
        Assert.Equal(shown, SafeText.Neutralize(shown));
        Assert.DoesNotContain(shown, char.IsControl);
    }

    private void ReadRecoveryKey(byte[] bytes)
    {
        string path = _folder.Beside("fuzzed.pem");
        File.WriteAllBytes(path, bytes);
        KmsException? refused = null;
        foreach (Action read in (Action[])[() => RecoveryKeys.ReadRecipientFile(path), () => RecoveryKeys.Read(path, _folder.Passphrase).Dispose(), () => RecoveryKeys.Read(path, null).Dispose()])
        {
            try
            {
                read();
                return;
            }
            catch (KmsException exception)
            {
                refused = exception;
            }
        }

        throw refused!;
    }

    private sealed class OneAnswer(byte[] body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(body), RequestMessage = request });
    }

    private sealed record Target(IReadOnlyList<byte[]> Samples, Action<byte[]> Read, params Type[] Documented)
    {
        /// <summary>The bytes that may be allocated for an input of at most 256 KiB.</summary>
        internal long MostMemory { get; init; } = 64L << 20;
    }
}
