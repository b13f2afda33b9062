using System.Management.Automation;
using System.Management.Automation.Host;
using RustFs.Kms.Console;
using Xunit;

namespace RustFs.Kms.Module.Tests.Host;

public sealed class HostPromptTests(HostTestModule module) : IClassFixture<HostTestModule>
{
    // A real cmdlet of the engine that asks, so that nothing of a script function is between it and the host.
    private const string Confirmation = "Remove-Module RustFs.Kms -Confirm; (Get-Module RustFs.Kms).Count";

    [Theory]
    [InlineData("y", 0)]
    [InlineData("Yes", 0)]
    [InlineData("", 0)]
    [InlineData("n", 1)]
    [InlineData("No to all", 1)]
    public void A_confirmation_takes_a_key_or_a_label(string answer, int modulesLeft)
    {
        using ModuleHost host = module.Open(answer);

        HostRun run = host.RunText(Confirmation);

        Assert.Equal(modulesLeft, run.Output[^1].BaseObject);
        Assert.Contains(
            "[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [S] Suspend  [?] Help (default is \"Y\"): " + answer,
            run.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_question_mark_explains_and_nonsense_is_asked_again()
    {
        using ModuleHost host = module.Open("?", "what", "n");

        HostRun run = host.RunText(Confirmation);

        Assert.Contains("Y - Continue with only the next step of the operation.", run.Text, StringComparison.Ordinal);
        Assert.Equal(4, run.Text.Split("(default is \"Y\"):").Length);
        Assert.Equal(1, run.Output[^1].BaseObject);
    }

    [Fact]
    public void Choices_wrap_between_each_other()
    {
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { ModulePath = module.Folder, Answers = ["y"], Width = 40 });

        HostRun run = host.RunText(Confirmation);

        Assert.Contains(
            string.Join(Environment.NewLine, "[Y] Yes  [A] Yes to All  [N] No  ", "[L] No to All  [S] Suspend  [?] Help ", "(default is \"Y\"): y"),
            run.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_confirmation_nobody_can_answer_is_an_error_that_names_the_way_out()
    {
        using ModuleHost host = module.Open();

        HostRun run = host.RunText(Confirmation);

        ErrorRecord error = run.Errors[0];
        Assert.StartsWith("SessionNotInteractive,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("not interactive", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("\"Remove-Module\" on target", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("-Confirm:$false", error.Exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, run.Output[^1].BaseObject);
    }

    [Fact]
    public void A_nested_prompt_is_refused_where_nobody_could_use_it()
    {
        using ModuleHost host = module.Open("s");

        HostRun run = host.RunText(Confirmation);

        Assert.Contains("nested prompt", run.Errors[0].Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_is_asked_for_and_never_shown()
    {
        using ModuleHost host = module.Open("s3cret");

        HostRun run = host.Run("Get-TestSecret");

        Assert.Equal("s3cret", Assert.Single(run.Output).BaseObject);
        Assert.Contains("Secret: ******", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Get-TestCredential", "bob", "pw")]
    [InlineData("Get-TestCredential -Credential bob", "pw")]
    public void A_credential_is_a_name_and_a_hidden_password(string script, params string[] answers)
    {
        using ModuleHost host = module.Open(answers);

        HostRun run = host.Run(script);

        Assert.Equal("bob/pw", Assert.Single(run.Output).BaseObject);
        Assert.Contains("Password for user bob: **", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_parameters_are_asked_for_in_their_types()
    {
        using ModuleHost host = module.Open("!?", "many", "3", "perhaps", "no", "one", "two", string.Empty);

        HostRun run = host.Run("Get-TestValues");

        Assert.Equal("3 False one,two", Assert.Single(run.Output).BaseObject);
        Assert.Contains("How many?", run.Text, StringComparison.Ordinal);
        Assert.Contains("\"many\" is not a valid Int32.", run.Text, StringComparison.Ordinal);
        Assert.Contains("\"perhaps\" is not a valid Boolean.", run.Text, StringComparison.Ordinal);
        Assert.Contains($"Names[1]: two{Environment.NewLine}Names[2]: ", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Get-TestSecret", "MissingMandatoryParameter,Get-TestSecret")]
    [InlineData("Get-TestValues", "MissingMandatoryParameter,Get-TestValues")]
    [InlineData("$Host.UI.ReadLine()", nameof(HostException))]
    [InlineData("$Host.UI.ReadLineAsSecureString()", nameof(HostException))]
    [InlineData("$Host.UI.PromptForCredential('c', 'm', 'u', '')", nameof(HostException))]
    public void Nothing_waits_for_an_answer_that_cannot_come(string script, string errorId)
    {
        using ModuleHost host = module.Open();

        HostRun run = host.Run(script);

        Assert.Equal(errorId, run.Errors[0].FullyQualifiedErrorId);
        Assert.Empty(run.Output);
    }
}
