using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.PowerShell;

/// <summary>Completes values that most people have: the usual one, and what the environment says. Any other is as good.</summary>
public sealed class KnownValueCompleter : IArgumentCompleter
{
    private static readonly Dictionary<string, string[]> s_known = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(KmsEndpointCmdlet.Region)] = ["us-east-1"],
        [nameof(KmsEndpointCmdlet.SigningService)] = ["s3", "sts"],
        [nameof(KmsConfigurationCmdlet.MountPath)] = ["transit"],
        [nameof(KmsConfigurationCmdlet.KvMount)] = ["secret"],
        [nameof(KmsConfigurationCmdlet.LoginMount)] = ["approle", "kubernetes"],
        [nameof(KmsConfigurationCmdlet.KeyPathPrefix)] = ["rustfs/kms/keys", "rustfs/kms/transit-metadata"],
    };

    private static readonly Dictionary<string, string[]> s_variables = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(KmsEndpointCmdlet.Region)] = ["AWS_REGION", "AWS_DEFAULT_REGION"],
        [nameof(KmsConfigurationCmdlet.VaultNamespace)] = ["RUSTFS_KMS_VAULT_NAMESPACE", "VAULT_NAMESPACE"],
    };

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return
        [
            .. s_known.GetValueOrDefault(parameterName, [])
                .Concat(s_variables.GetValueOrDefault(parameterName, []).Select(Environment.GetEnvironmentVariable).OfType<string>())
                .Where(value => value.Length > 0 && word.Matches(value))
                .Distinct(StringComparer.Ordinal)
                .Select(value => CompletionWord.Result(value, value)),
        ];
    }
}
