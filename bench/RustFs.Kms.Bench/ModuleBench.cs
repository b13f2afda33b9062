using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Security;

namespace RustFs.Kms.Bench;

/// <summary>What people feel at the prompt, in the real engine with the staged module.</summary>
internal static class ModuleBench
{
    private static readonly string s_manifest = Path.Combine(
        typeof(ModuleBench).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "StagedModulePath").Value!, "RustFs.Kms.psd1");

    /// <summary>The names that the staged manifest exports.</summary>
    internal static IReadOnlyList<string> StagedCmdlets()
    {
        using PowerShell shell = Open();
        return [.. shell.AddCommand("Test-ModuleManifest").AddParameter("Path", s_manifest).Invoke<PSModuleInfo>().Single().ExportedCmdlets.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>Imports a module into an engine that is there. Prints the time, and how many assemblies of a folder <c>lib</c> came with it.</summary>
    internal static int Import(string manifest)
    {
        using PowerShell shell = Open();
        Invoke(shell, "$null = Get-Command -Name Get-Command"); // the engine itself is warm
        double seconds = Measure.Time(() => Invoke(shell, "Import-Module -Name $args[0] -ErrorAction Stop", manifest));
        string lib = Path.Combine(Path.GetDirectoryName(manifest)!, "lib") + Path.DirectorySeparatorChar;
        int loaded = AppDomain.CurrentDomain.GetAssemblies().Count(assembly => !assembly.IsDynamic && assembly.Location.StartsWith(lib, StringComparison.Ordinal));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seconds={seconds:F4} lib={loaded}"));
        return 0;
    }

    /// <summary>Data keys, one for each key id that comes down the pipeline.</summary>
    internal static int Pipeline(string folder, int count)
    {
        using PowerShell shell = OpenWithModule();
        using SecureString masterKey = Secret(BenchStore.MasterKey);
        Invoke(
            shell,
            "param($folder, $masterKey, $count) $null = Connect-Kms -KeyDirectory $folder -MasterKey $masterKey -Create; $null = New-KmsKey bench; $ids = @('bench') * $count",
            Path.Combine(folder, "pipeline-keys"), masterKey, count);
        using var bare = new BareLoop();
        (double ours, double theirs) = Measure.InTurns(5, () => Invoke(shell, "$ids | New-KmsDataKey | Out-Null"), () => bare.Make(count));
        Measure.Print("pipeline", ours / count, theirs / count);
        return 0;
    }

    /// <summary>One question to many servers at once, against the same to one of them.</summary>
    internal static int Fleet(int count, int milliseconds)
    {
        using var servers = BenchServerProcess.Start(count, milliseconds);
        using PowerShell shell = OpenWithModule();
        Invoke(
            shell,
            """
            param($endpoints, $credential)
            $all = @($endpoints | ForEach-Object { Connect-Kms -Endpoint $_ -Credential $credential -ApiGeneration Current -NoDefault -Name "server$($_.Port)" })
            """,
            servers.Endpoints, new PSCredential("measuring", Secret("a secret key for measuring")));
        (double all, double one) = Measure.InTurns(
            5, () => Invoke(shell, "$keys = Get-KmsKey -KeyId bench -Connection $all"), () => Invoke(shell, "$null = Get-KmsKey -KeyId bench -Connection $all[0]"));
        int answers = (int)shell.AddScript("@($keys).Count").Invoke<PSObject>().Single().BaseObject;
        if (answers != count)
        {
            throw new InvalidOperationException($"{answers} of {count} servers answered.");
        }

        Measure.Print("fleet", all, one);
        return 0;
    }

    internal static SecureString Secret(string text)
    {
        var secret = new SecureString();
        foreach (char character in text)
        {
            secret.AppendChar(character);
        }

        return secret;
    }

    internal static PowerShell OpenWithModule()
    {
        PowerShell shell = Open();
        Invoke(shell, "Import-Module -Name $args[0] -ErrorAction Stop", s_manifest);
        return shell;
    }

    private static PowerShell Open()
    {
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        return PowerShell.Create(runspace);
    }

    internal static void Invoke(PowerShell shell, string script, params object[] arguments)
    {
        shell.Commands.Clear();
        shell.AddScript(script, useLocalScope: false);
        foreach (object argument in arguments)
        {
            shell.AddArgument(argument);
        }

        shell.Invoke();
        if (shell.HadErrors)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, shell.Streams.Error.Select(error => error.ToString())));
        }

        shell.Commands.Clear();
    }
}
