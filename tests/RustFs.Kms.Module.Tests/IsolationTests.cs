using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.Loader;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The module beside others: their versions of its packages, other runspaces, and its own removal.</summary>
public sealed class IsolationTests
{
    private const string ContextName = "RustFs.Kms";
    private const string Connect = "param($path, $key) Connect-Kms $path -MasterKey $key -Name again";

    private static AssemblyLoadContext Private => Assert.Single(AssemblyLoadContext.All, context => context.Name == ContextName);

    [Fact]
    public void The_conflict_is_real_and_came_first()
    {
        Assert.False(Conflict.CameTooLate);
        Assert.NotEqual(Shipped(Conflict.AwsName).FileVersion, FileVersionInfo.GetVersionInfo(Conflict.Aws.Location).FileVersion);
        Assert.NotEqual(AssemblyName.GetAssemblyName(ShippedPath(Conflict.BouncyCastleName)).Version, Conflict.BouncyCastle.GetName().Version);
    }

    [Fact]
    public void Stores_and_data_keys_are_made_with_the_shipped_packages_beside_others()
    {
        using var session = new KmsSession("app"); // the master key goes through Argon2id, which is BouncyCastle's
        Assert.Equal(32, session.Value<int>("(New-KmsDataKey app | Unprotect-KmsDataKey).PlaintextLength"));

        Assembly[] loaded = [.. Private.Assemblies];
        Assert.Equal(
            ShippedPath(Conflict.BouncyCastleName), Assert.Single(loaded, assembly => assembly.GetName().Name == Conflict.BouncyCastleName).Location);
        Assert.Contains(loaded, assembly => assembly.GetName().Name == "RustFs.Kms.Backends");
        Assert.DoesNotContain(loaded, assembly => assembly.GetName().Name is "RustFs.Kms" or "RustFs.Kms.PowerShell" or "System.Management.Automation");

        Assembly aws = Private.LoadFromAssemblyName(new AssemblyName(Conflict.AwsName));
        Assert.Equal(ShippedPath(Conflict.AwsName), aws.Location);
        Assert.Equal(Shipped(Conflict.AwsName).FileVersion, FileVersionInfo.GetVersionInfo(aws.Location).FileVersion);
    }

    [Fact]
    public void The_default_context_keeps_what_it_had_and_gets_no_engine()
    {
        using var session = new KmsSession("app");
        Assembly[] loaded = [.. AssemblyLoadContext.Default.Assemblies];
        Assert.Same(Conflict.Aws, Assert.Single(loaded, assembly => assembly.GetName().Name == Conflict.AwsName));
        Assert.Same(Conflict.BouncyCastle, Assert.Single(loaded, assembly => assembly.GetName().Name == Conflict.BouncyCastleName));
        Assert.DoesNotContain(loaded, assembly => assembly.GetName().Name == "RustFs.Kms.Backends");
        Assert.DoesNotContain(loaded, assembly => assembly.Location.StartsWith(StagedFiles.Library, StringComparison.Ordinal));
    }

    [Fact]
    public void The_contract_types_are_shared_and_have_names_in_scripts_and_the_engines_have_none()
    {
        using var session = new KmsSession("app");
        Type type = session.Value<Type>("[RustFs.Kms.KmsKey]");
        Assert.Same(AssemblyLoadContext.Default, AssemblyLoadContext.GetLoadContext(type.Assembly));
        Assert.Equal(StagedFiles.Contracts, type.Assembly.Location);
        Assert.Single(AppDomain.CurrentDomain.GetAssemblies(), assembly => assembly.GetName().Name == "RustFs.Kms");
        Assert.True(session.Value<bool>("(Get-KmsKey app) -is [RustFs.Kms.KmsKey]"));
        Assert.Equal("Enabled", session.Value<string>("[RustFs.Kms.KmsKey] $key = Get-KmsKey app; $key.State"));
        Assert.True(session.Value<bool>("$null -eq ('RustFs.Kms.Backends.KmsBackends' -as [type])"));

        // Scripts see the BouncyCastle of the default context, as if the module were not there.
        Assert.Same(Conflict.BouncyCastle, session.Value<Type>($"[{Conflict.Argon2Name}]").Assembly);
    }

