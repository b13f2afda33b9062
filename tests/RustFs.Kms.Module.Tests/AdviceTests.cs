using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using System.Text.RegularExpressions;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What is recommended can be run: it parses, it exists, and it is about the right thing.</summary>
public sealed class AdviceTests
{
    private const BindingFlags Inside = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
    private const string Evil = "o'brien \u2019\u001b[31m $(throw) {at}\r\n";

    /// <summary>What is recommended from elsewhere, with the parameters that are used.</summary>
    private static readonly Dictionary<string, string[]> s_elsewhere = new()
    {
        ["chmod"] = [],
        ["Get-Item"] = ["LiteralPath"],
        ["Get-ChildItem"] = ["File", "LiteralPath"],
        ["Copy-Item"] = ["LiteralPath", "Destination"],
        ["Move-Item"] = ["LiteralPath", "Destination"],
        ["Update-PSResource"] = ["Name"],
        ["Get-Command"] = ["Syntax"],
    };

    [Theory]
    [InlineData("ErrorAdvice")]
    [InlineData("FindingAdvice")]
    [InlineData("HealthAdvice")]
    public void Every_command_of_the_table_parses_and_exists(string table)
    {
        using var session = new KmsSession();
        string literal = Literal(session, Evil);
        foreach (object advice in Rows(session, table).Select(row => Get(row, "Advice")!))
        {
            string sentence = (string)Get(advice, "Sentence")!;
            Assert.All(Regex.Matches(sentence, @"\b[A-Z]\w+-Kms\w*").Select(match => match.Value), name => Assert.NotEmpty(session.Require($"Get-Command {name}")));
            Assert.DoesNotContain(sentence, character => character is '{' or '}');
            foreach ((string at, string command) in ((string, string)[])[("", "Connect-Kms"), (" -Connection 'x'", "Test-KmsKeyStore")])
            {
                var values = new Dictionary<string, string>
                {
                    ["key"] = literal,
                    ["directory"] = literal,
                    ["path"] = literal,
                    ["file"] = literal,
                    ["at"] = at,
                    ["create"] = at.Length == 0 ? " -Create" : string.Empty,
                    ["bare"] = at.Length == 0 ? " -NoMasterKey" : string.Empty,
                    ["command"] = command,
                    ["endpoint"] = literal,
                    ["bucket"] = literal,
                    ["check"] = at.Length == 0 ? $"Test-KmsConnection -Endpoint {literal}" : $"Test-KmsConnection{at}",
                    ["verify"] = at.Length == 0 ? $"Test-KmsKeyStore -KeyDirectory {literal}" : $"Test-KmsKeyStore{at}",
                };
                if (Get(advice, "Command") is string template)
                {
                    AssertRuns(session, Regex.Replace(template, @"\{(\w+)\}", match => values[match.Groups[1].Value]));
                }

                string text = (string)advice.GetType().GetMethod("Fill", Inside)!.Invoke(advice, [values, null])!;
                Assert.StartsWith(sentence, text, StringComparison.Ordinal);
                Assert.DoesNotContain(text, char.IsControl);
            }
        }
    }

    [Fact]
    public void Every_code_fault_and_issue_has_its_row()
    {
        using var session = new KmsSession();
        List<object> errors = Rows(session, "ErrorAdvice");
        List<object> findings = Rows(session, "FindingAdvice");
        AssertAll(errors, "Code", "RustFs.Kms.KmsErrorCode", []);
        AssertAll(errors, "Fault", "RustFs.Kms.KmsKeyFault", ["None"]);
        AssertAll(findings, "Issue", "RustFs.Kms.KmsKeyStoreIssue", ["None", "Leftover"]);

        void AssertAll(List<object> rows, string property, string type, string[] without) => Assert.Equal(
            session.Require($"[enum]::GetNames([{type}])").Select(name => name.ToString()).Except(without).Order(),
            rows.Select(row => Get(row, property)?.ToString()).OfType<string>().Distinct().Order());
    }

