using System.Globalization;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>Every cmdlet, in success and failure, with a canary as every kind of secret: none comes out, in whatever encoding, wherever.</summary>
[Collection(nameof(EnvironmentTestGroup))]
[Trait(ReliabilityRun.Trait, "secrets")]
public sealed class SecretSweepTests(ITestOutputHelper log)
{
    private const string Loud = "$VerbosePreference = 'Continue'; $DebugPreference = 'Continue'; $InformationPreference = 'Continue'; $WarningPreference = 'Continue'";

    [Fact]
    public void No_cmdlet_shows_or_leaves_behind_a_secret_of_any_kind()
    {
        using var sweep = new SweepSession();
        sweep.Session.Require(Loud);
        Dictionary<string, byte[]> canaries = sweep.Canaries();
        var said = new List<(SweepRow Row, SecretTrace Trace)>();
        var wrong = new List<string>();
        foreach (SweepRow row in SweepRows.All)
        {
            var trace = new SecretTrace();
            HostRun run = sweep.Session.Run(row.Script);
            trace.Add(run);
            said.Add((row, trace));
            string ids = string.Join(' ', run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
            if (ids != (row.Fails ?? string.Empty))
            {
                wrong.Add($"{row.Script}: [{ids}] {string.Join(' ', run.Errors)}");
            }

            // What a view, an error's view and string conversions make of it, where doing it twice harms nothing.
            if (row.Cmdlet.StartsWith("Get-", StringComparison.Ordinal) || row.Cmdlet.StartsWith("Test-", StringComparison.Ordinal) || row.Fails is not null)
            {
                trace.Add(sweep.Session.Host.RunText(row.Script));
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        var last = new SecretTrace();
        last.Add(sweep.Session.Host.RunText("$Error; $dataKey; $serverKey; \"$dataKey $serverKey\"; Get-Variable -ErrorAction Ignore; Get-History -ErrorAction Ignore"));
        last.AddErrors(sweep.Session.Require("$Error"));
        AddFiles(last, sweep);
        said.Add((new SweepRow("(what is left)", "errors, files, bundle"), last));

        // The plaintext of data keys is random: it is read by the one way there is, and then looked for.
        foreach (string name in (string[])["dataKey", "serverKey"])
        {
            canaries[name] = sweep.Session.Value<byte[]>($"$bytes = [byte[]]::new(${name}[0].PlaintextLength); ${name}[0].CopyPlaintextTo($bytes); , $bytes");
        }

        long searched = 0;
        foreach ((SweepRow row, SecretTrace trace) in said)
        {
            searched += trace.Text.Length;
            Assert.True(trace.FindAny(canaries) is not { } found, $"{row.Script} shows {trace.FindAny(canaries)}");
        }

        sweep.Session.Require("Disconnect-Kms -All; Stop-KmsEmulator");
        Assert.Empty(OpenFiles.EntriesIn(sweep.Temporary)); // temporary files are gone with what made them
        Assert.Contains(said, item => item.Trace.Text.Contains("OpenKeyDirectory", StringComparison.Ordinal)); // the verbose stream is in it
        ReliabilityRun.Report(log, string.Create(
            CultureInfo.InvariantCulture,
            $"secrets: {SweepRows.All.Select(row => row.Cmdlet).Distinct().Count()} cmdlets, {SweepRows.All.Count(row => row.Fails is null)} successes, {SweepRows.All.Count(row => row.Fails is not null)} failures, {canaries.Count} canaries, {searched} characters searched, 0 found; failures by id: {Ids()}"));
    }

    [Fact]
    public void Every_exported_cmdlet_has_a_success_and_a_failure_in_the_sweep()
    {
        string[] exported = CommandNames.Cmdlets;
        Assert.Equal(exported.Order(StringComparer.Ordinal), SweepRows.All.Select(row => row.Cmdlet).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["Invoke-KmsKeyRotation"], exported.Except(SweepRows.All.Where(row => row.Fails is null).Select(row => row.Cmdlet))); // neither backend can
        Assert.Equal(SweepRows.Unfailing, exported.Except(SweepRows.All.Where(row => row.Fails is not null).Select(row => row.Cmdlet)));
        Assert.All(SweepRows.All, row => Assert.Contains(row.Cmdlet, row.Script, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_form_of_every_canary_is_found_by_the_search()
    {
        using var sweep = new SweepSession();
        foreach ((string name, byte[] canary) in sweep.Canaries())
        {
            foreach ((string form, string value) in SecretTrace.FormsOf(canary))
            {
                var trace = new SecretTrace();
                trace.Add("before " + value + " behind");
                Assert.True(trace.FindAny(new Dictionary<string, byte[]> { [name] = canary }) is not null, $"{name} as {form}");
            }
        }
    }

    // Then there is no command line of a process of its own that a secret could stand in.
    [Fact]
    public void The_module_starts_no_process()
    {
        foreach (string path in Directory.EnumerateFiles(StagedModule.Folder, "RustFs.Kms*.dll", SearchOption.AllDirectories))
        {
            using var file = new PEReader(File.OpenRead(path));
            MetadataReader metadata = file.GetMetadataReader();
            Assert.DoesNotContain(metadata.TypeReferences, handle => metadata.GetString(metadata.GetTypeReference(handle).Name) == "ProcessStartInfo");
            Assert.DoesNotContain(metadata.MemberReferences.Select(metadata.GetMemberReference), member =>
                metadata.GetString(member.Name) == "Start" && member.Parent.Kind == HandleKind.TypeReference &&
                metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name) == "Process");
        }
    }

    private static void AddFiles(SecretTrace trace, SweepSession sweep)
    {
        foreach (string directory in Directory.EnumerateDirectories(sweep.Root).Append(sweep.Temporary).Where(path => Path.GetFileName(path) != "in"))
        {
            trace.AddFiles(directory);
        }

        foreach (string path in Directory.EnumerateFiles(sweep.Root))
        {
            trace.AddFile(path);
        }

        using ZipArchive bundle = ZipFile.OpenRead(Path.Combine(sweep.Root, "bundle.zip"));
        foreach (ZipArchiveEntry entry in bundle.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            trace.Add(reader.ReadToEnd());
        }

        Assert.Contains(bundle.Entries, entry => entry.FullName.StartsWith("logs/", StringComparison.Ordinal));
    }

    private static string Ids() =>
        string.Join(", ", SweepRows.All.Where(row => row.Fails is not null).GroupBy(row => row.Fails).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Key} {group.Count()}"));
}
