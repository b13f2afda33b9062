using System.Text;
using Amazon.Runtime.CredentialManagement;

namespace RustFs.Kms.Backends.Http;

/// <summary>Reads a profile of the AWS shared files, and only that: no metadata service, no browser, no other program.</summary>
internal static class AwsProfileReader
{
    internal static KmsAwsProfile Read(string name, string? file)
    {
        if (file is not null && !File.Exists(file))
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, $"There is no AWS credentials file '{file}'.", file);
        }

        CredentialProfile profile = Find(name, file);
        CredentialProfileOptions options = profile.Options;
        string? indirect = options switch
        {
            { SsoAccountId: not null } or { SsoSession: not null } or { SsoStartUrl: not null } => "single sign-on, which opens a browser",
            { RoleArn: not null } => "a role that AWS would have to grant",
            { CredentialProcess: not null } => "another program's output",
            { CredentialSource: not null } => "the metadata service of a cloud machine",
            _ => null,
        };
        if (string.IsNullOrEmpty(options.AccessKey) || string.IsNullOrEmpty(options.SecretKey))
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage,
                indirect is null
                    ? $"The AWS profile '{name}' has no aws_access_key_id and aws_secret_access_key."
                    : $"The AWS profile '{name}' gets its credential from {indirect}; only keys that stand in the file are used.",
                name);
        }

        string? endpoint = profile.EndpointUrl;
        Uri? uri = null;
        if (!string.IsNullOrEmpty(endpoint) && !Uri.TryCreate(endpoint, UriKind.Absolute, out uri))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"The endpoint_url of the AWS profile '{name}' is not an address.", name);
        }

        return new KmsAwsProfile
        {
            Name = name,
            Path = Shared(file).FilePath,
            Credential = new KmsCredential(
                options.AccessKey,
                KmsSecret.CopyOf(Encoding.UTF8.GetBytes(options.SecretKey)),
                string.IsNullOrEmpty(options.Token) ? null : KmsSecret.CopyOf(Encoding.UTF8.GetBytes(options.Token))),
            Endpoint = uri,
            Region = profile.Region?.SystemName,
        };
    }

    internal static IReadOnlyList<string> List(string? file)
    {
        try
        {
            return Shared(file).ListProfileNames();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The AWS profiles cannot be read: a file is damaged or not accessible.");
        }
    }

    private static SharedCredentialsFile Shared(string? file) => file is null ? new SharedCredentialsFile() : new SharedCredentialsFile(file);

    private static CredentialProfile Find(string name, string? file)
    {
        try
        {
            return Shared(file).TryGetProfile(name, out CredentialProfile profile)
                ? profile
                : throw new KmsException(
                    KmsErrorCode.KmsNotFound, $"There is no AWS profile '{name}' in {(file is null ? "the shared AWS files" : $"'{file}'")}.", name);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Not with its own text: it may quote the line, and the line may be the secret.
            throw new KmsException(KmsErrorCode.KmsUsage, $"The AWS profile '{name}' cannot be read: the file is damaged or not accessible.", name);
        }
    }
}
