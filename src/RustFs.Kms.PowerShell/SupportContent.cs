using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The table of what goes into a support bundle: what the troubleshooting guide asks for ("KMS Troubleshooting", Support Data Collection).
/// Nothing here takes secrets out; everything passes the redactor on its way into the file.
/// </summary>
internal static class SupportContent
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>What is got of each connection: the file, and how.</summary>
    private static readonly (string File, Func<Subject, bool> Applies, Func<Subject, CancellationToken, Task<object>> Get)[] s_ofConnection =
    [
        ("connection.json", _ => true, (subject, _) => Task.FromResult(Description(subject.Connection))),
        ("status.json", _ => true, async (subject, token) => await subject.Connection.Backend.GetStatusAsync(token).ConfigureAwait(false)),
        ("config.json", IsServer, async (subject, token) => await subject.Connection.Backend.GetConfigurationAsync(token).ConfigureAwait(false)),
        ("checks.json", HasEndpoint, async (subject, token) => await ChecksAsync(subject, token).ConfigureAwait(false)),

        ("health.json", _ => true, async (subject, token) => await HealthAsync(subject, token).ConfigureAwait(false)),

        // After the others, so that their requests are in it.
        ("requests.json", HasEndpoint, (subject, _) => Requests(subject)),
    ];

    /// <summary>What is to go in.</summary>
    /// <param name="connections">The connections that are described.</param>
    /// <param name="host">The PowerShell that this runs in, as text.</param>
    /// <param name="headers">The headers of the failing request; null for none.</param>
    /// <param name="logs">Log files.</param>
    /// <param name="audits">Vault's audit files.</param>
    internal static IReadOnlyList<KmsSupportPart> Plan(
        IReadOnlyList<KmsConnection> connections, string host, IDictionary? headers, IReadOnlyList<string> logs, IReadOnlyList<string> audits) =>
    [
        Json("versions.json", _ => Task.FromResult(Versions(host))),
        .. connections.Select(connection => new Subject(connection, ConnectionState.EndpointOf(connection))).SelectMany((subject, index) => s_ofConnection
            .Where(part => part.Applies(subject))
            .Select(part => Json($"connections/{Number(index)}-{FileName(subject.Connection.Name)}/{part.File}", token => part.Get(subject, token)))),
        .. headers is null ? Array.Empty<KmsSupportPart>() : [Text("headers.txt", () => Headers(headers))],
        .. logs.Select((path, index) => File($"logs/{Number(index)}-{FileName(Path.GetFileName(path))}", path, isAudit: false)),
        .. audits.Select((path, index) => File($"vault-audit/{Number(index)}-{FileName(Path.GetFileName(path))}", path, isAudit: true)),
    ];

    private static string Number(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>A name without anything that another system could take for a folder or refuse.</summary>
    private static string FileName(string name)
    {
        string plain = string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' ? character : '_')).TrimStart('.');
        return plain.Length > 100 ? plain[^100..] : plain;
    }

    private static bool IsServer(Subject subject) => subject.Connection.Kind == KmsBackendKind.Server;

    private static bool HasEndpoint(Subject subject) => subject.Endpoint is not null;

    private static KmsSupportPart Json(string name, Func<CancellationToken, Task<object>> get) => new(name, IsAudit: false, async token =>
        new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(await get(token).ConfigureAwait(false), s_json)));

    private static KmsSupportPart Text(string name, Func<string> get) =>
        new(name, IsAudit: false, _ => Task.FromResult<Stream>(new MemoryStream(Encoding.UTF8.GetBytes(get()))));

    private static KmsSupportPart File(string name, string path, bool isAudit) => new(name, isAudit, _ => Task.FromResult<Stream>(
        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan)));

    private static object Versions(string host) => new
    {
        Module = typeof(SupportContent).Assembly.GetName().Version?.ToString(fieldCount: 3),
        PowerShell = host,
        Runtime = RuntimeInformation.FrameworkDescription,
        System = RuntimeInformation.OSDescription,
        Architecture = RuntimeInformation.ProcessArchitecture.ToString(),
        Time = DateTimeOffset.Now,

        // Which of them are set, and never to what.
        EnvironmentVariables = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("RUSTFS_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("AWS_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("VAULT_", StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal),
    };

    private static object Description(KmsConnection connection) => new
    {
        connection.Name,
        Kind = connection.Kind.ToString(),
        connection.Location,
        connection.OpenedAt,
        connection.Warnings,
        Sources = connection.Sources.Select(source => new { Setting = source.Key, From = source.Value }),
    };

    private static async Task<List<KmsConnectionCheck>> ChecksAsync(Subject subject, CancellationToken token)
    {
        var checks = new List<KmsConnectionCheck>();
        await foreach (KmsConnectionCheck check in KmsBackends.CheckEndpointAsync(subject.Endpoint!.Options, token).ConfigureAwait(false))
        {
            checks.Add(check);
        }

        return checks;
    }

    private static Task<IReadOnlyList<KmsHealthCheck>> HealthAsync(Subject subject, CancellationToken token)
    {
        var request = new HealthRequest { Thresholds = new HealthThresholds(), WritesNothing = true, OnInterruptedSmokeTest = static _ => { } };
        return new HealthExamination(subject.Connection, subject.Endpoint, request).RunAsync(token);
    }

    private static Task<object> Requests(Subject subject) => Task.FromResult<object>(subject.Endpoint!.Log.Recent
        .Select(request => new
        {
            request.At,
            request.Entry.Method,
            request.Entry.Path,
            request.Entry.Status,
            Milliseconds = Math.Round(request.Entry.Duration.TotalMilliseconds, 1),
            request.Entry.RequestId,
            request.Entry.Try,
            request.Entry.Note,
        })
        .ToArray());

    /// <summary>One header a line. A value that its name calls secret goes whole, whatever it looks like.</summary>
    private static string Headers(IDictionary headers)
    {
        var text = new StringBuilder();
        foreach (object name in headers.Keys.Cast<object>().OrderBy(name => name.ToString(), StringComparer.OrdinalIgnoreCase))
        {
            string value = OneLine(headers[name] is IEnumerable list and not string ? string.Join(", ", list.Cast<object?>()) : Convert.ToString(headers[name], CultureInfo.InvariantCulture));
            string shown = OneLine(Convert.ToString(name, CultureInfo.InvariantCulture));
            bool secret = KmsBackends.IsSecretName(shown) && !shown.Equals("Authorization", StringComparison.OrdinalIgnoreCase);

            // Between quotes the redactor takes the whole value, and says by a tag whether two are equal.
            _ = text.Append(shown).Append(": ").AppendLine(secret ? JsonSerializer.Serialize(value) : value);
        }

        return text.ToString();
    }

    private static string OneLine(string? text) => string.Join(' ', (text ?? string.Empty).Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries));

    /// <summary>A connection and how it reaches its server. Looked up on the pipeline's thread: others have no runspace.</summary>
    private sealed record Subject(KmsConnection Connection, ConnectionEndpoint? Endpoint);
}
