using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Tests whether keys can be used. A missing or damaged key is a result, not an error. -RoundTrip makes a data key and opens it
/// again; nothing is stored.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsKey")]
[Alias("Test-RustFsKmsKey")]
[OutputType(typeof(KmsKeyTest), typeof(bool))]
public sealed class TestKmsKeyCommand : KmsKeyCmdlet
{
    /// <summary>Makes a data key, opens it again and compares.</summary>
    [Parameter]
    public SwitchParameter RoundTrip { get; set; }

    /// <summary>Returns $true or $false instead of the details.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections)
    {
        var tester = new KeyTester { Call = Call, RoundTrip = RoundTrip };
        Run(
            connections,
            "TestKey",
            keyId,
            (connection, token) => tester.TestAsync(connection, keyId, token),
            (_, test) => WriteObject(Quiet ? test.IsUsable : test));
    }
}
