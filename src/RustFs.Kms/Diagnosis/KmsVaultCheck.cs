namespace RustFs.Kms;

/// <summary>What is looked at in a Vault.</summary>
public enum KmsVaultCheckName
{
    /// <summary>Whether an answer comes, and whether it is a Vault's.</summary>
    Reachable,

    /// <summary>The certificate and its expiry.</summary>
    Tls,

    /// <summary>Whether it was initialized.</summary>
    Initialized,

    /// <summary>Whether it is unsealed.</summary>
    Unsealed,

    /// <summary>Whether this node is the active one of its cluster.</summary>
    Active,

    /// <summary>Whether it is new enough for what RustFS asks of it.</summary>
    Version,

    /// <summary>Whether the credential is accepted.</summary>
    Login,

    /// <summary>What the token is: its policies, its lifetime, whether it can be renewed.</summary>
    Token,

    /// <summary>Whether a secrets engine is mounted and of the right kind.</summary>
    Mount,

    /// <summary>Whether the token may do on a path what RustFS does there.</summary>
    Capability,

    /// <summary>Whether the token that the check logged in for is revoked again.</summary>
    Revocation,
}

/// <summary>One thing that was looked at in a Vault, as a RustFS server would meet it.</summary>
public sealed record KmsVaultCheck
{
    /// <summary>What was looked at.</summary>
    public required KmsVaultCheckName Check { get; init; }

    /// <summary>How it went.</summary>
    public required KmsCheckResult Result { get; init; }

    /// <summary>The path in Vault, without <c>/v1/</c>, that it is about; null when it is about no path.</summary>
    public string? Path { get; init; }

    /// <summary>What was seen, or why it was not looked at.</summary>
    public required string Evidence { get; init; }

    /// <summary>What to do next; null when there is nothing to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>The capabilities that RustFS needs on the path and the token lacks; empty for none.</summary>
    public IReadOnlyList<string> Missing { get; init => field = value.Indexable(); } = [];

    /// <summary>
    /// The line of a Vault policy (HCL) that grants all that RustFS needs there; null when nothing is missing. Lines of several
    /// checks may be equal.
    /// </summary>
    public string? Policy { get; init; }

    /// <summary>The Vault's address.</summary>
    public required string Address { get; init; }

    /// <summary>The name of the connection whose configuration named the Vault; null when it was named otherwise.</summary>
    public string? Connection { get; init; }

    /// <summary>How long it took; of checks that one answer settles, the first has the time.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What was checked and how it went, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{Check}: {Result}");
}
