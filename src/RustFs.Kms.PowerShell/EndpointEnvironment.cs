using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What the environment says of a server, in this order: RUSTFS_KMS_*, RUSTFS_*, AWS_*. An access key and its secret always come
/// from the same family, so that nobody signs with one half of each.
/// </summary>
internal static class EndpointEnvironment
{
    private static readonly string[] s_families = ["RUSTFS_KMS_", "RUSTFS_", "AWS_"];
    private static readonly string[] s_endpoint = ["ENDPOINT", "ENDPOINT_URL"];
    private static readonly string[] s_accessKey = ["ACCESS_KEY", "ACCESS_KEY_ID"];
    private static readonly string[] s_secretKey = ["SECRET_KEY", "SECRET_ACCESS_KEY"];
    private static readonly string[] s_sessionToken = ["SESSION_TOKEN"];
    private static readonly string[] s_region = ["REGION", "DEFAULT_REGION"];

    /// <summary>The endpoint and the variable that holds it; null when none does.</summary>
    internal static (string Value, string Source)? Endpoint() => First(s_endpoint);

    /// <summary>The region and the variable that holds it; null when none does.</summary>
    internal static (string Value, string Source)? Region() => First(s_region);

    /// <summary>The credential and the variables that hold it; null when there is none. The caller wipes it.</summary>
    /// <exception cref="KmsException">One half is there and the other is not.</exception>
    internal static (KmsCredential Credential, string Source)? Credential()
    {
        foreach (string family in s_families)
        {
            (string Value, string Source)? access = Find(family, s_accessKey);
            (string Value, string Source)? secret = Find(family, s_secretKey);
            if (access is null && secret is null)
            {
                continue;
            }

            if (access is null || secret is null)
            {
                string[] missing = access is null ? s_accessKey : s_secretKey;
                throw new KmsException(
                    KmsErrorCode.KmsUsage, Strings.HalfACredential((access ?? secret)!.Value.Source, missing.Select(name => family + name)));
            }

            (string Value, string Source)? token = Find(family, s_sessionToken);
            string source = string.Join(", ", new[] { access, secret, token }.OfType<(string Value, string Source)>().Select(part => part.Source));
            return (new KmsCredential(access.Value.Value, Secret(secret.Value.Value), token is null ? null : Secret(token.Value.Value)), $"environment {source}");
        }

        return null;
    }

    private static (string Value, string Source)? First(string[] names) =>
        s_families.Select(family => Find(family, names)).FirstOrDefault(found => found is not null);

    private static (string Value, string Source)? Find(string family, string[] names)
    {
        foreach (string name in names)
        {
            string? value = Environment.GetEnvironmentVariable(family + name);
            if (!string.IsNullOrEmpty(value))
            {
                return (value, family + name);
            }
        }

        return null;
    }

    // The variable's value is a string of the runtime, which nobody can wipe; the copy that goes on is wiped.
    private static KmsSecret Secret(string value)
    {
        var secret = KmsSecret.OfLength(Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, secret.Bytes);
        return secret;
    }
}
