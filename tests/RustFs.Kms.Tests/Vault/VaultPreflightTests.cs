using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Tests.Vault;

/// <summary>What a preflight finds in a Vault in each state, over real sockets.</summary>
public sealed class VaultPreflightTests
{
    private static readonly Dictionary<string, string[]> s_transitPolicy = new()
    {
        ["transit/keys/*"] = ["list", "read", "update", "delete"],
        ["transit/encrypt/*"] = ["update"],
        ["transit/decrypt/*"] = ["update"],
        ["transit/rewrap/*"] = ["update"],
        ["secret/data/rustfs/kms/transit-metadata/*"] = ["create", "read", "update"],
        ["secret/metadata/rustfs/kms/transit-metadata/*"] = ["read", "delete"],
    };

    [Theory]
    [InlineData(KmsBackendType.VaultKv2)]
    [InlineData(KmsBackendType.VaultTransit)]
    public async Task A_Vault_in_order_passes_and_nothing_was_written(KmsBackendType backend)
    {
        await using var vault = new ScriptedVault();
        vault.Policy = backend == KmsBackendType.VaultTransit ? s_transitPolicy : vault.Policy;
        vault.TimeToLive = 0;

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address, backend));

        Assert.Equal([KmsVaultCheckName.Tls], checks.Where(check => check.Result != KmsCheckResult.Passed).Select(check => check.Check)); // plain HTTP
        Assert.Equal(
            Enum.GetValues<KmsVaultCheckName>().Except([KmsVaultCheckName.Revocation]), checks.Select(check => check.Check).Distinct());
        Assert.Equal(backend == KmsBackendType.VaultTransit ? ["transit", "secret"] : ["secret"], Of(checks, KmsVaultCheckName.Mount).Select(check => check.Path));
        Assert.DoesNotContain(vault.Calls, call => call.StartsWith("PUT", StringComparison.Ordinal) || call.StartsWith("DELETE", StringComparison.Ordinal));
        Assert.Equal(["POST sys/capabilities-self"], vault.Calls.Where(call => call.StartsWith("POST", StringComparison.Ordinal)));
        Assert.All(vault.Requests, request => Assert.Equal("true", request.Headers["X-Vault-Request"]));
    }

    [Fact]
    public async Task The_paths_that_are_asked_about_are_those_that_RustFS_uses()
    {
        await using var vault = new ScriptedVault();
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { KvMount = "/team/kv/", KeyPathPrefix = "rustfs/", KeyId = "app" };
        vault.Mounts["team/kv"] = ("kv", "2");
        vault.Policy = new() { ["team/kv/data/rustfs/*"] = ["create", "read", "update"], ["team/kv/metadata/rustfs/*"] = ["list", "read", "delete"] };

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(options);

        Assert.Equal(
            [
                "team/kv/data/rustfs/app", "team/kv/data/rustfs/app/versions/1", "team/kv/metadata/rustfs/", "team/kv/metadata/rustfs/app",
                "team/kv/metadata/rustfs/app/versions/", "team/kv/metadata/rustfs/app/versions/1",
            ],
            Of(checks, KmsVaultCheckName.Capability).Select(check => check.Path));
        Assert.All(Of(checks, KmsVaultCheckName.Capability), check => Assert.Equal(KmsCheckResult.Passed, check.Result));
    }

    [Fact]
    public async Task Missing_capabilities_are_named_and_their_lines_make_them_pass()
    {
        await using var vault = new ScriptedVault();
        vault.Policy = new()
        {
            ["transit/keys/*"] = ["list", "read"],
            ["transit/encrypt/*"] = ["create"],
            ["secret/data/rustfs/kms/transit-metadata/*"] = ["read"],
            ["secret/metadata/rustfs/kms/transit-metadata/*"] = ["read"],
        };
        KmsVaultOptions options = ScriptedVault.Options(vault.Address, KmsBackendType.VaultTransit);

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(options);

        KmsVaultCheck encrypt = checks.Single(check => check.Path == $"transit/encrypt/{KmsVaultOptions.ProbeKeyId}");
        Assert.Equal(KmsCheckResult.Failed, encrypt.Result);
        Assert.Equal(["update"], encrypt.Missing);
        Assert.Equal("path \"transit/encrypt/*\" { capabilities = [\"update\"] }", encrypt.Policy);
        Assert.Equal(encrypt.Policy, encrypt.Recommendation);
        Assert.Contains("wrap data keys", encrypt.Evidence, StringComparison.Ordinal);
        Assert.Equal(KmsCheckResult.Failed, checks.Single(check => check.Path == $"transit/decrypt/{KmsVaultOptions.ProbeKeyId}").Result);
        KmsVaultCheck rewrap = checks.Single(check => check.Path == $"transit/rewrap/{KmsVaultOptions.ProbeKeyId}");
        Assert.Equal((KmsCheckResult.Warning, "update"), (rewrap.Result, Assert.Single(rewrap.Missing))); // only some operations take it
        Assert.Equal(KmsCheckResult.Warning, checks.Single(check => check.Path?.EndsWith("/config", StringComparison.Ordinal) == true).Result);
        Assert.Equal(["create", "update"], checks.Single(check => check.Path?.StartsWith("secret/data/", StringComparison.Ordinal) == true).Missing);

        // What is printed, pasted: nothing is missing any more.
        vault.Policy = checks.Select(check => check.Policy).OfType<string>().Distinct().ToDictionary(
            line => line.Split('"')[1], line => line[line.IndexOf('[', StringComparison.Ordinal)..].Split('"').Where((_, index) => index % 2 == 1).ToArray());
        Assert.All(
            Of(await ScriptedVault.CheckAsync(options), KmsVaultCheckName.Capability), check => Assert.Equal((KmsCheckResult.Passed, null), (check.Result, check.Policy)));
    }

    [Theory]
    [InlineData(501, KmsVaultCheckName.Initialized, "vault operator init", "not initialized")]
    [InlineData(503, KmsVaultCheckName.Unsealed, "vault operator unseal", "sealed")]
    [InlineData(472, KmsVaultCheckName.Active, "primary", "disaster recovery")]
    [InlineData(530, KmsVaultCheckName.Active, "another node", "removed")]
    public async Task A_Vault_in_no_state_to_serve_ends_the_check_and_the_rest_is_not_checked(int status, KmsVaultCheckName failed, string what, string because)
    {
        await using var vault = new ScriptedVault { HealthStatus = status };

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address));

        KmsVaultCheck check = Assert.Single(checks, check => check.Result == KmsCheckResult.Failed);
        Assert.Equal(failed, check.Check);
        Assert.Contains(what, check.Recommendation, StringComparison.Ordinal);
        KmsVaultCheck[] open = [.. checks.Where(check => check.Result == KmsCheckResult.NotChecked)];
        Assert.Superset(new HashSet<KmsVaultCheckName> { KmsVaultCheckName.Login, KmsVaultCheckName.Token, KmsVaultCheckName.Mount, KmsVaultCheckName.Capability }, open.Select(item => item.Check).ToHashSet());
        Assert.All(open, item => Assert.StartsWith("Not checked, because ", item.Evidence, StringComparison.Ordinal));
        Assert.All(open, item => Assert.Contains(because, item.Evidence, StringComparison.Ordinal));
        Assert.DoesNotContain(vault.Requests, request => request.Headers.ContainsKey("X-Vault-Token"));
        if (status == 503)
        {
            Assert.Contains("2 of the 3", check.Evidence, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(429, KmsCheckResult.Passed, "standby")]
    [InlineData(473, KmsCheckResult.Passed, "standby")]
    [InlineData(474, KmsCheckResult.Warning, "does not reach")]
    public async Task A_standby_is_told_and_the_check_goes_on(int status, KmsCheckResult result, string text)
    {
        await using var vault = new ScriptedVault { HealthStatus = status };
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address));
        KmsVaultCheck active = Assert.Single(Of(checks, KmsVaultCheckName.Active));
        Assert.Equal(result, active.Result);
        Assert.Contains(text, active.Evidence, StringComparison.Ordinal);
        Assert.NotEmpty(Of(checks, KmsVaultCheckName.Capability));
    }

    [Theory]
    [InlineData("1.12.9", KmsBackendType.VaultTransit, KmsCheckResult.Failed)]
    [InlineData("1.13.0+ent", KmsBackendType.VaultTransit, KmsCheckResult.Passed)]
    [InlineData("2.4.1", KmsBackendType.VaultTransit, KmsCheckResult.Passed)] // OpenBao
    [InlineData("1.12.9", KmsBackendType.VaultKv2, KmsCheckResult.Passed)]
    [InlineData("next", KmsBackendType.VaultTransit, KmsCheckResult.NotChecked)]
    public async Task A_version_that_drops_the_encryption_context_is_refused(string version, KmsBackendType backend, KmsCheckResult result)
    {
        await using var vault = new ScriptedVault { Version = version };
        Assert.Equal(result, Assert.Single(Of(await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address, backend)), KmsVaultCheckName.Version)).Result);
    }

    [Theory]
    [InlineData(0, 0, """["default","rustfs-kms"]""", KmsCheckResult.Passed, "never expires")]
    [InlineData(3600, 0, """["default"]""", KmsCheckResult.Warning, "never renews")]
    [InlineData(45, 0, """["default"]""", KmsCheckResult.Warning, "within 30 s")]
    [InlineData(0, 5, """["default"]""", KmsCheckResult.Warning, "5 times only")]
    [InlineData(0, 0, """["root"]""", KmsCheckResult.Warning, "may do everything")]
    public async Task What_a_token_is_and_whether_it_will_do(long timeToLive, long uses, string policies, KmsCheckResult result, string text)
    {
        await using var vault = new ScriptedVault { TimeToLive = timeToLive, Uses = uses, Policies = policies };
        KmsVaultCheck token = Assert.Single(Of(await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address)), KmsVaultCheckName.Token));
        Assert.Equal(result, token.Result);
        Assert.Contains(text, token.Evidence, StringComparison.Ordinal);
        Assert.Equal(result == KmsCheckResult.Passed, token.Recommendation is null);
    }

    [Theory]
    [InlineData(KmsVaultLogin.AppRole, "59d6d1ca-47bb-4e7e-a40b-8be3bc5a0ba8", ScriptedVault.SecretId, null)]
    [InlineData(KmsVaultLogin.Kubernetes, "rustfs", ScriptedVault.Jwt, null)]
    [InlineData(KmsVaultLogin.Kubernetes, "rustfs", ScriptedVault.Jwt, "/k8s/prod/")]
    public async Task A_login_of_our_own_is_revoked_at_the_end(KmsVaultLogin login, string role, string secret, string? mount)
    {
        await using var vault = new ScriptedVault { TimeToLive = 3600 };
        using KmsSecret bytes = ScriptedVault.Secret(secret);
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = login, Role = role, Secret = bytes, LoginMount = mount };

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(options);

        Assert.Equal(KmsCheckResult.Passed, Assert.Single(Of(checks, KmsVaultCheckName.Login)).Result);
        Assert.Equal(KmsCheckResult.Passed, Assert.Single(Of(checks, KmsVaultCheckName.Token)).Result); // it is renewed or replaced
        Assert.Equal(KmsVaultCheckName.Revocation, checks[^1].Check);
        Assert.Equal(KmsCheckResult.Passed, checks[^1].Result);
        Assert.Equal("POST auth/token/revoke-self", vault.Calls[^1]);
        Assert.Equal(1, vault.Calls.Count(call => call.EndsWith("revoke-self", StringComparison.Ordinal)));
        Assert.DoesNotContain(checks, check => $"{check}".Contains("canary", StringComparison.Ordinal));
        Assert.False(bytes.IsDisposed); // it stays the caller's
    }

    [Fact]
    public async Task Who_stops_listening_half_way_leaves_no_token_behind()
    {
        await using var vault = new ScriptedVault();
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = KmsVaultLogin.Kubernetes, Role = "rustfs", Secret = ScriptedVault.Secret(ScriptedVault.Jwt) };
        await foreach (KmsVaultCheck check in KmsBackends.CheckVaultAsync(options, default))
        {
            if (check.Check == KmsVaultCheckName.Login)
            {
                break;
            }
        }

        Assert.Equal("POST auth/token/revoke-self", vault.Calls[^1]);
        using var stop = new CancellationTokenSource();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (KmsVaultCheck check in KmsBackends.CheckVaultAsync(options, stop.Token))
            {
                if (check.Check == KmsVaultCheckName.Login)
                {
                    await stop.CancelAsync();
                }
            }
        });
        Assert.Equal("POST auth/token/revoke-self", vault.Calls[^1]);
    }

    [Fact]
    public async Task A_token_that_cannot_be_revoked_is_named()
    {
        await using var vault = new ScriptedVault { MayRevoke = false };
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = KmsVaultLogin.Kubernetes, Role = "rustfs", Secret = ScriptedVault.Secret(ScriptedVault.Jwt) };
        KmsVaultCheck last = (await ScriptedVault.CheckAsync(options))[^1];
        Assert.Equal((KmsVaultCheckName.Revocation, KmsCheckResult.Warning), (last.Check, last.Result));
        Assert.Contains("lives until it expires", last.Evidence, StringComparison.Ordinal);
        Assert.Equal(1, vault.Calls.Count(call => call.EndsWith("revoke-self", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_batch_token_is_not_revoked_and_nobody_is_told_to_permit_it(bool mayLookUp)
    {
        await using var vault = new ScriptedVault { TokenType = "batch", MayLookUp = mayLookUp, TimeToLive = 1200 };
        using KmsSecret jwt = ScriptedVault.Secret(ScriptedVault.Jwt);
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = KmsVaultLogin.Kubernetes, Role = "rustfs", Secret = jwt };

        KmsVaultCheck last = (await ScriptedVault.CheckAsync(options))[^1];

        Assert.Equal((KmsVaultCheckName.Revocation, KmsCheckResult.Warning), (last.Check, last.Result));
        Assert.Contains(mayLookUp ? "It expires in 20 minutes." : "batch tokens cannot be revoked", last.Evidence, StringComparison.Ordinal);
        Assert.StartsWith("Nothing needs to be done", last.Recommendation, StringComparison.Ordinal);
        Assert.Equal(mayLookUp, !vault.Calls.Contains("POST auth/token/revoke-self"));
    }

    [Theory]
    [InlineData(403, "capabilities = [\"update\"]")]
    [InlineData(500, "by its accessor")]
    public async Task What_to_do_about_a_token_that_was_not_revoked_depends_on_why(int status, string what)
    {
        await using var vault = new ScriptedVault
        {
            Override = request => request.Path.EndsWith("/revoke-self", StringComparison.Ordinal) ? RawReply.Json("""{"errors":["no"]}""", status) : null,
        };
        using KmsSecret jwt = ScriptedVault.Secret(ScriptedVault.Jwt);
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = KmsVaultLogin.Kubernetes, Role = "rustfs", Secret = jwt };
        Assert.Contains(what, (await ScriptedVault.CheckAsync(options))[^1].Recommendation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Please sign in</html>")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"auth":{"client_token":"hvs.canary-half"}""")] // cut off behind the token
    [InlineData("""{"auth":{"client_token":"\ud800"}}""")]
    [InlineData("""{"auth":{"client_token":7}}""")]
    public async Task A_login_that_is_answered_with_something_else_failed(string body)
    {
        await using var vault = new ScriptedVault { Override = request => request.Path.EndsWith("/login", StringComparison.Ordinal) ? RawReply.Of(200, body) : null };
        using KmsSecret secret = ScriptedVault.Secret(ScriptedVault.SecretId);
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = KmsVaultLogin.AppRole, Role = "r", Secret = secret };

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(options);

        KmsVaultCheck failed = Assert.Single(checks, check => check.Result == KmsCheckResult.Failed);
        Assert.Equal(KmsVaultCheckName.Login, failed.Check);
        Assert.Contains("cannot be used", failed.Evidence, StringComparison.Ordinal);
        Assert.Equal(KmsVaultCheckName.Capability, checks[^1].Check); // all rows, and no token to be revoked
        Assert.DoesNotContain(checks, check => $"{check}".Contains("canary", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/v1/auth/token/lookup-self", 500, """{"errors":["storage is away"]}""", "storage is away")]
    [InlineData("/v1/auth/token/lookup-self", 500, "{oops", "Vault answers 500")]
    [InlineData("/v1/auth/token/lookup-self", 502, "<html>Bad gateway</html>", "Vault answers 502")]
    [InlineData("/v1/auth/token/lookup-self", 200, "{}", "ttl and policies")]
    [InlineData("/v1/auth/token/lookup-self", 200, """{"data":{"ttl":60}}""", "ttl and policies")]
    [InlineData("/v1/auth/token/lookup-self", 200, "<html>", "web page")]
    [InlineData("/v1/sys/capabilities-self", 500, """{"errors":["storage is away"]}""", "storage is away")]
    [InlineData("/v1/sys/capabilities-self", 200, "{}", "every path")]
    [InlineData("/v1/sys/capabilities-self", 200, "[]", "not an object")]
    public async Task What_a_broken_answer_leaves_open_is_a_row_with_a_reason(string path, int status, string body, string why)
    {
        foreach (bool mayLookUp in (bool[])[true, false])
        {
            await using var vault = new ScriptedVault { MayLookUp = mayLookUp, Override = request => request.Path == path ? RawReply.Json(body, status) : null };

            List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address));

            Assert.Equal(Enum.GetValues<KmsVaultCheckName>().Except([KmsVaultCheckName.Revocation]), checks.Select(check => check.Check).Distinct());
            KmsVaultCheck[] open = [.. checks.Where(check => check.Result == KmsCheckResult.NotChecked)];
            Assert.Contains(open, check => check.Evidence.Contains(why, StringComparison.Ordinal));
            Assert.All(open, check => Assert.DoesNotContain("because .", check.Evidence, StringComparison.Ordinal));
            Assert.DoesNotContain(checks, check => check.Check == KmsVaultCheckName.Token && check.Result == KmsCheckResult.Passed);
        }
    }

    [Theory]
    [InlineData(403, "permission denied")]
    [InlineData(400, "error performing token check: failed to look up namespace from the token: no namespace")] // Vault 1.8, of a token with a dot
    public async Task A_token_that_nobody_knows_fails_in_whatever_way_Vault_says_so(int status, string why)
    {
        await using var vault = new ScriptedVault
        {
            Override = request => request.Path == "/v1/sys/health" ? null : RawReply.Json($$"""{"errors":["{{why}}"]}""", status),
        };
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address));
        KmsVaultCheck failed = Assert.Single(checks, check => check.Result == KmsCheckResult.Failed);
        Assert.Equal(KmsVaultCheckName.Login, failed.Check);
        Assert.Contains(why, failed.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_at_its_end_is_not_one_without_an_end()
    {
        await using var vault = new ScriptedVault
        {
            Override = request => request.Path == "/v1/auth/token/lookup-self"
                ? RawReply.Json("""{"data":{"expire_time":"2018-05-19T11:35:54.466476215-04:00","num_uses":0,"policies":["default"],"renewable":false,"ttl":0,"type":"service"}}""")
                : null,
        };
        KmsVaultCheck token = Assert.Single(Of(await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address)), KmsVaultCheckName.Token));
        Assert.Equal(KmsCheckResult.Warning, token.Result);
        Assert.Contains("expires in 0 seconds", token.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_inside_a_mount_is_no_mount()
    {
        await using var vault = new ScriptedVault();
        KmsVaultCheck mount = Assert.Single(Of(await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address) with { KvMount = "secret/rustfs" }), KmsVaultCheckName.Mount));
        Assert.Equal((KmsCheckResult.Failed, "secret/rustfs"), (mount.Result, mount.Path));
        Assert.Contains("Nothing is mounted", mount.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KmsVaultLogin.Kubernetes, true)]
    [InlineData(KmsVaultLogin.Token, false)] // which RustFS never renews
    public async Task Whoever_logs_in_is_to_be_able_to_renew(KmsVaultLogin login, bool asked)
    {
        await using var vault = new ScriptedVault { Policies = """["rustfs-kms"]""" };
        using KmsSecret secret = ScriptedVault.Secret(login == KmsVaultLogin.Token ? ScriptedVault.Token : ScriptedVault.Jwt);
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = login, Role = "rustfs", Secret = secret };
        KmsVaultCheck? renewal = (await ScriptedVault.CheckAsync(options)).SingleOrDefault(check => check.Path == "auth/token/renew-self");
        Assert.Equal(asked ? KmsCheckResult.Warning : null, renewal?.Result);
        Assert.Equal(asked ? "path \"auth/token/renew-self\" { capabilities = [\"update\"] }" : null, renewal?.Policy);
        Assert.Equal(asked, renewal?.Recommendation?.Contains("log in anew", StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData(KmsVaultLogin.AppRole, "invalid role or secret ID", "auth list")]
    [InlineData(KmsVaultLogin.Kubernetes, "invalid role or secret ID", "vault read auth/kubernetes/role/nobody")]
    [InlineData(KmsVaultLogin.Token, "permission denied", "vault token lookup")]
    public async Task A_refused_login_says_why_and_leaves_the_rest_open(KmsVaultLogin login, string why, string what)
    {
        await using var vault = new ScriptedVault();
        KmsVaultOptions options = ScriptedVault.Options(vault.Address) with { Login = login, Role = "nobody", Secret = ScriptedVault.Secret("canary-wrong") };

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(options);

        KmsVaultCheck failed = Assert.Single(checks, check => check.Result == KmsCheckResult.Failed);
        Assert.Equal(KmsVaultCheckName.Login, failed.Check);
        Assert.Contains(why, failed.Evidence, StringComparison.Ordinal);
        Assert.Contains(what, failed.Recommendation, StringComparison.Ordinal);
        Assert.Equal(
            [KmsVaultCheckName.Token, KmsVaultCheckName.Mount, KmsVaultCheckName.Capability],
            checks.Where(check => check.Result == KmsCheckResult.NotChecked).Select(check => check.Check));
        Assert.DoesNotContain(vault.Calls, call => call.EndsWith("revoke-self", StringComparison.Ordinal)); // a token that was given is never revoked
        Assert.DoesNotContain(checks, check => $"{check}".Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_good_token_that_may_not_look_itself_up_is_still_a_good_one()
    {
        await using var vault = new ScriptedVault { MayLookUp = false };
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address));
        Assert.Equal(KmsCheckResult.Passed, Assert.Single(Of(checks, KmsVaultCheckName.Login)).Result);
        KmsVaultCheck token = Assert.Single(Of(checks, KmsVaultCheckName.Token));
        Assert.Equal(KmsCheckResult.NotChecked, token.Result);
        Assert.Contains("read on auth/token/lookup-self", token.Evidence, StringComparison.Ordinal);
        Assert.All(Of(checks, KmsVaultCheckName.Capability), check => Assert.Equal(KmsCheckResult.Passed, check.Result));
    }

    [Fact]
    public async Task Without_the_right_to_ask_nothing_passes_and_the_right_is_named()
    {
        await using var vault = new ScriptedVault { MayAskForCapabilities = false, MayListMounts = false };
        vault.Mounts.Remove("secret");
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address));
        Assert.All(Of(checks, KmsVaultCheckName.Capability), check =>
        {
            Assert.Equal(KmsCheckResult.NotChecked, check.Result);
            Assert.Contains("update on sys/capabilities-self", check.Evidence, StringComparison.Ordinal);
        });
        KmsVaultCheck mount = Assert.Single(Of(checks, KmsVaultCheckName.Mount));
        Assert.Equal(KmsCheckResult.NotChecked, mount.Result);
        Assert.Contains("read on sys/mounts", mount.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", null, "Nothing is mounted", "vault secrets enable -path=secret -version=2 kv")]
    [InlineData("kv", "1", "version 1", "vault kv enable-versioning secret/")]
    [InlineData("kv", null, "version 1", "vault kv enable-versioning secret/")]
    [InlineData("transit", null, "A transit engine", "vault secrets enable")]
    public async Task A_mount_of_the_wrong_kind_is_refused(string type, string? version, string text, string what)
    {
        await using var vault = new ScriptedVault();
        if (type == "none")
        {
            vault.Mounts.Remove("secret");
        }
        else
        {
            vault.Mounts["secret"] = (type, version);
        }

        KmsVaultCheck mount = Assert.Single(Of(await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address)), KmsVaultCheckName.Mount));

        Assert.Equal(KmsCheckResult.Failed, mount.Result);
        Assert.Contains(text, mount.Evidence, StringComparison.Ordinal);
        Assert.Contains(what, mount.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_namespace_is_sent_where_it_belongs_and_nowhere_else()
    {
        await using var vault = new ScriptedVault { Namespace = "admin/team" };
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address) with { Namespace = "admin/team" });
        Assert.DoesNotContain(checks, check => check.Result is KmsCheckResult.Failed or KmsCheckResult.NotChecked);
        Assert.All(vault.Requests, request => Assert.Equal(request.Path.StartsWith("/v1/sys/health", StringComparison.Ordinal), !request.Headers.ContainsKey("X-Vault-Namespace")));
    }

    [Fact]
    public async Task Without_a_login_only_what_Vault_tells_everybody_is_looked_at()
    {
        await using var vault = new ScriptedVault();
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address) with { Login = null, Secret = null });
        Assert.Equal(["GET sys/health"], vault.Calls);
        Assert.Equal(
            [KmsVaultCheckName.Login, KmsVaultCheckName.Token, KmsVaultCheckName.Mount, KmsVaultCheckName.Capability],
            checks.Where(check => check.Result == KmsCheckResult.NotChecked).Select(check => check.Check));
    }

    [Theory]
    [InlineData("<html>404</html>", 200, "no Vault")]
    [InlineData("""{"status":"ok"}""", 200, "no Vault")]
    [InlineData("""{"errors":["namespace not found"]}""", 404, "namespace not found")]
    [InlineData("", 200, "no Vault")]
    public async Task What_is_no_Vault_is_told_from_one(string body, int status, string text)
    {
        await using var server = new RawServer(RawReply.Of(status, body));
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(server.Endpoint));
        KmsVaultCheck failed = Assert.Single(checks, check => check.Result == KmsCheckResult.Failed);
        Assert.Equal(KmsVaultCheckName.Reachable, failed.Check);
        Assert.Contains(text, failed.Evidence, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, request => request.Headers.ContainsKey("X-Vault-Token"));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_with_a_token()
    {
        await using var elsewhere = new ScriptedVault();
        await using var vault = new ScriptedVault
        {
            Override = request => request.Path == "/v1/auth/token/lookup-self" ? RawReply.Of(307, string.Empty, $"Location: {elsewhere.Address}v1/auth/token/lookup-self") : null,
        };
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address));
        KmsVaultCheck token = Assert.Single(Of(checks, KmsVaultCheckName.Token));
        Assert.Equal(KmsCheckResult.NotChecked, token.Result);
        Assert.Contains("redirects to", token.Evidence, StringComparison.Ordinal);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task Hostile_text_of_a_Vault_does_not_act()
    {
        await using var vault = new ScriptedVault
        {
            Version = "1.15.2\\u001b[31m",
            Override = request => request.Path == "/v1/auth/token/lookup-self" ? RawReply.Json("""{"errors":["\u001b]0;x\u0007\r\n::error::x"]}""", 500) : null,
        };
        Assert.All(await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address)), check => Assert.DoesNotContain(check.Evidence, char.IsControl));
    }

    [Fact]
    public async Task Over_TLS_a_certificate_is_trusted_for_a_reason_or_not_at_all()
    {
        using X509Certificate2 certificate = ScriptedVault.Certificate(days: 60);
        await using var vault = new ScriptedVault(certificate);
        KmsVaultOptions options = ScriptedVault.Options(vault.Address);
        KmsVaultOptions Trusting(Func<KmsEndpointOptions, KmsEndpointOptions> how) => options with { Endpoint = how(options.Endpoint) };

        foreach (KmsVaultOptions trusting in (KmsVaultOptions[])
                 [Trusting(to => to with { CertificateAuthorities = [certificate] }), Trusting(to => to with { CertificateThumbprint = certificate.GetCertHashString(HashAlgorithmName.SHA256) })])
        {
            KmsVaultCheck good = Assert.Single(Of(await ScriptedVault.CheckAsync(trusting), KmsVaultCheckName.Tls));
            Assert.Equal(KmsCheckResult.Passed, good.Result);
            Assert.Contains("CN=vault.test", good.Evidence, StringComparison.Ordinal);
        }

        KmsVaultCheck skipped = Assert.Single(Of(await ScriptedVault.CheckAsync(Trusting(to => to with { SkipCertificateCheck = true })), KmsVaultCheckName.Tls));
        Assert.Equal(KmsCheckResult.Warning, skipped.Result);
        int before = vault.Requests.Count;
        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(options);
        KmsVaultCheck failed = Assert.Single(checks, check => check.Result == KmsCheckResult.Failed);
        Assert.Equal(KmsVaultCheckName.Tls, failed.Check);
        Assert.Contains("no trusted authority", failed.Evidence, StringComparison.Ordinal);
        Assert.Contains("CN=vault.test", failed.Evidence, StringComparison.Ordinal);
        Assert.Equal(before, vault.Requests.Count);
    }

    [Fact]
    public async Task A_certificate_that_soon_expires_is_a_warning()
    {
        using X509Certificate2 certificate = ScriptedVault.Certificate(days: 5);
        await using var vault = new ScriptedVault(certificate);
        KmsVaultOptions options = ScriptedVault.Options(vault.Address);
        KmsVaultCheck tls = Assert.Single(Of(
            await ScriptedVault.CheckAsync(options with { Endpoint = options.Endpoint with { CertificateAuthorities = [certificate] } }), KmsVaultCheckName.Tls));
        Assert.Equal(KmsCheckResult.Warning, tls.Result);
        Assert.Contains("expires in", tls.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Vault_that_is_not_there_or_says_nothing_is_a_failure_in_time()
    {
        List<KmsVaultCheck> gone = await ScriptedVault.CheckAsync(ScriptedVault.Options(new Uri("http://127.0.0.1:1/")));
        Assert.Equal(KmsCheckResult.Failed, gone[0].Result);
        Assert.All(gone.Skip(1), check => Assert.Equal(KmsCheckResult.NotChecked, check.Result));
        await using var silent = new RawServer(RawReply.Silence);
        KmsVaultOptions options = ScriptedVault.Options(silent.Endpoint);
        List<KmsVaultCheck> waited = await ScriptedVault.CheckAsync(options with { Endpoint = options.Endpoint with { TryTimeout = TimeSpan.FromMilliseconds(300) } });
        Assert.Contains("within 0.3 s", waited[0].Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_is_off_is_a_warning()
    {
        await using var vault = new ScriptedVault { ClockSkew = TimeSpan.FromHours(2) };
        KmsVaultCheck reachable = Assert.Single(Of(await ScriptedVault.CheckAsync(ScriptedVault.Options(vault.Address)), KmsVaultCheckName.Reachable));
        Assert.Equal(KmsCheckResult.Warning, reachable.Result);
        Assert.Contains("clock", reachable.Evidence, StringComparison.Ordinal);
    }

    private static IEnumerable<KmsVaultCheck> Of(IEnumerable<KmsVaultCheck> checks, KmsVaultCheckName name) => checks.Where(check => check.Check == name);
}
