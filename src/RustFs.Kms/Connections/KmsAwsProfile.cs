namespace RustFs.Kms;

/// <summary>What a profile of the AWS shared files says. Whoever asked for it disposes of the credential.</summary>
internal sealed record KmsAwsProfile
{
    /// <summary>The profile's name.</summary>
    internal required string Name { get; init; }

    /// <summary>The credentials file, absolute; the profile may stand in the configuration file beside it, and this one be missing.</summary>
    internal required string Path { get; init; }

    /// <summary>Its access key, secret key and, for a temporary credential, session token.</summary>
    internal required KmsCredential Credential { get; init; }

    /// <summary>Its <c>endpoint_url</c>; null when there is none.</summary>
    internal Uri? Endpoint { get; init; }

    /// <summary>Its <c>region</c>; null when there is none.</summary>
    internal string? Region { get; init; }
}
