using System.Management.Automation;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>What every cmdlet has that works on files: one bad file never stops the rest.</summary>
public abstract class KmsFileCmdlet : KmsCmdletBase
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";

    /// <summary>The files; wildcards are permitted, and pass over folders.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The files, by their exact names: characters that could be wildcards are none. Takes what Get-ChildItem outputs.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    private protected override FailureSubject Subject => FailureSubject.File;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in ParameterSetName == PathSet ? Path : LiteralPath)
        {
            foreach (string file in Find(path))
            {
                ProcessFile(file);
            }
        }
    }

    /// <summary>Does the cmdlet's work for one file.</summary>
    /// <param name="file">Its absolute path.</param>
    private protected abstract void ProcessFile(string file);

    /// <summary>Whether a file is meant when a wildcard matches it.</summary>
    private protected virtual bool IsMeant(string file) => true;

    /// <summary>Waits for the engine's work on a file, and shows how far it is.</summary>
    private protected T WaitFor<T>(Func<IProgress<KmsFileProgress>, CancellationToken, Task<T>> work) => WaitFor(Strings.Progress, work);

    /// <summary>Reads a file's header. A file that has none is an error record.</summary>
    private protected KmsEnvelope? ReadEnvelope(string file)
    {
        try
        {
            return Wait(KmsBackends.ReadEnvelopeAsync(file, StopToken));
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            WriteFailure(exception, file);
            return null;
        }
    }

    private IReadOnlyList<string> Find(string path)
    {
        try
        {
            return ParameterSetName == PathSet ? Paths.Match(SessionState, path, IsMeant) : [Paths.ResolveExisting(SessionState, path)];
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, path);
            return [];
        }
    }
}
