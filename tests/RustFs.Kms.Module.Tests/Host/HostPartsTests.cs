using System.Management.Automation;
using System.Security;
using RustFs.Kms.Console;
using Xunit;

namespace RustFs.Kms.Module.Tests.Host;

public sealed class HostPartsTests
{
    [Fact]
    public void Without_words_there_is_a_prompt_or_the_script_on_standard_input()
    {
        Assert.Equal(ConsoleMode.Prompt, ConsoleArguments.Parse([], inputRedirected: false).Mode);
        Assert.Equal(ConsoleMode.StandardInput, ConsoleArguments.Parse([], inputRedirected: true).Mode);
        Assert.Equal(ConsoleMode.StandardInput, ConsoleArguments.Parse(["-Command", "-"], inputRedirected: true).Mode);
    }

    [Theory]
    [InlineData("-help")]
    [InlineData("-?")]
    [InlineData("--help")]
    public void Help_has_several_names(string word)
        => Assert.Equal(ConsoleMode.Help, ConsoleArguments.Parse([word], inputRedirected: false).Mode);

    [Theory]
    [InlineData("x.ps1", "-NoBanner")]
    [InlineData("-File", "x.ps1", "-NoBanner")]
    [InlineData("-NoBanner", "-file", "x.ps1", "-NoBanner")]
    public void What_follows_a_script_is_the_scripts(params string[] words)
    {
        ConsoleArguments arguments = ConsoleArguments.Parse(words, inputRedirected: true);

        Assert.Equal(ConsoleMode.File, arguments.Mode);
        Assert.Equal("x.ps1", arguments.Text);
        Assert.Equal(["-NoBanner"], arguments.ScriptWords);
    }

    [Fact]
    public void What_follows_Command_is_one_text()
    {
        ConsoleArguments arguments = ConsoleArguments.Parse(["-Command", "Get-It", "-Now"], inputRedirected: false);

        Assert.Equal((ConsoleMode.Command, "Get-It -Now"), (arguments.Mode, arguments.Text));
    }

    [Theory]
    [InlineData("-Nonsense")]
    [InlineData("-File")]
    [InlineData("-Command")]
    [InlineData("-Command", "-")]
    [InlineData("notes.txt")]
    public void Wrong_usage_is_an_error(params string[] words)
        => Assert.NotNull(ConsoleArguments.Parse(words, inputRedirected: false).Error);

    [Fact]
    public void Script_words_become_parameters_and_values_never_become_code()
    {
        (string text, object[] values) = ScriptArguments.ToCall(
            "/a/b.ps1", ["-Name", "$(evil)", "-Switch", "-Off:$false", "-To:x:y", "-Late:", "value", "-5", "-a;b", "", "-End:"]);

        Assert.Equal(
            "& $args[0] -Name $args[1] -Switch -Off:$args[2] -To:$args[3] -Late:$args[4] $args[5] $args[6] $args[7] -End:$args[8]", text);
        Assert.Equal(["/a/b.ps1", "$(evil)", false, "x:y", "value", "-5", "-a;b", "", ""], values);
    }

    [Theory]
    [InlineData("plain", 5)]
    [InlineData("漢字", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("\ud83d\ude00", 2)]
    [InlineData("", 0)]
    public void Text_has_a_width_in_cells(string text, int cells) => Assert.Equal(cells, CellWidth.Of(text));

    [Fact]
    public void Text_wraps_at_spaces_and_keeps_its_own_lines()
        => Assert.Equal(
            string.Join(Environment.NewLine, "one two", "three", "averylongword", "x"),
            CellWidth.Wrap("one two three\naverylongword x", 8));

    [Fact]
    public void Progress_is_one_line_that_fits()
    {
        ProgressRecord record = new(1, "Waiting", "for\nit") { PercentComplete = 50, SecondsRemaining = 61 };

        Assert.Equal("Waiting [##########..........] 50% 00:01:01 for it", ProgressBar.Describe(record, 80));
        Assert.Equal("Waiting [###", ProgressBar.Describe(record, 12));
    }

    [Fact]
    public void Progress_is_taken_back_when_the_work_is_done()
    {
        StringWriter screen = new();
        ProgressBar bar = new(screen, () => (20, 10));

        bar.Report(1, new ProgressRecord(1, "Outer", "o"));
        bar.Report(1, new ProgressRecord(2, "Inner", "i"));
        bar.Report(1, new ProgressRecord(2, "Inner", "i") { RecordType = ProgressRecordType.Completed });
        bar.Reset();
        bar.Reset();

        const string Clear = "\r\u001b[K";
        Assert.Equal($"{Clear}Outer o{Clear}Inner i{Clear}{Clear}Outer o{Clear}", screen.ToString());
    }

    [Fact]
    public void A_secret_at_the_keyboard_is_masked_and_can_be_corrected()
    {
        StringWriter echo = new();
        KeyboardAnswers keyboard = new(new Keys("ab\bc\r"));

        using SecureString? secret = keyboard.ReadSecret(echo, CancellationToken.None);

        Assert.NotNull(secret);
        Assert.Equal("ac", new System.Net.NetworkCredential(string.Empty, secret).Password);
        Assert.Equal($"**\b \b*{Environment.NewLine}", echo.ToString());
    }

    [Fact]
    public void Control_C_at_a_question_is_no_answer()
        => Assert.Throws<OperationCanceledException>(
            () => new KeyboardAnswers(new Keys("ab\u0003")).ReadSecret(new StringWriter(), CancellationToken.None));

    [Fact]
    public void Control_D_ends_the_answers_only_on_an_empty_line()
    {
        KeyboardAnswers keyboard = new(new Keys("a\u0004b\r\u0004"));

        Assert.Equal("ab", keyboard.ReadLine(new StringWriter(), CancellationToken.None));
        Assert.Null(keyboard.ReadLine(new StringWriter(), CancellationToken.None));
    }

    private sealed class Keys(string keys) : IKeySource
    {
        private int _position;

        public ConsoleKeyInfo Read(CancellationToken stop)
        {
            char character = keys[_position++];
            return character switch
            {
                '\r' => new ConsoleKeyInfo(character, ConsoleKey.Enter, shift: false, alt: false, control: false),
                '\b' => new ConsoleKeyInfo(character, ConsoleKey.Backspace, shift: false, alt: false, control: false),
                < ' ' => new ConsoleKeyInfo(character, ConsoleKey.A + (character - 1), shift: false, alt: false, control: true),
                _ => new ConsoleKeyInfo(character, ConsoleKey.NoName, shift: false, alt: false, control: false),
            };
        }
    }
}
