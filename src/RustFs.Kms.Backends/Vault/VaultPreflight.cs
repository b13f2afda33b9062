using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Vault;

/// <summary>
/// Meets a Vault as a RustFS server would: the way there, its state, the login, the mounts, and what the token may do on each path. What
/// a failed step leaves open is "not checked", with the reason. Nothing is written; a login makes a token, which is revoked at the end.
/// </summary>
internal sealed class VaultPreflight(KmsVaultOptions options, TimeProvider clock, Func<Action<X509Certificate2>, IVaultApi> connect)
{
    /// <summary>RustFS's limit for one call when its configuration has none, and so the reserve that it wants of a token's life.</summary>
    private static readonly TimeSpan s_reserve = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_revocationLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_expiresSoon = TimeSpan.FromDays(14);
    private static readonly TimeSpan s_permittedSkew = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Transit binds the encryption context as associated data (<c>vault_transit.rs</c>); Vault has that parameter since this version
    /// (its CHANGELOG, 1.13.0, GH-17638), an older one drops it without a word. OpenBao, whose versions begin at 2.0, always had it.
    /// </summary>
    private static readonly Version s_associatedData = new(1, 13);

    private string? _certificate;
    private TimeSpan _certificateValidFor = TimeSpan.MaxValue;
    private bool _ownToken;
    private VaultToken? _token;

