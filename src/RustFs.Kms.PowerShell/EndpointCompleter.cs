using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes the addresses of servers that the session knows: of its connections, its emulators and its environment.</summary>
public sealed class EndpointCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return
        [
            .. Known()
                .Where(server => server.Address.Length > 0 && word.Matches(server.Address))
                .DistinctBy(server => server.Address)
                .OrderBy(server => server.Address, StringComparer.Ordinal)
                .Select(server => CompletionWord.Result(server.Address, server.Origin)),
        ];
    }

    private static IEnumerable<(string Address, string Origin)> Known()
    {
        foreach (KmsConnection connection in ConnectionState.Current.All.Where(connection => connection.Kind == KmsBackendKind.Server))
        {
            yield return (connection.Location, $"connection {connection.Name}");
        }

        foreach (KmsEmulator emulator in EmulatorState.Current.All)
        {
            yield return (emulator.Endpoint.ToString(), "emulator of this session");
        }

        // Without what somebody may have written into the address.
        if (EndpointEnvironment.Endpoint() is { } variable)
        {
            yield return (EndpointInput.Shown(variable.Value), $"environment {variable.Source}");
        }
    }
}
