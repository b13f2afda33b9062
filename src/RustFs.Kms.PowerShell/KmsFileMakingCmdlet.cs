using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What the cmdlets have that make one file of another.</summary>
public abstract class KmsFileMakingCmdlet : KmsFileCmdlet
{
    // Where case does not tell files apart, it must not here: an error too many is better than a file too few.
    private readonly HashSet<string> _made = new(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
    private FileDestination _destination = new(null, IsFolder: false);
    private string? _held;

    /// <summary>
    /// Where the result goes: a file, or a folder that exists, which may end in a separator to say so. Several files need a folder.
    /// Without it, each result is put beside its source.
    /// </summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <summary>Removes the source, after the result is on the disk, was read back and was found to be right.</summary>
    [Parameter]
    public SwitchParameter RemoveSource { get; set; }

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Outputs what was done.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _destination = FileDestination.From(SessionState, Destination);
        }
        catch (KmsException exception)
        {
            ThrowFailure(exception, Destination);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_held is not null)
        {
            Make(_held, _destination.Path!);
        }
    }

    /// <summary>What the result is called; null when the source's name does not tell.</summary>
    private protected abstract string? NameFor(string sourceName);

    /// <summary>What is done to a file, for a question: <c>Protect with ...</c>.</summary>
    private protected abstract string Action { get; }

    /// <summary>The connection that is worked through, when there is exactly one.</summary>
    private protected virtual KmsConnection? Through => null;

    /// <summary>Gets what takes asking the user, before the first file is worked on. Ends the cmdlet when that fails.</summary>
    private protected abstract void Prepare();

    /// <summary>Has the engine make the result.</summary>
    private protected abstract Task<KmsFileResult> MakeAsync(
        string source, string destination, IProgress<KmsFileProgress> progress, CancellationToken cancellationToken);

    /// <summary>What was done, for whoever reads along.</summary>
    private protected abstract string Done(KmsFileResult result);

    private protected sealed override void ProcessFile(string file)
    {
        if (_destination.IsOneFile)
        {
            // Whether it is the only one is known at the end; until then nothing is written.
            if (_held is not null)
            {
                ThrowFailure(new KmsException(KmsErrorCode.KmsUsage, Strings.OneDestination(_destination.Path!)), _destination.Path);
            }

            _held = file;
            return;
        }

        string destination;
        try
        {
            destination = _destination.For(file, NameFor(System.IO.Path.GetFileName(file)));
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, file);
            return;
        }

        Make(file, destination);
    }

    private void Make(string source, string destination)
    {
        bool exists = File.Exists(destination);
        if (_made.Contains(destination) || (exists && !Force))
        {
            // What this very command made is not replaced even with -Force: its source may be gone already.
            string message = _made.Contains(destination) ? Strings.MadeTwice(source, destination) : Strings.FileExists(destination);
            WriteFailure(new KmsException(KmsErrorCode.KmsConflict, message, destination), source);
            return;
        }

        if (!ShouldProceed(DisplayText.Neutralize(source), Strings.MakeAction(Action, destination, exists, RemoveSource)))
        {
            return;
        }

        Prepare();
        KmsFileResult result;
        try
        {
            result = WaitFor((progress, token) => MakeAsync(source, destination, progress, token));
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            if (File.Exists(destination))
            {
                _made.Add(destination); // it may be that only the source could not be removed
            }

            Report();
            WriteFailure(exception, source, Through);
            return;
        }

        _made.Add(destination);
        Report();
        if (IsVerbose)
        {
            WriteVerbose(Done(result));
        }

        if (result.OtherNames > 0)
        {
            WriteWarning(Strings.OtherNamesStay(result));
        }

        if (PassThru)
        {
            WriteObject(result);
        }
    }

    private void Report()
    {
        if (Through is not null)
        {
            WriteRequests(Through);
        }
    }
}