    /// <summary>Goes through the steps; the first that leaves no way on ends them.</summary>
    /// <param name="cancellationToken">Ends the enumeration. A token of our own is revoked all the same.</param>
    internal async IAsyncEnumerable<KmsVaultCheck> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using IVaultApi vault = connect(Note);
        var done = new HashSet<KmsVaultCheckName>();
        string? blocked = null;
        try
        {
            Func<IVaultApi, CancellationToken, Task<Step>>[] steps = [CheckStateAsync, CheckLoginAsync, CheckTokenAsync, CheckMountsAsync, CheckCapabilitiesAsync];
            foreach (Func<IVaultApi, CancellationToken, Task<Step>> step in steps)
            {
                long start = Stopwatch.GetTimestamp();
                Step outcome = await step(vault, cancellationToken).ConfigureAwait(false);
                TimeSpan duration = Stopwatch.GetElapsedTime(start);
                foreach (KmsVaultCheck check in outcome.Checks)
                {
                    _ = done.Add(check.Check);
                    yield return check with { Duration = duration };
                    duration = TimeSpan.Zero;
                }

                if ((blocked = outcome.Blocked) is not null)
                {
                    break;
                }
            }

            foreach (KmsVaultCheckName name in Enum.GetValues<KmsVaultCheckName>().Where(name => name != KmsVaultCheckName.Revocation && !done.Contains(name)))
            {
                yield return Check(name, KmsCheckResult.NotChecked, $"Not checked, because {blocked}.");
            }

            if (await RevokeAsync(vault).ConfigureAwait(false) is { } revocation)
            {
                yield return revocation;
            }
        }
        finally
        {
            // Whoever stops half-way stops listening, too; the token goes all the same.
            _ = await RevokeAsync(vault).ConfigureAwait(false);
        }
    }

    private async Task<Step> CheckStateAsync(IVaultApi vault, CancellationToken cancellationToken)
    {
        VaultHealth health;
        try
        {
            health = await vault.ReadHealthAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception)
        {
            return exception.Code == KmsErrorCode.KmsTls
                ? new Step(
                    [
                        Check(KmsVaultCheckName.Reachable, KmsCheckResult.Passed, "The port accepts connections."),
                        Check(
                            KmsVaultCheckName.Tls,
                            KmsCheckResult.Failed,
                            exception.Message + (_certificate is null ? string.Empty : $" Certificate: {_certificate}."),
                            "Trust the authority that issued it with -CaCertificate, or use the name that it is made for. RustFS takes authorities from its system's store"),
                    ],
                    "there is no secure connection")
                : new Step(
                    [Check(KmsVaultCheckName.Reachable, KmsCheckResult.Failed, exception.Message, "Check address and port (8200 by default), and that no firewall is in between")],
                    exception.Code == KmsErrorCode.KmsProtocol ? "no Vault answers" : "the Vault cannot be reached");
        }

        List<KmsVaultCheck> checks = [CheckReached(health), CheckTls()];
        if (!health.Initialized)
        {
            checks.Add(Check(KmsVaultCheckName.Initialized, KmsCheckResult.Failed, "It was never initialized.", "vault operator init"));
            return new Step(checks, "the Vault is not initialized");
        }

        checks.Add(Check(KmsVaultCheckName.Initialized, KmsCheckResult.Passed, "It is initialized."));
        if (health.Sealed)
        {
            checks.Add(Check(KmsVaultCheckName.Unsealed, KmsCheckResult.Failed, await SealedAsync(vault, cancellationToken).ConfigureAwait(false), "vault operator unseal"));
            return new Step(checks, "the Vault is sealed");
        }

        checks.Add(Check(KmsVaultCheckName.Unsealed, KmsCheckResult.Passed, "It is unsealed."));
        checks.Add(CheckActive(health));
        checks.Add(CheckVersion(health.Version));
        return new Step(
            checks,
            health.Status switch
            {
                472 => "a disaster recovery secondary serves nobody",
                530 => "the node was removed from its cluster",
                _ => null,
            });
    }

    private KmsVaultCheck CheckReached(VaultHealth health)
    {
        TimeSpan skew = health.ServerTime is { } time ? (time - clock.GetUtcNow()).Duration() : TimeSpan.Zero;
        return skew > s_permittedSkew
            ? Check(
                KmsVaultCheckName.Reachable,
                KmsCheckResult.Warning,
                $"It answers, and its clock is {skew:d\\.hh\\:mm\\:ss} off.",
                "Set the clock that is wrong: the lifetimes of tokens and certificates depend on it")
            : Check(KmsVaultCheckName.Reachable, KmsCheckResult.Passed, "It answers.");
    }

    private KmsVaultCheck CheckTls() => options.Endpoint.Endpoint.Scheme == Uri.UriSchemeHttp
        ? Check(
            KmsVaultCheckName.Tls,
            KmsCheckResult.Warning,
            "Plain HTTP: whoever is on the way reads tokens and keys.",
            "Give Vault a certificate and use https: RustFS refuses http addresses unless -AllowInsecureDevDefaults")
        : options.Endpoint.SkipCertificateCheck
            ? Check(KmsVaultCheckName.Tls, KmsCheckResult.Warning, $"The certificate was not checked: {_certificate}.", "Leave -SkipCertificateCheck out")
            : _certificateValidFor < s_expiresSoon
                ? Check(
                    KmsVaultCheckName.Tls,
                    KmsCheckResult.Warning,
                    string.Create(CultureInfo.InvariantCulture, $"The certificate expires in {Math.Max(0, (int)_certificateValidFor.TotalDays)} days: {_certificate}."),
                    "Renew it")
                : Check(KmsVaultCheckName.Tls, KmsCheckResult.Passed, $"{_certificate}.");

    private static async Task<string> SealedAsync(IVaultApi vault, CancellationToken cancellationToken)
    {
        try
        {
            VaultSeal seal = await vault.ReadSealAsync(cancellationToken).ConfigureAwait(false);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"It is sealed: {seal.Progress ?? 0} of the {seal.Threshold} key shares that it needs were given (there are {seal.Shares}; seal type {seal.Type}).");
        }
        catch (KmsException exception)
        {
            return $"It is sealed, and does not tell how far the unsealing is: {exception.Message}";
        }
    }

    private KmsVaultCheck CheckActive(VaultHealth health) => health.Status switch
    {
        472 => Check(
            KmsVaultCheckName.Active, KmsCheckResult.Failed, "The node belongs to a disaster recovery secondary, which serves nobody.", "Use the primary cluster's address"),
        474 => Check(
            KmsVaultCheckName.Active, KmsCheckResult.Warning, "The node is a standby that does not reach the active one.", "vault operator members"),
        530 => Check(KmsVaultCheckName.Active, KmsCheckResult.Failed, "The node was removed from its cluster.", "Use the address of another node"),
        _ => Check(
            KmsVaultCheckName.Active,
            KmsCheckResult.Passed,
            health.Standby ? "The node is a standby, which passes requests on to the active one." : "The node is the active one."),
    };

    private KmsVaultCheck CheckVersion(string? text)
    {
        string number = (text ?? string.Empty).Split('+', '-')[0];
        return !Version.TryParse(number, out Version? version)
            ? Check(KmsVaultCheckName.Version, KmsCheckResult.NotChecked, $"Not checked, because the version ({text ?? "none"}) is no number that could be compared.")
            : options.Backend == KmsBackendType.VaultTransit && version < s_associatedData
                ? Check(
                    KmsVaultCheckName.Version,
                    KmsCheckResult.Failed,
                    $"Version {text}: before 1.13, Transit ignores the associated data with which RustFS binds a data key to its encryption context.",
                    "Update Vault to 1.13 or newer")
                : Check(KmsVaultCheckName.Version, KmsCheckResult.Passed, $"Version {text}.");
    }

    private async Task<Step> CheckLoginAsync(IVaultApi vault, CancellationToken cancellationToken)
    {
        if (options is not { Login: { } login, Secret: { } secret })
        {
            return new Step([], "nothing to log in with was given");
        }

        if (login is KmsVaultLogin.Token or KmsVaultLogin.TokenFile)
        {
            // Whether it is accepted, the next step finds out, with the same call that tells what it is.
            using KmsSecret.Loan loan = secret.Lend();
            vault.Use(KmsSecret.CopyOf(loan.Bytes));
            return new Step([], null);
        }

        (string roleName, string secretName, string mount) = login == KmsVaultLogin.AppRole
            ? ("role_id", "secret_id", options.LoginMount ?? "approle")
            : ("role", "jwt", options.LoginMount ?? "kubernetes");
        try
        {
            await vault.LoginAsync(mount, (roleName, options.Role!), (secretName, secret), cancellationToken).ConfigureAwait(false);
            _ownToken = true;
            return new Step([LoggedIn($"Vault accepts the {login} login at auth/{mount.Trim('/')}, and gave a token.")], null);
        }
        catch (KmsException exception)
        {
            return new Step(
                [
                    Check(
                        KmsVaultCheckName.Login,
                        KmsCheckResult.Failed,
                        exception.Message,
                        login == KmsVaultLogin.AppRole
                            ? $"Check role id and secret id, and whether the secret id expired or was used up. What is mounted: vault auth list"
                            : $"Check the role's service accounts and namespaces: vault read auth/{mount.Trim('/')}/role/{WireText.Clean(options.Role, 100)}",
                        $"auth/{mount.Trim('/')}/login"),
                ],
                "the login failed");
        }
    }

    private async Task<Step> CheckTokenAsync(IVaultApi vault, CancellationToken cancellationToken)
    {
        const string Path = "auth/token/lookup-self";
        bool given = !_ownToken;
        try
        {
            _token = await vault.LookUpSelfAsync(cancellationToken).ConfigureAwait(false);
            return new Step([.. given ? [LoggedIn("Vault accepts the token.")] : Array.Empty<KmsVaultCheck>(), CheckToken(_token)], null);
        }
        catch (KmsException exception) when (given && IsRefused(exception))
        {
            // A good token without the policy "default" may not look itself up either, and serves RustFS all the same.
            KmsException? refusal = await RefusalAsync(vault, cancellationToken).ConfigureAwait(false);
            if (refusal is null || !IsRefused(refusal))
            {
                KmsVaultCheck login = refusal is null ? LoggedIn("Vault accepts the token.") : NotChecked(KmsVaultCheckName.Login, refusal, "sys/capabilities-self", "update");
                return new Step([login, NotChecked(KmsVaultCheckName.Token, exception, Path, "read")], null);
            }

            return new Step(
                [
                    Check(
                        KmsVaultCheckName.Login,
                        KmsCheckResult.Failed,
                        $"{exception.Message} The token is wrong, expired or revoked, or of another namespace.",
                        "vault token lookup",
                        Path),
                ],
                "the token is not accepted");
        }
        catch (KmsException exception)
        {
            KmsVaultCheck token = NotChecked(KmsVaultCheckName.Token, exception, Path, "read");
            return new Step(given ? [token with { Check = KmsVaultCheckName.Login }, token] : [token], null);
        }
    }

    /// <summary>Whether it is the token that is refused: 403, or from older Vaults 400 where its end looks like the id of a namespace.</summary>
    private static bool IsRefused(KmsException exception) => exception.Code is KmsErrorCode.KmsAccessDenied or KmsErrorCode.KmsAuthentication;

    /// <summary>Why the token is not taken for a call that every good token may make, or nearly every; null when it is.</summary>
    private static async Task<KmsException?> RefusalAsync(IVaultApi vault, CancellationToken cancellationToken)
    {
        try
        {
            _ = await vault.ReadCapabilitiesAsync(["sys/health"], cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (KmsException exception)
        {
            return exception;
        }
    }

    private KmsVaultCheck LoggedIn(string evidence) => Check(
        KmsVaultCheckName.Login,
        options.LoginWarnings.Count == 0 ? KmsCheckResult.Passed : KmsCheckResult.Warning,
        string.Join(' ', [evidence, .. options.LoginWarnings]),
        options.LoginWarnings.Count == 0 ? null : "Put that in order: RustFS refuses such a file");

    private KmsVaultCheck CheckToken(VaultToken token)
    {
        string evidence = $"It {LifeOf(token)}, {(token.Renewable ? $"can be renewed{(token.Periodic ? " without end" : string.Empty)}" : "cannot be renewed")}; "
            + $"type {token.Type ?? "unknown"}; policies: {(token.Policies.Count == 0 ? "none" : string.Join(", ", token.Policies.Take(20)))}.";
        (string Why, string What)? warning = token switch
        {
            { Uses: > 0 } => ($" It may be used {token.Uses} times only.", "Give RustFS a token without a limit of uses"),
            { TimeToLive: { } short_ } when short_ <= s_reserve * 2 => (
                " RustFS takes no token that is within 30 s of its end.", "Give the role a longer token_ttl, such as 1h"),
            { Policies: var policies } when policies.Contains("root") => (
                " It may do everything.", "Give RustFS a token with a policy of its own"),
            { TimeToLive: not null } when options.Login == KmsVaultLogin.Token => (
                " RustFS never renews a token that it was given.", "Let RustFS log in by AppRole or Kubernetes, or read a token file that an agent keeps fresh"),
            _ => null,
        };
        return Check(
            KmsVaultCheckName.Token, warning is null ? KmsCheckResult.Passed : KmsCheckResult.Warning, evidence + warning?.Why, warning?.What, "auth/token/lookup-self");
    }

    private async Task<Step> CheckMountsAsync(IVaultApi vault, CancellationToken cancellationToken)
    {
        (string Path, string Type, string? Version)[] mounts = options.Backend == KmsBackendType.VaultTransit
            ? [(options.MountPath, "transit", null), (options.KvMount, "kv", "2")]
            : [(options.KvMount, "kv", "2")];
        var checks = new List<KmsVaultCheck>();
        foreach ((string path, string type, string? version) in mounts)
        {
            checks.Add(await CheckMountAsync(vault, path.Trim('/'), type, version, cancellationToken).ConfigureAwait(false));
        }

        return new Step(checks, null);
    }

    private async Task<KmsVaultCheck> CheckMountAsync(IVaultApi vault, string path, string type, string? version, CancellationToken cancellationToken)
    {
        string enable = type == "kv" ? $"vault secrets enable -path={path} -version=2 kv" : $"vault secrets enable -path={path} {type}";
        try
        {
            VaultMount? mount = await vault.ReadMountAsync(path, cancellationToken).ConfigureAwait(false);
            return mount switch
            {
                null => Check(KmsVaultCheckName.Mount, KmsCheckResult.Failed, "Nothing is mounted there.", enable, path),
                _ when mount.Type != type => Check(
                    KmsVaultCheckName.Mount, KmsCheckResult.Failed, $"A {mount.Type} engine is mounted there, and RustFS needs {type}.", $"Choose another mount, or: {enable}", path),
                _ when version is not null && mount.Version != version => Check(
                    KmsVaultCheckName.Mount,
                    KmsCheckResult.Failed,
                    $"The engine is {type} version {mount.Version ?? "1"}, and RustFS needs version {version}.",
                    $"vault kv enable-versioning {path}/",
                    path),
                _ => Check(KmsVaultCheckName.Mount, KmsCheckResult.Passed, $"The engine is {mount.Type}{(mount.Version is null ? string.Empty : $" version {mount.Version}")}.", path: path),
            };
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsAccessDenied)
        {
            return Check(
                KmsVaultCheckName.Mount,
                KmsCheckResult.NotChecked,
                $"Not checked, because the token may do nothing below {path}, or nothing is mounted there; Vault gives the same answer to both, and the token "
                    + "lacks the capability read on sys/mounts, which would tell.",
                "vault secrets list",
                path);
        }
        catch (KmsException exception)
        {
            return NotChecked(KmsVaultCheckName.Mount, exception, path, "read");
        }
    }

    private async Task<Step> CheckCapabilitiesAsync(IVaultApi vault, CancellationToken cancellationToken)
    {
        const string Path = "sys/capabilities-self";
        IReadOnlyList<VaultNeed> needs = VaultNeeds.Of(options);
        try
        {
            IReadOnlyDictionary<string, IReadOnlyList<string>> found = await vault
                .ReadCapabilitiesAsync([.. needs.Select(need => need.Path)], cancellationToken).ConfigureAwait(false);
            return new Step([.. needs.Select(need => CheckCapability(needs, need, found[need.Path]))], null);
        }
        catch (KmsException exception)
        {
            // Without an answer nothing is known about any of the paths, and each of them says so.
            KmsVaultCheck unknown = NotChecked(KmsVaultCheckName.Capability, exception, Path, "update");
            return new Step([.. needs.Select(need => unknown with { Path = need.Path })], null);
        }
    }

    private KmsVaultCheck CheckCapability(IReadOnlyList<VaultNeed> needs, VaultNeed need, IReadOnlyList<string> found)
    {
        bool Has(string capability) => (found.Contains(capability) || found.Contains("root")) && !found.Contains("deny");
        string[] missing = [.. need.Required.Where(capability => !Has(capability))];
        string[] wanting = [.. need.Optional.Where(capability => !Has(capability))];
        if (missing.Length + wanting.Length == 0)
        {
            return Check(
                KmsVaultCheckName.Capability,
                KmsCheckResult.Passed,
                $"{string.Join(", ", need.Required.Concat(need.Optional))}: to {need.Purpose}.",
                path: need.Path);
        }

        string policy = VaultNeeds.PolicyLine(needs, need.Pattern);
        return Check(
            KmsVaultCheckName.Capability,
            missing.Length > 0 ? KmsCheckResult.Failed : KmsCheckResult.Warning,
            $"{string.Join(", ", missing.Concat(wanting))} is missing: to {need.Purpose}.",
            missing.Length > 0 ? policy : $"{policy} # or leave it so, {need.Otherwise}",
            need.Path) with
        {
            Missing = [.. missing, .. wanting],
            Policy = policy,
        };
    }

    /// <summary>Gives back the token of our own login, once, even when the check was stopped.</summary>
    private async Task<KmsVaultCheck?> RevokeAsync(IVaultApi vault)
    {
        if (!_ownToken)
        {
            return null;
        }

        _ownToken = false;
        const string Path = "auth/token/revoke-self";
        if (_token is { Type: "batch" } batch)
        {
            // Vault keeps no record of one, so there is nothing that it could revoke.
            return Check(
                KmsVaultCheckName.Revocation,
                KmsCheckResult.Warning,
                $"The token of this check's login is a batch token, which nobody can revoke. It {LifeOf(batch)}.",
                "Nothing needs to be done; a role with token_type=service gives tokens that are revoked",
                Path);
        }

        using var limit = new CancellationTokenSource(s_revocationLimit);
        try
        {
            await vault.RevokeSelfAsync(limit.Token).ConfigureAwait(false);
            return Check(KmsVaultCheckName.Revocation, KmsCheckResult.Passed, "The token of this check's login was revoked.", path: Path);
        }
        catch (Exception exception) when (exception is KmsException or OperationCanceledException)
        {
            return Check(
                KmsVaultCheckName.Revocation,
                KmsCheckResult.Warning,
                $"The token of this check's login was not revoked, and lives until it expires: {exception.Message}",
                exception switch
                {
                    KmsException { Code: KmsErrorCode.KmsAccessDenied } => "path \"auth/token/revoke-self\" { capabilities = [\"update\"] }",
                    KmsException { Code: KmsErrorCode.KmsAuthentication } => "Nothing needs to be done: Vault revokes no batch tokens, and they expire by themselves",
                    _ => "Check once more, or revoke it by its accessor: vault list auth/token/accessors",
                },
                Path);
        }
    }

    private static string LifeOf(VaultToken token) => token.TimeToLive is { } left ? $"expires in {Span(left)}" : "never expires";

    private KmsVaultCheck NotChecked(KmsVaultCheckName name, KmsException exception, string path, string capability) => Check(
        name,
        KmsCheckResult.NotChecked,
        exception.Code == KmsErrorCode.KmsAccessDenied
            ? $"Not checked, because the token lacks the capability {capability} on {path}."
            : $"Not checked, because {exception.Message}",
        exception.Code == KmsErrorCode.KmsAccessDenied ? $"path \"{path}\" {{ capabilities = [\"{capability}\"] }}" : null,
        path);

    private KmsVaultCheck Check(KmsVaultCheckName name, KmsCheckResult result, string evidence, string? recommendation = null, string? path = null) => new()
    {
        Check = name,
        Result = result,
        Path = path,
        Evidence = evidence,
        Recommendation = recommendation,
        Address = options.Endpoint.Endpoint.ToString(),
        Connection = options.Endpoint.ConnectionName,
    };

    private void Note(X509Certificate2 seen)
    {
        _certificateValidFor = seen.NotAfter.ToUniversalTime() - clock.GetUtcNow().UtcDateTime;
        _certificate = $"{WireText.Clean(seen.Subject, 200)}, issued by {WireText.Clean(seen.Issuer, 200)}, valid until {seen.NotAfter.ToUniversalTime():yyyy-MM-dd}";
    }

    private static string Span(TimeSpan span) => span switch
    {
        { TotalDays: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:0} days"),
        { TotalHours: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0} hours"),
        { TotalMinutes: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0} minutes"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0} seconds"),
    };

    /// <summary>What a step found; and, when it leaves no way on, why.</summary>
    private sealed record Step(IReadOnlyList<KmsVaultCheck> Checks, string? Blocked);
}
