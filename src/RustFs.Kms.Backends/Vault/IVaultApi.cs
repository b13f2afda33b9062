namespace RustFs.Kms.Backends.Vault;

/// <summary>
/// The few calls that a preflight makes, all of Vault's documented HTTP API and all of OpenBao's. What is refused is a
/// <see cref="KmsException"/> with the HTTP status. A client library can stand behind this instead.
/// </summary>
internal interface IVaultApi : IDisposable
{
    /// <summary><c>GET sys/health</c>: answered in every state, without a token.</summary>
    Task<VaultHealth> ReadHealthAsync(CancellationToken cancellationToken);

    /// <summary><c>GET sys/seal-status</c>: without a token.</summary>
    Task<VaultSeal> ReadSealAsync(CancellationToken cancellationToken);

    /// <summary>Uses a token from now on. The client takes it over and wipes it.</summary>
    void Use(KmsSecret token);

    /// <summary><c>POST auth/:mount/login</c>; uses the token that comes of it from now on.</summary>
    /// <param name="mount">Where the method is mounted.</param>
    /// <param name="role">The name and value of the field that says who.</param>
    /// <param name="secret">The name and value of the field that proves it.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task LoginAsync(string mount, (string Name, string Value) role, (string Name, KmsSecret Value) secret, CancellationToken cancellationToken);

    /// <summary><c>GET auth/token/lookup-self</c>.</summary>
    Task<VaultToken> LookUpSelfAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The engine mounted at a path: <c>GET sys/internal/ui/mounts/:path</c>, which needs no more than any capability below it, or else
    /// <c>GET sys/mounts</c>.
    /// </summary>
    /// <returns>Null when nothing is mounted there.</returns>
    Task<VaultMount?> ReadMountAsync(string path, CancellationToken cancellationToken);

    /// <summary><c>POST sys/capabilities-self</c>, which changes nothing and which the policy "default" permits.</summary>
    /// <returns>The capabilities on each path.</returns>
    Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ReadCapabilitiesAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken);

    /// <summary><c>POST auth/token/revoke-self</c>.</summary>
    Task RevokeSelfAsync(CancellationToken cancellationToken);
}

/// <summary>What <c>sys/health</c> says.</summary>
internal sealed record VaultHealth(int Status, bool Initialized, bool Sealed, bool Standby, string? Version, DateTimeOffset? ServerTime);

/// <summary>What <c>sys/seal-status</c> says.</summary>
internal sealed record VaultSeal(string? Type, long? Threshold, long? Shares, long? Progress);

/// <summary>What <c>auth/token/lookup-self</c> says: never the token itself.</summary>
internal sealed record VaultToken(
    string? Type, IReadOnlyList<string> Policies, TimeSpan? TimeToLive, bool Renewable, bool Periodic, long Uses, string? DisplayName);

/// <summary>An engine: <c>kv</c>, <c>transit</c>, and of <c>kv</c> its version.</summary>
internal sealed record VaultMount(string Type, string? Version);
