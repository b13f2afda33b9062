using System.Management.Automation;
using RustFs.Kms.PowerShell;

namespace RustFs.Kms;

/// <summary>An emulator of a RustFS server's KMS, which lives in this process. Connect-Kms takes it from the pipeline.</summary>
public sealed class KmsEmulator
{
    private readonly IKmsEmulator _emulator;
    private readonly EmulatorSecrets _secrets;
    private int _closed;

    internal KmsEmulator(IKmsEmulator emulator, PSCredential credential, EmulatorSecrets secrets)
    {
        _emulator = emulator;
        _secrets = secrets;
        Endpoint = emulator.Endpoint;
        KeyDirectory = emulator.KeyDirectory;
        ApiGeneration = emulator.Generation;
        Credential = credential;
        StartedAt = DateTimeOffset.Now;
    }

    /// <summary>Where it listens, on loopback.</summary>
    public Uri Endpoint { get; }

    /// <summary>Who may ask.</summary>
    public PSCredential Credential { get; }

    /// <summary>The key directory that it serves once it is configured.</summary>
    public string KeyDirectory { get; }

    /// <summary>The generation of the API that it speaks.</summary>
    public KmsApiGeneration ApiGeneration { get; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>Whether it listens; its KMS may be stopped all the same.</summary>
    public bool IsRunning => Volatile.Read(ref _closed) == 0;

    /// <summary>The endpoint, so that an emulator in a string reads as its address.</summary>
    public override string ToString() => Endpoint.ToString();

    internal async ValueTask CloseAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            try
            {
                await _emulator.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                _secrets.Dispose(); // the emulator uses them to its end
            }
        }
    }
}
