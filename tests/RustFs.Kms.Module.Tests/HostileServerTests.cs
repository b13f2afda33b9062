using System.Management.Automation;
using System.Reflection;
using System.Text.Json;
using System.Xml.Linq;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>A server that writes CI commands and escape sequences wherever it may write: nothing of ours lets them act.</summary>
public sealed class HostileServerTests
{
    private const string Hostile =
        "::error::forged\n::add-mask::x\r\n##vso[task.complete result=Failed]done ##[error]bad \u001b[31mred\u001b]0;title\u0007 \u009b2J\u202eflip\u2028::set-output name=a::b";

    private static readonly string[] s_commands =
    [
        "Get-KmsStatus", "Get-KmsConfiguration", "Get-KmsKey", "Get-KmsKey k1", "Get-KmsKeyImpact k1", "Get-KmsBackup", "Test-KmsKey k1", "Test-KmsHealth", "Test-KmsConnection",
        "Get-KmsConnection", "Compare-KmsConfiguration -KeyDirectory /keys -DefaultKeyId other", "New-KmsDataKey k1", "New-KmsKey another", "Disable-KmsKey k1 -Force",
        "Remove-KmsKey k1 -WhatIf", "Remove-KmsKey k1 -Force", "Start-KmsService", "Stop-KmsService -Force -PassThru", "Clear-KmsCache", "Wait-KmsService -Healthy -TimeoutSeconds 1",
        "Set-KmsConfiguration -KeyDirectory /keys", "Update-KmsConfiguration -DefaultKeyId other", "Update-KmsConfiguration -DefaultKeyId other -WhatIf",
        "Reset-KmsService -KeyDirectory /keys -Force", "Get-KmsBucketEncryption photos", "Set-KmsBucketEncryption photos SseS3", "Backup-KmsKeyStore", "Test-KmsRestore x", "Assert-KmsHealth",
        "Test-KmsHealth -BucketName photos -Check SseC", "Invoke-KmsKeyRotation k1", "Set-KmsKey k1 -Description x", "Add-KmsKeyTag k1 @{ a = 1 }", "Undo-KmsKeyRemoval k1", "Restart-KmsService -Force -Wait",
    ];

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public async Task No_view_and_no_stream_lets_a_servers_text_act(int width)
    {
        await using var server = new ScriptedServer(JsonEncodedText.Encode(Hostile).ToString());
        using ServerSession session = server.Connect(options: new ModuleHostOptions { Width = width });
        foreach (string command in s_commands)
        {
            foreach (string view in (string[])[$"{command} -Verbose -Debug", $"try {{ {command} -ErrorAction Stop }} catch {{ $_.Exception.Message; $Host.UI.WriteLine($_.Exception.ToString()); $_.ErrorDetails; $_.CategoryInfo }}"])
            {
                HostRun run = session.Host.RunText(view);
                Harmless.Assert(run.Text, view);
                Harmless.Assert(run.StandardErrorText, view);
                Assert.All(run.Progress, record => Harmless.Assert($"{record.Activity} {record.StatusDescription} {record.CurrentOperation}", view));
            }

            HostRun streams = session.Run($"{command} -Verbose -Debug");
            Assert.All(streams.Warnings, record => Harmless.Assert(record.Message, command));
            Assert.All(streams.Verbose, record => Harmless.Assert(record.Message, command));
            Assert.All(streams.Information, record => Harmless.Assert(record.ToString(), command));
            Assert.All(streams.Errors, record =>
            {
                Harmless.Assert(record.ToString(), command);
                Harmless.Assert(record.ErrorDetails?.RecommendedAction ?? string.Empty, command);
                for (Exception? exception = record.Exception; exception is not null; exception = exception.InnerException)
                {
                    Harmless.Assert(exception.Message, command);
                }
            });
        }
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public async Task Nor_does_an_object_that_follows_others_in_one_output(int width)
    {
        await using var server = new ScriptedServer(JsonEncodedText.Encode(Hostile).ToString());
        using ServerSession session = server.Connect(options: new ModuleHostOptions { Width = width });
        string[] reads = ["Get-KmsStatus", "Get-KmsConfiguration", "Get-KmsKey", "Get-KmsKeyImpact k1", "Get-KmsBackup", "Test-KmsKey k1", "Test-KmsHealth", "New-KmsDataKey k1"];
        foreach (string script in (string[])[.. s_commands.Select(command => $"Get-KmsConnection; {command}"), string.Join("; ", reads), string.Join("; ", reads.Reverse())])
        {
            HostRun run = session.Host.RunText(script);
            Harmless.Assert(run.Text, script);
            Harmless.Assert(run.StandardErrorText, script);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Nor_does_any_object_of_ours_whose_every_text_is_hostile(string name)
    {
        using var session = new KmsSession("app");
        var type = (Type)session.Require($"[{name}]").Single().BaseObject;
        object shown = ObjectOf.EveryText(type, Harmless.Hostile);
        PropertyInfo[] texts = [.. type.GetProperties().Where(property => Harmless.Hostile.Equals(ObjectOf.FieldOf(property)?.GetValue(shown)))];
        foreach (string first in (string[])["Get-KmsStatus", "Get-KmsConnection"])
        {
            foreach (string then in (string[])
                     [
                         "$shown", "@($shown, $shown)", "[System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($shown))",
                     ])
            {
                HostRun run = session.Host.RunText($"param($shown) {first}; {then}", shown);
                Assert.Empty(run.Errors);
                Harmless.Assert(run.Text, $"{first}; {then}");
                Assert.True(then != "$shown" || name == "RustFs.Kms.KmsEmulator" || run.Text.Contains(@"\x1B[31mred", StringComparison.Ordinal), run.Text);
            }
        }

        // What a script reads is what was said, and nothing that is there to be printed.
        string serialized = session.Value<string>("param($shown) [System.Management.Automation.PSSerializer]::Serialize($shown)", shown);
        Assert.DoesNotMatch("N=\"(View|[^\"]* )", serialized);
        Assert.DoesNotContain(PSObject.AsPSObject(shown).Properties, property => property.Name.StartsWith("View", StringComparison.Ordinal) || property.Name.Contains(' ', StringComparison.Ordinal));
        Assert.All(texts, property => Assert.Equal(Harmless.Hostile, session.Value<string>($"param($shown) $shown.{property.Name}", shown)));
    }

    /// <summary>The types of objects that cmdlets write, and of what is in them.</summary>
    public static TheoryData<string> Types() =>
    [
        .. XDocument.Load(Path.Combine(ConsoleProcess.RepositoryRoot, "out", "RustFs.Kms", "RustFs.Kms.Types.ps1xml")).Descendants("Type")
            .Select(type => type.Element("Name")!.Value).Where(name => !name.StartsWith("Deserialized.", StringComparison.Ordinal)),
    ];

    [Theory]
    [InlineData("HTTP/1.1 200 ##vso[task.complete result=Failed]\r\n::error::x: y\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\n##vso[task.complete result=Failed]\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("::error::this is no HTTP\r\n##[error]at all\r\n\r\n")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: ##vso[task.complete result=Failed]\r\nServer: nginx ##vso[x]\r\nVia: ##[y]\r\nContent-Length: 0\r\n\r\n")]
    public async Task Nor_does_an_answer_that_is_no_HTTP(string answer)
    {
        await using var server = new ScriptedServer(reply: _ => RawReply.Bytewise(answer));
        using ServerSession session = server.Connect("-NoTest");
        foreach (string command in (string[])["Get-KmsStatus", "Test-KmsHealth", "Test-KmsConnection", "Get-KmsKey", "Get-KmsBucketEncryption photos", "Assert-KmsHealth"])
        {
            HostRun run = session.Host.RunText($"{command} -Verbose; $Error[0].Exception.ToString()");
            Harmless.Assert(run.Text, command);
            Harmless.Assert(run.StandardErrorText, command);
            Assert.All(run.Errors, record =>
            {
                for (Exception? exception = record.Exception; exception is not null; exception = exception.InnerException)
                {
                    Harmless.Assert(exception.Message, command);
                }
            });
        }
    }

    [Fact]
    public async Task What_goes_to_people_is_safe_where_scripts_print_it_themselves()
    {
        await using var server = new ScriptedServer(JsonEncodedText.Encode(Hostile).ToString());
        using ServerSession session = server.Connect();
        foreach (PSObject row in session.Require("Test-KmsHealth"))
        {
            Harmless.Assert($"{row.Properties["Evidence"].Value} {row.Properties["Recommendation"].Value}", "rows");
        }
    }
}
