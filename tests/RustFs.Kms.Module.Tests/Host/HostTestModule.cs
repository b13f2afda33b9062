using RustFs.Kms.Console;

namespace RustFs.Kms.Module.Tests.Host;

/// <summary>A module in a temporary folder with what the host has to cope with: views, questions, streams, waiting.</summary>
public sealed class HostTestModule : IDisposable
{
    private const string Manifest = """
        @{
            RootModule = 'HostTest.psm1'; ModuleVersion = '1.0.0'; GUID = '5b1d3a5e-6a0f-4c69-9a52-6d6b4f3c0a11'
            FormatsToProcess = @('HostTest.Format.ps1xml')
            FunctionsToExport = @('*'); CmdletsToExport = @(); AliasesToExport = @(); VariablesToExport = @()
        }
        """;

    private const string Script = """
        function Get-TestKey {
            [CmdletBinding()] param([Parameter(Position = 0)] [string] $KeyId = 'alpha', [ValidateSet('Red', 'Green')] [string] $Color)
            if ($KeyId -eq 'missing') {
                $exception = [System.InvalidOperationException]::new("The key $KeyId does not exist.")
                $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new($exception, 'KeyNotFound', 'ObjectNotFound', $KeyId))
                return
            }
            [pscustomobject] @{ PSTypeName = 'HostTest.Key'; KeyId = $KeyId; State = 'Enabled'; Inner = 'not in the view' }
        }
        function Get-TestSecret {
            [CmdletBinding()] param([Parameter(Mandatory)] [securestring] $Secret)
            [System.Net.NetworkCredential]::new('', $Secret).Password
        }
        function Get-TestCredential {
            [CmdletBinding()] param([Parameter(Mandatory)] [pscredential] [System.Management.Automation.Credential()] $Credential)
            $Credential.UserName + '/' + $Credential.GetNetworkCredential().Password
        }
        function Get-TestValues {
            [CmdletBinding()] param(
                [Parameter(Mandatory, HelpMessage = 'How many?')] [int] $Count,
                [Parameter(Mandatory)] [bool] $Flag,
                [Parameter(Mandatory)] [string[]] $Names)
            "$Count $Flag $($Names -join ',')"
        }
        function Write-TestStreams {
            [CmdletBinding()] param()
            $PSCmdlet.WriteWarning('careful')
            $PSCmdlet.WriteVerbose('details')
            $PSCmdlet.WriteInformation('note', @('tag'))
            $PSCmdlet.WriteProgress([System.Management.Automation.ProgressRecord]::new(1, 'Working', 'half') )
            'output'
        }
        function Wait-Test { while ($true) { [System.Threading.Thread]::Sleep(20) } }
        """;

    private const string Format = """
        <Configuration><ViewDefinitions><View>
          <Name>HostTest.Key</Name><ViewSelectedBy><TypeName>HostTest.Key</TypeName></ViewSelectedBy>
          <TableControl>
            <TableHeaders><TableColumnHeader/><TableColumnHeader/></TableHeaders>
            <TableRowEntries><TableRowEntry><TableColumnItems>
              <TableColumnItem><PropertyName>KeyId</PropertyName></TableColumnItem>
              <TableColumnItem><PropertyName>State</PropertyName></TableColumnItem>
            </TableColumnItems></TableRowEntry></TableRowEntries>
          </TableControl>
        </View></ViewDefinitions></Configuration>
        """;

    public HostTestModule()
    {
        Folder = Directory.CreateTempSubdirectory("rustfs-kms-host-").FullName;
        Write("RustFs.Kms.psd1", Manifest);
        Write("HostTest.psm1", Script);
        Write("HostTest.Format.ps1xml", Format);
    }

    public string Folder { get; }

    /// <summary>Writes a file into the folder; returns its path.</summary>
    public string Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal ModuleHost Open(params string[] answers) => ModuleHost.Create(new ModuleHostOptions { ModulePath = Folder, Answers = answers });
}