    [Fact]
    public void A_failure_is_about_the_key_that_was_named_and_the_advice_about_what_is_wrong()
    {
        using var session = new KmsSession("app", "sealed");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "newer.key"), "{\"format_version\":2}");
        string plain = session.PathOf("plain");
        session.Require("param($directory) Connect-Kms $directory -NoMasterKey -Create -Name plain -NoDefault -WarningAction SilentlyContinue | Out-Null", plain);
        File.Copy(Path.Combine(session.KeyDirectory, "sealed.key"), Path.Combine(plain, "sealed.key"));

        AssertAdvice(session, "Get-KmsKey newer", "newer", "Update-PSResource");
        AssertAdvice(session, "Remove-KmsKey newer -Force", "newer", "Update-PSResource");
        AssertAdvice(session, "Get-KmsKey sealed -Connection plain", "sealed", $"Connect-Kms -KeyDirectory '{plain}' -MasterKeyFile '<file>'");
        AssertAdvice(session, "Get-KmsKey nope -Connection plain", "nope", "Get-KmsKey -Connection 'plain'");
        AssertAdvice(session, "Undo-KmsKeyRemoval app", "app", "Get-KmsKey -KeyId 'app'");

        File.WriteAllText(Path.Combine(session.KeyDirectory, ".restore-commit.json"), "{}");
        foreach (string change in (string[])["Enable-KmsKey app", "Add-KmsKeyTag app @{ a = 1 }", "New-KmsKey app", "Undo-KmsKeyRemoval app", "Remove-KmsKey app -Force"])
        {
            AssertAdvice(session, change, "app", "Test-KmsKeyStore");
        }

        File.Delete(Path.Combine(session.KeyDirectory, ".restore-commit.json"));
        File.Delete(Path.Combine(session.KeyDirectory, ".master-key.salt"));
        AssertAdvice(session, "New-KmsKey new", "new", $"Connect-Kms -KeyDirectory '{session.KeyDirectory}'");
        AssertAdvice(session, "Set-KmsKey app -Description x", "app", $"Connect-Kms -KeyDirectory '{session.KeyDirectory}'");
    }

    /// <summary>A failure of each row that was once hidden behind another, or said what does not help, as people meet it.</summary>
    [Theory]
    [InlineData("Export-KmsSupportBundle (Join $folder there.zip)", "Choose another name, or replace the file with -Force", null)]
    [InlineData("$null = Start-KmsEmulator -KeyDirectory (Join $folder twice) -MasterKey $key; Start-KmsEmulator -KeyDirectory (Join $folder twice) -MasterKey $key", ": Get-KmsEmulator", null)]
    [InlineData("Stop-KmsRestore -KeyDirectory $emulator.KeyDirectory -Force", "Nothing has to be taken back", "not in order")]
    [InlineData("$idle | Connect-Kms -Name idle -NoDefault | Out-Null; Get-KmsKey -Connection idle", ": Get-KmsStatus -Connection 'idle'", "Start the KMS")]
    [InlineData("Stop-KmsService -Force; New-KmsKey another", "NotConfigured: it cannot start yet", null)]
    [InlineData("Invoke-KmsKeyRotation app -Confirm:$false", "Set-KmsBucketEncryption", "Update-KmsDataKey")]
    [InlineData("$early | Connect-Kms -Name early -NoDefault | Out-Null; $null = New-KmsKey old -Connection early; Remove-KmsKey old -Connection early -Force", "Capabilities", "Connect-Kms -KeyDirectory")]
    [InlineData("Remove-KmsKey app -Due -Force", ": Connect-Kms -KeyDirectory '<path>'", null)]
    [InlineData("Protect-KmsFile -LiteralPath $folder -Passphrase $key", "Get-ChildItem -File -LiteralPath", "Get-Command")]
    [InlineData("Connect-Kms (Join $folder new) -MasterKey ([securestring]::new()) -Create", "-MasterKeyFile '<file>' -Create", null)]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -ProfileName mine -ProfileLocation (Join $folder profile)", "-ProfileName 'mine' -ProfileLocation", "-Credential")]
    [InlineData("$idle | Connect-Kms -Name idle -NoDefault | Out-Null; Set-KmsConfiguration -Connection idle -KeyDirectory (Join $folder keys) -MasterKey $key", "-AllowInsecureDevDefaults besides", null)]
    [InlineData("Update-KmsConfiguration -MasterKeyFile (Join $folder none)", "Check the path: Get-Item", null)]
    [InlineData("Start-KmsEmulator -MasterKeyFile (Join $folder none)", "Check the path: Get-Item", null)]
    public void The_advice_is_about_what_was_done(string script, string expected, string? unexpected)
    {
        using var files = new KmsSession();
        string folder = Directory.CreateDirectory(files.PathOf("folder")).FullName;
        File.WriteAllText(Path.Combine(folder, "there.zip"), "mine");
        File.WriteAllText(Path.Combine(folder, "profile"), "[mine]\naws_access_key_id = a\naws_secret_access_key = s\n");
        using var session = new ServerSession(
            ServerSession.Start + "; $idle = Start-KmsEmulator; $early = Start-KmsEmulator -ApiGeneration Early -Running; " +
            "function Join($one, $two) { [IO.Path]::Combine($one, $two) }; $key = [securestring]::new(); 1..32 | ForEach-Object { $key.AppendChar('k') }");
        session.Require("param($path) $folder = $path", folder);

        string advice = Assert.Single(session.Run(script).Errors).ErrorDetails.RecommendedAction;

        Assert.Contains(expected, advice, StringComparison.Ordinal);
        if (unexpected is not null)
        {
            Assert.DoesNotContain(unexpected, advice, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Get-KmsBucketEncryption photos")]
    [InlineData("Set-KmsBucketEncryption photos -Algorithm SseS3")]
    [InlineData("Remove-KmsBucketEncryption photos -Force")]
    [InlineData("Test-KmsHealth")]
    [InlineData("Set-KmsConfiguration -KeyDirectory /keys")]
    [InlineData("Reset-KmsService -KeyDirectory /keys -Force")]
    [InlineData("Get-KmsKey")]
    [InlineData("Get-KmsKey -Connection nope")]
    [InlineData("Update-KmsEnvelope none.kms -AddKeyId app -Connection nope")]
    [InlineData("Test-KmsConnection")]
    [InlineData("Disconnect-Kms")]
    public void Without_a_connection_the_advice_is_to_connect(string command)
    {
        using var session = new ServerSession("1");
        HostRun run = session.Run(command);
        ErrorRecord error = Assert.Single(run.Errors);
        Assert.StartsWith("KmsNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Connect-Kms -Endpoint", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_opens_without_a_master_key_is_advised_to_go_on_without()
    {
        using var session = new KmsSession();
        string none = session.PathOf("none");
        AssertAdvice(session, $"Connect-Kms '{none}' -NoMasterKey", none, $"Connect-Kms -KeyDirectory '{none}' -NoMasterKey -Create");
        string file = session.PathOf("key");
        File.WriteAllText(file, "k");
        AssertAdvice(session, $"Connect-Kms '{none}' -MasterKeyFile '{file}'", none, $"Connect-Kms -KeyDirectory '{none}' -Create");
    }

    [Fact]
    public void A_salt_of_the_wrong_length_is_no_record()
    {
        using var session = new KmsSession("app");
        File.WriteAllBytes(Path.Combine(session.KeyDirectory, ".master-key.salt"), new byte[15]);
        HostRun run = session.Run("param($directory, $key) Connect-Kms $directory -MasterKey $key", session.KeyDirectory, KmsSession.Secure("k"));
        string advice = Assert.Single(run.Errors).ErrorDetails.RecommendedAction;
        Assert.Contains("salt", advice, StringComparison.Ordinal);
        Assert.DoesNotContain("record", advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hostile_id_is_the_target_as_it_is_and_shown_as_text()
    {
        using var session = new KmsSession();
        ErrorRecord error = Assert.Single(session.Run("param($id) Get-KmsKey $id", Evil.Replace("[", string.Empty, StringComparison.Ordinal)).Errors);
        Assert.Equal(Evil.Replace("[", string.Empty, StringComparison.Ordinal), error.TargetObject);
        Assert.DoesNotContain(error.CategoryInfo.TargetName + error.CategoryInfo.GetMessage(CultureInfo.InvariantCulture) + error, char.IsControl);
        Assert.Contains(@"\x1B", error.CategoryInfo.GetMessage(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_verification_recommends_can_be_run_and_destroys_nothing()
    {
        using var session = new KmsSession("app", Evil, "going");
        session.Require("Remove-KmsKey going -Force");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "note.txt"), "mine");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad.key"), "{");
        File.Copy(Path.Combine(session.KeyDirectory, "app.key"), Path.Combine(session.KeyDirectory, "copy'd.key"));
        Edit("going.key", "\"deletion_date\": \"[^\"]*\"", "\"deletion_date\": \"2024-01-01T00:00:00Z\"");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(session.KeyDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
            File.SetUnixFileMode(Path.Combine(session.KeyDirectory, Evil + ".key"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        }

        List<PSObject> connected = session.Require("Test-KmsKeyStore");
        List<PSObject> byPath = session.Require(
            "param($directory, $key) Test-KmsKeyStore -KeyDirectory $directory -MasterKey $key", session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));

        foreach (PSObject finding in connected.Concat(byPath))
        {
            string? advice = (string?)finding.Properties["Recommendation"].Value;
            if (finding.Properties["Severity"].Value.ToString() is "Warning" or "Error" && finding.Properties["Check"].Value.ToString() != "Summary")
            {
                Assert.False(string.IsNullOrEmpty(advice), finding.ToString());
            }

            Assert.DoesNotContain(advice ?? string.Empty, char.IsControl);
            Assert.DoesNotContain("Remove-", advice ?? string.Empty, StringComparison.Ordinal);
        }

        string? Advice(List<PSObject> findings, string issue, string name) => (string?)findings
            .Single(finding => finding.Properties["Issue"].Value.ToString() == issue && finding.Properties["Name"].Value.ToString() == name).Properties["Recommendation"].Value;
        Assert.EndsWith("Undo-KmsKeyRemoval -KeyId 'going'", Advice(connected, "DeletionDue", "going.key"), StringComparison.Ordinal);
        Assert.Contains($"Connect-Kms -KeyDirectory '{session.KeyDirectory}'", Advice(byPath, "DeletionDue", "going.key"), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.EndsWith($"chmod 700 '{session.KeyDirectory}'", Advice(connected, "LooseMode", "."), StringComparison.Ordinal);
            string chmod = Advice(connected, "LooseMode", Evil + ".key")!.Split("owner: ")[1];
            AssertRuns(session, chmod);
            Assert.Equal(Path.Combine(session.KeyDirectory, Evil + ".key"), session.Value<string>(chmod.Replace("chmod 600 ", string.Empty, StringComparison.Ordinal)));
        }

        void Edit(string name, string pattern, string replacement)
        {
            string path = Path.Combine(session.KeyDirectory, name);
            File.WriteAllText(path, Regex.Replace(File.ReadAllText(path), pattern, replacement));
        }
    }

    [Fact]
    public void A_record_in_clear_is_sealed_by_what_is_recommended()
    {
        using var session = new KmsSession();
        session.Require("param($directory) Connect-Kms $directory -NoMasterKey -Create -Name plain -WarningAction SilentlyContinue | Out-Null; New-KmsKey app | Out-Null", session.PathOf("plain"));
        session.Require(
            "param($directory, $key) Connect-Kms $directory -MasterKey $key -Name sealing -WarningAction SilentlyContinue | Out-Null",
            session.PathOf("plain"), KmsSession.Secure("k"));
        string advice = session.Value<string>("(Test-KmsKeyStore | Where-Object Issue -eq PlaintextRecord).Recommendation");
        session.Require(advice[advice.IndexOf("Enable-KmsKey -KeyId", StringComparison.Ordinal)..]);
        Assert.Empty(session.Require("Test-KmsKeyStore | Where-Object Issue -eq PlaintextRecord"));
    }

    [Fact]
    public void A_file_that_no_key_was_named_for_says_how_to_name_one()
    {
        using var session = new KmsSession("app");
        File.WriteAllText(session.PathOf("plain"), "x");
        session.Require(ServerSession.Start.Replace("-Name server", "-Name server -NoDefault", StringComparison.Ordinal));
        string Advised(string more)
        {
            ErrorRecord error = Assert.Single(session.Run($"Protect-KmsFile $args[0] {more}", session.PathOf("plain")).Errors);
            Assert.Equal("KmsUsage", error.FullyQualifiedErrorId.Split(',')[0]);
            Assert.Contains("-KeyId", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
            return error.ErrorDetails.RecommendedAction;
        }

        string advice = Advised(string.Empty);
        Assert.EndsWith(": Get-KmsKey", advice, StringComparison.Ordinal);
        Assert.DoesNotContain("Update-KmsConfiguration", advice, StringComparison.Ordinal);

        advice = Advised("-Connection server -AllowServerOnlyWrap");
        Assert.EndsWith(": Get-KmsKey -Connection 'server'", advice, StringComparison.Ordinal);
        Assert.Contains("Update-KmsConfiguration -DefaultKeyId", advice, StringComparison.Ordinal);
        Assert.False(File.Exists(session.PathOf("plain.kms")));
    }

    private static void AssertAdvice(KmsSession session, string script, string target, string command)
    {
        ErrorRecord error = Assert.Single(session.Run(script).Errors);
        Assert.Equal(target, error.TargetObject);
        Assert.EndsWith(": " + command + (command == "Update-PSResource" ? " -Name RustFs.Kms" : string.Empty), error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    /// <summary>Parses, and names only cmdlets and parameters that there are.</summary>
    private static void AssertRuns(KmsSession session, string script)
    {
        ScriptBlockAst parsed = Parser.ParseInput(script, out _, out ParseError[] errors);
        Assert.True(errors.Length == 0, $"{script}: {string.Join(", ", errors.Select(error => error.Message))}");
        CommandAst[] commands = [.. parsed.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>()];
        Assert.True(commands.Length == 1, script);
        Assert.All(commands, command =>
        {
            string name = command.GetCommandName();
            IEnumerable<string> known = s_elsewhere.GetValueOrDefault(name)
                ?? ((CmdletInfo)session.Require($"Get-Command {name} -Module RustFs.Kms").Single().BaseObject).Parameters.Keys.AsEnumerable();
            Assert.All(command.CommandElements.OfType<CommandParameterAst>(), parameter => Assert.Contains(parameter.ParameterName, known));
        });
    }

    private static string Literal(KmsSession session, string text) => (string)TypeOf(session, "DisplayText").GetMethod("Literal", Inside)!.Invoke(null, [text])!;

    private static List<object> Rows(KmsSession session, string table) =>
        [.. ((IEnumerable)TypeOf(session, table).GetProperty("Table", Inside)!.GetValue(null)!).Cast<object>()];

    private static object? Get(object item, string property) => item.GetType().GetProperty(property, Inside)!.GetValue(item);

    private static Type TypeOf(KmsSession session, string name) =>
        ((CmdletInfo)session.Require("Get-Command Get-KmsKey").Single().BaseObject).ImplementingType.Assembly.GetType("RustFs.Kms.PowerShell." + name, throwOnError: true)!;
}