    [Fact]
    public void Importing_again_by_force_closes_the_connections_and_works_on()
    {
        using var session = new KmsSession("app");
        Type before = session.Value<Type>("[RustFs.Kms.KmsKey]");
        Assembly engine = Private.Assemblies.First();
        for (int time = 0; time < 3; time++)
        {
            session.Require("param($manifest) $open = @(Get-KmsConnection); Import-Module $manifest -Force", StagedFiles.Manifest);
            Assert.False(session.Value<bool>("$open[0].IsOpen"));
            Assert.Empty(session.Require("Get-KmsConnection"));
            session.Require(Connect, session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));
            Assert.Equal(32, session.Value<int>("(New-KmsDataKey app | Unprotect-KmsDataKey).PlaintextLength"));
        }

        Assert.Same(before, session.Value<Type>("[RustFs.Kms.KmsKey]"));
        Assert.Contains(engine, Private.Assemblies);
    }

    [Fact]
    public void Removing_the_module_closes_the_connections_of_that_runspace_only()
    {
        using var session = new KmsSession("app");
        using var other = new KmsSession("app");
        session.Require("$connection = Get-KmsConnection; $dataKey = New-KmsDataKey app; Remove-Module RustFs.Kms");

        Assert.False(session.Value<bool>("$connection.IsOpen"));
        Assert.IsType<CommandNotFoundException>(session.Run("Get-KmsKey").TerminatingError?.Exception ?? session.Run("Get-KmsKey").Errors[0].Exception);
        Assert.True(session.Value<bool>("$dataKey.HasPlaintext")); // it is its owner's to dispose of
        Assert.True(other.Value<bool>("(Get-KmsConnection).IsOpen"));
        Assert.Equal(32, other.Value<int>("(New-KmsDataKey app | Unprotect-KmsDataKey).PlaintextLength"));

        session.Require("param($manifest) Import-Module $manifest", StagedFiles.Manifest);
        Assert.Empty(session.Require("Get-KmsConnection"));
        session.Require(Connect, session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));
        Assert.Equal("app", session.Value<string>("(Get-KmsKey).KeyId"));
    }

    [Fact]
    public void Closing_a_runspace_closes_its_connections()
    {
        var session = new KmsSession("app");
        PSObject connection = session.Require("Get-KmsConnection").Single();
        Assert.True((bool)connection.Properties["IsOpen"].Value);
        session.Dispose();
        Assert.False((bool)connection.Properties["IsOpen"].Value);
    }

    [Fact]
    public void An_iteration_in_parallel_sees_nothing_of_the_one_before_in_its_runspace()
    {
        using var session = new KmsSession("app");
        string masterKey = session.PathOf("master-key");
        File.WriteAllText(masterKey, KmsSession.MasterKeyText);
        List<PSObject> seen = session.Require(
            "param($module, $place, $file) 'first', 'second', 'third' | ForEach-Object -ThrottleLimit 1 -Parallel { Import-Module $using:module; " +
            "@{ Runspace = [runspace]::DefaultRunspace.InstanceId; Seen = @(Get-KmsConnection).Count + @(Get-KmsEmulator).Count; " +
            "Connection = (Connect-Kms $using:place -MasterKeyFile $using:file -Name $_ -WarningAction Ignore); Emulator = (Start-KmsEmulator); " +
            "Open = @(Get-KmsConnection).Count; Missing = try { $null = Connect-Kms \"$using:place/nodir\" -MasterKeyFile $using:file } catch { \"$_\" }; " +
            "Failed = try { $null = New-KmsKey \"made-for-$_\" } catch { $_.FullyQualifiedErrorId } } }",
            StagedFiles.Manifest, session.KeyDirectory, masterKey);

        Assert.Equal(3, seen.Count);
        Assert.Single(seen.Select(iteration => Of(iteration, "Runspace")).Distinct());
        Assert.All(seen, iteration =>
        {
            Assert.Equal(0, Of(iteration, "Seen"));
            Assert.Equal(1, Of(iteration, "Open"));
            Assert.Contains("There is no default connection now", (string)Of(iteration, "Missing"), StringComparison.Ordinal);
            Assert.StartsWith("KmsNotFound,", (string)Of(iteration, "Failed"), StringComparison.Ordinal);
        });
        Assert.Equal("app", session.Value<string>("(Get-KmsKey).KeyId"));

        static object Of(PSObject iteration, string name) => PSObject.AsPSObject(((System.Collections.Hashtable)iteration.BaseObject)[name]).BaseObject;
    }

    [Fact]
    public void A_runspace_that_is_reset_starts_anew_and_what_it_had_open_is_closed()
    {
        using var session = new KmsSession();
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([StagedFiles.Manifest]);
        using Runspace runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        PSObject before = Assert.Single(Invoke("param($path, $key) Connect-Kms $path -MasterKey $key", session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText)));
        Assert.Same(before.BaseObject, Assert.Single(Invoke("Get-KmsConnection")).BaseObject);

        runspace.ResetRunspaceState();
        Assert.Empty(Invoke("Get-KmsConnection"));
        Assert.False((bool)before.Properties["IsOpen"].Value);

        PSObject after = Assert.Single(Invoke("param($path, $key) Connect-Kms $path -MasterKey $key", session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText)));
        runspace.Close();
        Assert.False((bool)after.Properties["IsOpen"].Value);

        System.Collections.ObjectModel.Collection<PSObject> Invoke(string script, params object[] arguments)
        {
            using var shell = System.Management.Automation.PowerShell.Create(runspace);
            shell.AddScript(script);
            Array.ForEach(arguments, argument => shell.AddArgument(argument));
            return shell.Invoke();
        }
    }

    [Fact]
    public void A_prefix_of_the_users_choice_goes_between_verb_and_noun()
    {
        using var session = new KmsSession("app");
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { ImportModule = false });
        HostRun run = host.Run(
            "param($manifest, $path, $key) Import-Module $manifest -Prefix X; Connect-XKms $path -MasterKey $key | Out-Null; New-XKmsKey second; Get-XRustFsKmsKey app",
            StagedFiles.Manifest, session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));
        Assert.Empty(run.Errors);
        Assert.Equal(["second", "app"], run.Output.Select(key => key.ToString()));
        Assert.NotEmpty(host.Run("Get-KmsKey").Errors);
        Assert.Equal(
            "KmsKeyNotFound,RustFs.Kms.PowerShell.Commands.GetKmsKeyCommand", Assert.Single(host.Run("Get-XKmsKey nope").Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public async Task In_a_fresh_process_the_conflict_the_removal_and_the_runspaces_come_in_the_worst_order()
    {
        using var session = new KmsSession("app");
        string masterKey = session.PathOf("master-key");
        File.WriteAllText(masterKey, KmsSession.MasterKeyText);
        string script = session.PathOf("worst.ps1");
        File.WriteAllText(
            script,
            """
            param($Manifest, $Directory, $MasterKey, $Aws, $BouncyCastle)
            [Reflection.Assembly]::LoadFrom($Aws) | Out-Null
            [Reflection.Assembly]::LoadFrom($BouncyCastle) | Out-Null

            # Another runspace comes and goes before anything of the library was needed.
            $other = [powershell]::Create([initialsessionstate]::CreateDefault2())
            $other.AddScript("Import-Module '$Manifest'; Import-Module '$Manifest' -Force; Remove-Module RustFs.Kms").Invoke() | Out-Null
            if ($other.HadErrors) { throw $other.Streams.Error[0] }

            Connect-Kms $Directory -MasterKeyFile $MasterKey -WarningAction Ignore | Out-Null
            "first: $((New-KmsDataKey app | Unprotect-KmsDataKey).PlaintextLength)"
            Remove-Module RustFs.Kms
            "removed: $($null -eq (Get-Command Get-KmsKey -ErrorAction Ignore))"
            Import-Module $Manifest
            "closed: $($null -eq (Get-KmsConnection))"
            Connect-Kms $Directory -MasterKeyFile $MasterKey -WarningAction Ignore | Out-Null
            "again: $((New-KmsDataKey app | Unprotect-KmsDataKey).PlaintextLength)"
            [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'BouncyCastle.Cryptography' } |
                ForEach-Object { "$([Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name): $($_.Location)" }
            """);

        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.Start(
            script, StagedFiles.Manifest, session.KeyDirectory, masterKey, Conflict.AwsPath, Conflict.BouncyCastlePath));

        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.Equal(
            [
                "first: 32", "removed: True", "closed: True", "again: 32",
                $"Default: {Conflict.BouncyCastlePath}", $"{ContextName}: {ShippedPath(Conflict.BouncyCastleName)}",
            ],
            output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    private static string ShippedPath(string name) => Path.Combine(StagedFiles.Library, name + ".dll");

    private static FileVersionInfo Shipped(string name) => FileVersionInfo.GetVersionInfo(ShippedPath(name));
}
