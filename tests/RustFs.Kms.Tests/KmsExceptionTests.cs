using Xunit;

namespace RustFs.Kms.Tests;

/// <summary>Exit codes, and messages that are safe wherever they are printed.</summary>
public sealed class KmsExceptionTests
{
    private const string Hostile = "a\r\n::error::b ##vso[task.complete]c \u001b[31md ##[error]e \u202ef";

    [Theory]
    [InlineData(KmsErrorCode.KmsUsage, 2)]
    [InlineData(KmsErrorCode.KmsNetwork, 3)]
    [InlineData(KmsErrorCode.KmsTimeout, 3)]
    [InlineData(KmsErrorCode.KmsTls, 3)]
    [InlineData(KmsErrorCode.KmsAuthentication, 4)]
    [InlineData(KmsErrorCode.KmsAccessDenied, 4)]
    [InlineData(KmsErrorCode.KmsClockSkew, 4)]
    [InlineData(KmsErrorCode.KmsKeyNotFound, 5)]
    [InlineData(KmsErrorCode.KmsNotFound, 5)]
    [InlineData(KmsErrorCode.KmsConflict, 6)]
    [InlineData(KmsErrorCode.KmsPreconditionFailed, 6)]
    [InlineData(KmsErrorCode.KmsKeyStillReferenced, 6)]
    [InlineData(KmsErrorCode.KmsConfigurationChanged, 6)]
    [InlineData(KmsErrorCode.KmsUnsupported, 7)]
    [InlineData(KmsErrorCode.KmsNotConfigured, 1)]
    [InlineData(KmsErrorCode.KmsNotRunning, 1)]
    [InlineData(KmsErrorCode.KmsUnhealthy, 1)]
    [InlineData(KmsErrorCode.KmsOutcomeUnknown, 1)]
    [InlineData(KmsErrorCode.KmsIntegrity, 1)]
    [InlineData(KmsErrorCode.KmsKeyDamaged, 1)]
    [InlineData(KmsErrorCode.KmsStorage, 1)]
    [InlineData(KmsErrorCode.KmsServerError, 1)]
    [InlineData(KmsErrorCode.KmsProtocol, 1)]
    public void An_exit_code_tells_the_reason(KmsErrorCode code, int expected) => Assert.Equal(expected, new KmsException(code, "x").ExitCode);

    [Fact]
    public void No_failure_exits_as_a_success() =>
        Assert.All(Enum.GetValues<KmsErrorCode>(), code => Assert.InRange(new KmsException(code, "x").ExitCode, 1, 7));

    [Fact]
    public void A_message_and_the_messages_of_its_causes_cannot_act()
    {
        var exception = new KmsException(
            KmsErrorCode.KmsNetwork, Hostile, Hostile, innerException: new IOException(Hostile, new InvalidDataException("harmless", new FormatException(Hostile))));
        Assert.Equal(Hostile, exception.Target); // data stays as it is
        for (Exception? link = exception; link is not null; link = link.InnerException)
        {
            Assert.Equal(SafeText.Neutralize(link.Message), link.Message);
        }

        Assert.Contains("System.IO.IOException", exception.InnerException!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("##vso[", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("arn:aws:kms:::key/app", true)]
    [InlineData("rustfs::kms", true)]
    [InlineData("arn:aws:kms:::error title=x", false)]
    [InlineData("a:::::group::b", false)]
    [InlineData("::key", false)]
    [InlineData("a :::key", false)]
    public void Colons_inside_a_word_are_left_alone_unless_a_command_follows(string text, bool stays) =>
        Assert.Equal(stays, SafeText.Neutralize(text) == text);

    [Fact]
    public void A_cause_that_is_harmless_stays_what_it_is()
    {
        var cause = new IOException("no space left");
        Assert.Same(cause, new KmsException(KmsErrorCode.KmsStorage, "x", innerException: cause).InnerException);
    }
}
