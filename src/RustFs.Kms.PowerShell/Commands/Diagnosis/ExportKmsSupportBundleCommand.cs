using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Writes a zip file for whoever helps, with what the troubleshooting guide asks for: status, configuration, versions, the check of the
/// connection and its recent requests, and the log files, audit files and headers that are given. Secrets are taken out of all of it, and a
/// manifest has the SHA-256 sum of each file. -WhatIf lists the contents. What cannot be got is named in the manifest and in Problems.
/// Read the files before you pass the bundle on: names of keys, buckets and hosts are in it.
/// </summary>
[Cmdlet(VerbsData.Export, "KmsSupportBundle", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[Alias("Export-RustFsKmsSupportBundle")]
[OutputType(typeof(KmsSupportBundle))]
public sealed class ExportKmsSupportBundleCommand : KmsCmdlet
{
    private readonly List<KmsConnection> _connections = [];

    /// <summary>
    /// The zip file, or a directory for it. Without it, rustfs-kms-support- and the time, in the current directory. The file is its owner's
    /// alone.
    /// </summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>
    /// The connections that the bundle describes, or their names, which may hold wildcards. Without it, the default connection, if there is
    /// one.
    /// </summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <summary>Log files of the server, text or packed with gzip; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? LogPath { get; set; }

    /// <summary>Audit log files of Vault; wildcards are permitted. Whatever their entries hold as data is taken out, unless Vault hashed it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? VaultAuditPath { get; set; }

    /// <summary>
    /// The headers of the failing request, by name, such as @{ 'x-amz-server-side-encryption' = 'aws:kms' }. A customer's key, a signature
    /// or a token among them is taken out.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Header { get; set; }

    /// <summary>Replaces an existing file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // Without a connection a bundle of logs is a bundle all the same.
        if (Connection is { Length: > 0 } || ConnectionState.Current.Default is not null)
        {
            _connections.AddRange(CurrentConnections().Except(_connections));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        string? target = Path;
        try
        {
            string path = target = ResolveTarget();
            IReadOnlyList<KmsSupportPart> parts = SupportContent.Plan(
                _connections, $"{Host.Version} ({Host.Name})", Header, ResolveFiles(LogPath), ResolveFiles(VaultAuditPath));
            if (ShouldProcess(path, Strings.SupportBundleAction(parts.Select(part => part.Name))))
            {
                Write(path, parts);
            }
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, target);
        }
    }

    private void Write(string path, IReadOnlyList<KmsSupportPart> parts)
    {
        using var secrets = new SupportSecrets();
        string producer = $"RustFs.Kms {typeof(ExportKmsSupportBundleCommand).Assembly.GetName().Version?.ToString(fieldCount: 3)}";
        KmsSupportBundle bundle = Wait(KmsBackends.WriteSupportBundleAsync(path, Force, producer, parts, secrets.All, StopToken));
        foreach (string problem in bundle.Problems)
        {
            WriteWarning(DisplayText.Neutralize(problem));
        }

        WriteObject(bundle);
    }

    private string ResolveTarget()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"rustfs-kms-support-{DateTime.Now:yyyyMMdd-HHmmss}.zip");
        string path = Paths.Resolve(SessionState, Path ?? name);
        if (Directory.Exists(path))
        {
            path = System.IO.Path.Combine(path, name);
        }

        path = Paths.RequireFolderOf(path);
        return File.Exists(path) && !Force ? throw new KmsException(KmsErrorCode.KmsConflict, Strings.FileExists(path), path) : path;
    }

    private List<string> ResolveFiles(string[]? given)
    {
        var files = new List<string>();
        foreach (string item in given ?? [])
        {
            string[] found = WildcardPattern.ContainsWildcardCharacters(item) ? Matches(item) : [Paths.Resolve(SessionState, item)];
            string? missing = found.Length == 0 ? item : found.FirstOrDefault(path => !File.Exists(path));
            if (missing is not null)
            {
                throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchFile(missing), missing);
            }

            files.AddRange(found.Except(files));
        }

        return files;
    }

    private string[] Matches(string pattern)
    {
        try
        {
            Collection<string> found = SessionState.Path.GetResolvedProviderPathFromPSPath(pattern, out ProviderInfo provider);
            return provider.Name == "FileSystem" ? [.. found.Where(File.Exists).Order(StringComparer.Ordinal)] : [];
        }
        catch (ItemNotFoundException)
        {
            return []; // which the caller reports
        }
    }
}
