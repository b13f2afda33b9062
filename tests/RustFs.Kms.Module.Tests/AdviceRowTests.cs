using System.Collections;
using System.Management.Automation;
using System.Reflection;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The first row of a table that fits says what to do, so a row must not stand behind one that takes all that it is for.</summary>
public sealed class AdviceRowTests : IDisposable
{
    private const BindingFlags Inside = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly string _folder = Directory.CreateTempSubdirectory("rustfs-kms-advice-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Each_row_wins_for_a_failure_of_each_cmdlet_that_it_names()
    {
        using var session = new ServerSession(ServerSession.Start + "; $key = [securestring]::new(); $key.AppendChar('k')");
        string directory = Path.Combine(_folder, "keys");
        session.Require("param($path) Connect-Kms $path -MasterKey $key -Create -Name local -NoDefault", directory);
        CmdletInfo[] cmdlets = [.. session.Require("Get-Command -Module RustFs.Kms -CommandType Cmdlet").Select(item => (CmdletInfo)item.BaseObject)];
        var grid = new Grid(cmdlets, session.Require("Get-KmsConnection server, local").Select(item => item.BaseObject), directory, Files());

        var won = new HashSet<(object Row, string Command)>(grid.Failures().Select(failure => (grid.RowOf(failure.Item), failure.Command)));

        // The last is for what no row is for.
        string[] hidden = [.. grid.Rows.SkipLast(1).SelectMany(row => CommandsOf(row).DefaultIfEmpty()
            .Where(command => !won.Any(win => ReferenceEquals(win.Row, row) && (command is null || win.Command == command)))
            .Select(command => $"{row} by {command ?? "any"}"))];
        Assert.Empty(hidden);
    }

    /// <summary>The cmdlets that a row names; none when its condition is another.</summary>
    private static string[] CommandsOf(object row)
    {
        object? condition = (row.GetType().GetProperty("When", Inside)!.GetValue(row) as Delegate)?.Target;
        return condition?.GetType().GetFields(Inside).Select(field => field.GetValue(condition)).OfType<string[]>().SingleOrDefault() ?? [];
    }

    private string[] Files()
    {
        string file = Path.Combine(_folder, "file");
        string link = Path.Combine(_folder, "link");
        File.WriteAllText(file, "x");
        File.CreateSymbolicLink(link, file);
        return [file, link, _folder, Path.Combine(_folder, "none")];
    }

    /// <summary>Failures of every cmdlet: each code and fault, with and without a connection, about each kind of thing that it can work on.</summary>
    private sealed class Grid
    {
        private const string KeyId = "app";

        private readonly Assembly _module;
        private readonly (string Name, object[] Subjects)[] _cmdlets;
        private readonly object?[] _connections;
        private readonly string _directory;
        private readonly string[] _files;
        private readonly MethodInfo _rowOf;
        private readonly object[] _exceptionCodes;
        private readonly object[] _faults;
        private readonly Type _exception;

        internal Grid(CmdletInfo[] cmdlets, IEnumerable<object> connections, string directory, string[] files)
        {
            _module = cmdlets[0].ImplementingType.Assembly;
            _connections = [.. connections];
            _directory = directory;
            _files = files;
            _exception = _connections[0]!.GetType().Assembly.GetType("RustFs.Kms.KmsException") ?? TypeOfContracts("RustFs.Kms.KmsException");
            _exceptionCodes = Values("RustFs.Kms.KmsErrorCode");
            _faults = Values("RustFs.Kms.KmsKeyFault");
            _cmdlets = [.. cmdlets.Select(cmdlet => (cmdlet.Name, Subjects(cmdlet.ImplementingType)))];
            Type table = _module.GetType("RustFs.Kms.PowerShell.ErrorAdvice", throwOnError: true)!;
            _rowOf = table.GetMethod("RowOf", Inside)!;
            Rows = [.. ((IEnumerable)table.GetProperty("Table", Inside)!.GetValue(null)!).Cast<object>()];
        }

        internal IReadOnlyList<object> Rows { get; }

        internal object RowOf(object failure) => _rowOf.Invoke(null, [failure])!;

        internal IEnumerable<(object Item, string Command)> Failures() =>
            from cmdlet in _cmdlets
            from subject in cmdlet.Subjects
            from connection in Connections($"{subject}")
            from contextTarget in Targets($"{subject}")
            let context = Context(cmdlet.Name, subject, contextTarget, connection)
            from exception in Exceptions(contextTarget)
            select (Failure(exception, context), cmdlet.Name);

        private static Type TypeOfContracts(string name) =>
            AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetType(name)).First(type => type is not null && type.Assembly.GetName().Name == "RustFs.Kms")!;

        private object[] Values(string type) => [.. Enum.GetValues(_exception.Assembly.GetType(type, throwOnError: true)!).Cast<object>()];

        /// <summary>What a cmdlet says that it works on, without parameters, with -KeyDirectory, and on the way to a server.</summary>
        private object[] Subjects(Type type)
        {
            object cmdlet = Activator.CreateInstance(type)!;
            PropertyInfo property = type.GetProperty("Subject", Inside)!;
            var subjects = new List<object> { property.GetValue(cmdlet)! };
            if (type.GetProperty("KeyDirectory") is { CanWrite: true } directory)
            {
                directory.SetValue(cmdlet, _directory);
                subjects.Add(property.GetValue(cmdlet)!);
            }

            if (type.GetProperty("Endpoint") is not null)
            {
                subjects.Add(Enum.Parse(property.PropertyType, "Endpoint"));
            }

            return [.. subjects.Distinct()];
        }

        private object?[] Connections(string subject) => subject switch
        {
            "KeyDirectory" or "Endpoint" => [null],
            "File" or "DataKey" or "Other" => [null, .. _connections],
            _ => _connections,
        };

        private string?[] Targets(string subject) => subject switch
        {
            "Key" => [KeyId],
            "KeyDirectory" => [null, _directory],
            "Endpoint" => [null, "http://127.0.0.1:1/"],
            "Bucket" => ["photos"],
            "File" => [.. _files],
            _ => [null, .. _files.Take(1)],
        };

        private IEnumerable<object> Exceptions(string? contextTarget)
        {
            string?[] targets = [null, KeyId, contextTarget, _directory, Path.Combine(_directory, ".master-key.salt"), .. _files];
            foreach (string? target in targets.Distinct())
            {
                foreach (object code in _exceptionCodes)
                {
                    yield return Make(code, target, _faults[0], "It failed.");
                }

                foreach (object fault in _faults.Skip(1))
                {
                    yield return Make(_exceptionCodes.Single(code => $"{code}" == "KmsKeyDamaged"), target, fault, "It failed.");
                }

                yield return Make(_exceptionCodes.Single(code => $"{code}" == "KmsUsage"), target, _faults[0], "set RUSTFS_KMS_ALLOW_INSECURE_DEV_DEFAULTS=true");
            }

            foreach ((string code, string lack) in ((string, string)[])[("KmsNotFound", "LacksConnection"), ("KmsUsage", "LacksKey")])
            {
                object lacking = Make(_exceptionCodes.Single(known => $"{known}" == code), null, _faults[0], "It is not there.");
                _exception.GetProperty(lack, Inside)!.SetValue(lacking, true);
                yield return lacking;
            }
        }

        private object Make(object code, string? target, object fault, string message) =>
            Activator.CreateInstance(_exception, Inside, null, [code, message, target, fault, null], null)!;

        private object Context(string command, object subject, string? target, object? connection) => Activator.CreateInstance(
            _module.GetType("RustFs.Kms.PowerShell.FailureContext", throwOnError: true)!, Inside, null,
            [Call(command), subject, target, connection, false, false, false, null, null], null)!;

        private object Call(string command) => Activator.CreateInstance(
            _module.GetType("RustFs.Kms.PowerShell.CommandCall", throwOnError: true)!, Inside, null, [command, string.Empty, false], null)!;

        private object Failure(object exception, object context) => Activator.CreateInstance(
            _module.GetType("RustFs.Kms.PowerShell.ErrorAdvice+Failure", throwOnError: true)!, Inside, null, [exception, context], null)!;
    }
}
