using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The guides' smoke test: put, read back, removed. The removal is tried whatever happens, and always told.</summary>
public sealed class SmokeTestTests
{
    private const string Smoke = "Test-KmsHealth -Check SseS3, SseKms, SseC -BucketName photos";

    [Fact]
    public void Every_encryption_is_tried_and_nothing_is_left()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        int before = session.Requests().Length;

        List<PSObject> rows = session.Require(Smoke);

        Assert.Equal(["SseS3 Passed", "SseKms Passed", "SseC Passed"], rows.Select(row => $"{row.Properties["Check"].Value} {row.Properties["Result"].Value}"));
        Assert.All(rows, row => Assert.Matches(@"was put, encrypted, and read back unchanged\. The object 'photos/rustfs-kms-smoke-test/[0-9a-f]{32}' was removed\.", (string)row.Properties["Evidence"].Value));
        AssertRemoved(session, before, objects: 3);
    }

    [Fact]
    public void Without_a_bucket_and_under_WhatIf_nothing_is_put()
    {
        using var session = new ServerSession();
        foreach (string script in (string[])["Test-KmsHealth", $"$WhatIfPreference = $true; {Smoke}; Assert-KmsHealth -BucketName photos -Check Running"])
        {
            session.Require(script);
            Assert.DoesNotContain(session.Requests(), request => request.Contains("smoke", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_customers_key_needs_no_KMS()
    {
        using var session = new ServerSession();
        session.Require("Stop-KmsService -Force");
        List<PSObject> rows = session.Require(Smoke);
        Assert.Equal(["SseS3 NotChecked", "SseKms NotChecked", "SseC Passed"], rows.Select(row => $"{row.Properties["Check"].Value} {row.Properties["Result"].Value}"));
    }

    [Fact]
    public void A_bucket_that_is_not_there_is_told_with_the_command_that_lists_them()
    {
        using var session = new ServerSession();
        PSObject row = session.Require("Test-KmsHealth -Check SseC -BucketName nope").Single();
        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.EndsWith("Get-KmsBucketEncryption", (string)row.Properties["Recommendation"].Value, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was put.", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_no_bucket_can_have_leaves_nothing_behind()
    {
        using var session = new ServerSession();
        PSObject row = session.Require("Test-KmsHealth -Check SseC -BucketName 'No/Bucket'").Single();
        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.EndsWith("Nothing was put.", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Requests(), request => request.Contains("smoke", StringComparison.Ordinal));
    }

    [Fact]
    public void A_put_whose_answer_is_lost_is_looked_for_and_removed()
    {
        using var session = new ServerSession();
        session.Inject("Reset", settings: [("Method", "PUT")]);
        string evidence = session.Value<string>("(Test-KmsHealth -Check SseC -BucketName photos).Evidence");
        Assert.Contains("may or may not have been stored", evidence, StringComparison.Ordinal);
        Assert.EndsWith("was removed.", evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_put_that_never_arrived_nothing_is_said_to_be_removed()
    {
        using var session = new ServerSession();
        session.Inject("ResetBefore", settings: [("Method", "PUT")]);
        Assert.EndsWith("is not there.", session.Value<string>("(Test-KmsHealth -Check SseC -BucketName photos).Evidence"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_bucket_that_keeps_versions_the_version_goes_or_is_told(bool shown)
    {
        var removals = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var server = new ScriptedServer(reply: request =>
        {
            if (!request.Path.StartsWith("/photos/", StringComparison.Ordinal))
            {
                return null;
            }

            if (request.Method == "DELETE")
            {
                removals.Enqueue(request.Target);
            }

            return request.Method switch
            {
                "PUT" => RawReply.Hangup,
                "GET" => shown ? RawReply.Of(200, "x", "x-amz-version-id: v 7") : RawReply.Xml(404, "NoSuchKey"),
                _ => RawReply.Of(204, string.Empty, shown ? "x-amz-version-id: v 7" : "x-amz-delete-marker: true"),
            };
        });
        using ServerSession session = server.Connect();

        PSObject row = session.Require("Test-KmsHealth -Check SseC -BucketName photos").Single();

        string evidence = (string)row.Properties["Evidence"].Value;
        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.Equal(shown, Assert.Single(removals).EndsWith("?versionId=v%207", StringComparison.Ordinal));
        if (shown)
        {
            Assert.EndsWith("was removed.", evidence, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains("may be LEFT BEHIND", evidence, StringComparison.Ordinal);
            Assert.Matches("aws s3api list-object-versions --bucket 'photos' --prefix 'rustfs-kms-smoke-test/\\w+'$", (string)row.Properties["Recommendation"].Value);
        }
    }

    [Fact]
    public void What_could_not_be_removed_is_named_with_the_command_that_removes_it()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        session.Inject("Answer", settings: [("Method", "DELETE"), ("Status", 403), ("Body", "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"u8.ToArray())]);

        PSObject row = session.Require("Test-KmsHealth -Check SseS3 -BucketName photos").Single();

        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.Matches(@"unchanged\. The object 'photos/rustfs-kms-smoke-test/\w+' may be LEFT BEHIND: it could not be removed \(Access Denied", (string)row.Properties["Evidence"].Value);
        Assert.Matches("^Remove the object: aws s3api delete-object --bucket 'photos' --key 'rustfs-kms-smoke-test/\\w+'$", (string)row.Properties["Recommendation"].Value);
        Assert.Contains("LEFT BEHIND", session.Run("Assert-KmsHealth -Check SseS3 -BucketName photos").Errors.Single().Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_in_the_middle_removes_what_was_put()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        session.SpoilDownloads("ResetBefore");
        int before = session.Requests().Length;

        PSObject row = session.Require("Test-KmsHealth -Check SseS3 -BucketName photos").Single();

        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.EndsWith("was removed.", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
        AssertRemoved(session, before, objects: 1);
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("GET")]
    public void Ctrl_C_removes_what_was_put_and_tells_it(string method)
    {
        // A machine that is too slow to stop it within the delay gets a longer one.
        int delay = 400;
        while (!IsRemovedAtCtrlC(method, TimeSpan.FromMilliseconds(delay)))
        {
            delay *= 4;
            Assert.InRange(delay, 0, 60_000);
        }
    }

    private static bool IsRemovedAtCtrlC(string method, TimeSpan delay)
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        int before = session.Requests().Length;
        Func<string[]> requests = session.WatchRequests();
        session.Inject("Delay", settings: [("Method", method), ("Delay", delay)]);
        (HostRun run, _) = StopWatch.Stop(
            session.Host.Stop,
            () => requests()[before..].Any(request => request.StartsWith($"{method} /photos/", StringComparison.Ordinal)),
            () => session.Host.RunText("Test-KmsHealth -Check SseS3 -BucketName photos"));
        if (!run.Stopped)
        {
            return false;
        }

        Assert.Matches(@"The object 'photos/rustfs-kms-smoke-test/\w+'\s+(was removed|is\s+not\s+there)", run.Text.ReplaceLineEndings(" "));
        Assert.Contains(requests()[before..], request => request.StartsWith("DELETE /photos/", StringComparison.Ordinal));
        return true;
    }

    private static void AssertRemoved(ServerSession session, int before, int objects)
    {
        string[] requests = [.. session.Requests()[before..].Where(request => request.Contains("/photos/", StringComparison.Ordinal))];
        string[] put = [.. requests.Where(request => request.StartsWith("PUT ", StringComparison.Ordinal)).Select(request => request[4..])];
        Assert.Equal(objects, put.Length);
        Assert.Equal(put, requests.Where(request => request.StartsWith("DELETE ", StringComparison.Ordinal)).Select(request => request[7..]));
    }
}
