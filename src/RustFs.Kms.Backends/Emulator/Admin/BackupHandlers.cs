using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Backup and restore over the seam's backups. Rules: http-api.md 2.22 to 2.26.</summary>
internal sealed class BackupHandlers(AdminContext context)
{
    private const string Unavailable = "RUSTFS_KMS_BACKUP_DIR is not set; KMS backup and restore are disabled until it is";
    private const string NotConfigured = "kms is not configured";

    private KmsBackupEnvironment? Environment => context.Options.Backup;

    internal async Task<HttpAnswer> StatusAsync(Exchange exchange)
    {
        _ = await exchange.ReadAsync().ConfigureAwait(false); // the one GET that reads its body, and so looks at its hash
        EmulatorConfiguration? configuration = context.Service.Configuration;
        bool isLocal = configuration?.Backend == BackendName.Local;
        string? reason = configuration is null ? NotConfigured : await EnvironmentProblemAsync(configuration, exchange.CancellationToken).ConfigureAwait(false);
        return Answers.Json(200, json =>
        {
            json.WriteString("service_status", context.Service.State.ToString());
            json.WriteString("backend", configuration?.Backend.Kebab);
            json.WriteString("responsibility", ResponsibilityOf(configuration?.Backend));
            json.WriteBoolean("export_supported", isLocal && reason is null);
            json.WriteString("deployment_identity", Environment?.DeploymentIdentity);
            json.WriteString("backup_root", Environment?.Directory);
            json.WriteBoolean("backup_kek_configured", Environment is not null);
            json.WriteString("backup_kek_id", Environment?.KekId);
            json.NumberOrNull("backup_kek_version", Environment?.KekVersion);
            json.WriteString("target_key_dir", isLocal ? configuration!.KeyDirectory : null);
            if (reason is not null)
            {
                json.WriteString("unavailable_reason", reason);
            }
        });
    }

    internal async Task<HttpAnswer> BackupAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        string? backupId = Exchange.Of(() => Exchange.Parse(body, "backup_id")?.OptionalText("backup_id"));
        if (await ContextProblemAsync(exchange.CancellationToken).ConfigureAwait(false) is { } problem)
        {
            return problem;
        }

        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return Answers.Failure(503, "kms service is not running; start it before taking a backup");
        }

        backupId ??= $"backup-{Convert.ToHexString(RandomNumberGenerator.GetBytes(16)).ToLowerInvariant()}";
        if (LocalProblem(kms.Configuration) is { } notLocal)
        {
            return notLocal;
        }

        if (BackupWire.NameProblem(backupId) is { } badName)
        {
            return badName;
        }

        return await RunAsync(500, "backup export failed: ", async () =>
        {
            KmsBackup backup = await kms.Backend.BackupAsync(backupId, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json =>
            {
                json.WriteString("backup_id", backup.BackupId);
                json.WriteNumber("snapshot_generation", backup.SnapshotGeneration ?? 0);
                json.WriteString("deployment_identity", backup.DeploymentIdentity ?? Environment!.DeploymentIdentity);
                json.WriteNumber("artifact_count", backup.ArtifactCount ?? 0);
                json.WriteString("manifest_digest", backup.ManifestDigest);
                json.WriteString("backup_kek_id", backup.KekId ?? Environment!.KekId);
                json.WriteNumber("backup_kek_version", backup.KekVersion ?? Environment!.KekVersion);
                json.WriteBoolean("sanitized_config_included", backup.ConfigurationIncluded == true);
            });
        }).ConfigureAwait(false);
    }

    internal async Task<HttpAnswer> PlanAsync(Exchange exchange)
    {
        byte[] body = await ReadRequiredAsync(exchange).ConfigureAwait(false);
        (string bundle, long? generation) = Exchange.Of(() =>
        {
            JsonFields fields = Exchange.Parse(body, "bundle", "observed_generation")!;
            return (fields.RequiredText("bundle"), GenerationOf(fields));
        });
        if (await ContextProblemAsync(exchange.CancellationToken).ConfigureAwait(false) is { } problem)
        {
            return problem;
        }

        if (BackupWire.NameProblem(bundle) is { } badName)
        {
            return badName;
        }

        return await RunAsync(500, "restore dry-run failed: ", () => WithBackendAsync(exchange, async backend =>
        {
            KmsRestorePlan plan = await backend.PlanRestoreAsync(bundle, generation, exchange.CancellationToken).ConfigureAwait(false);
            return BackupWire.Plan(plan, context.Service.Configuration!);
        })).ConfigureAwait(false);
    }

    internal async Task<HttpAnswer> RestoreAsync(Exchange exchange)
    {
        byte[] body = await ReadRequiredAsync(exchange).ConfigureAwait(false);
        (string bundle, long? generation, string confirmation, string policy) = Exchange.Of(() =>
        {
            JsonFields fields = Exchange.Parse(body, "bundle", "observed_generation", "confirm_backup_id", "confirm_conflict_policy")!;
            return (
                fields.RequiredText("bundle"),
                GenerationOf(fields),
                fields.RequiredText("confirm_backup_id"),
                fields.RequiredText("confirm_conflict_policy") is "fail" or "restore-into-empty-target"
                    ? fields.RequiredText("confirm_conflict_policy")
                    : throw new JsonFault("unknown variant, expected `fail` or `restore-into-empty-target`"));
        });
        if (await ContextProblemAsync(exchange.CancellationToken).ConfigureAwait(false) is { } problem)
        {
            return problem;
        }

        if (context.Service.State == ServiceState.Running)
        {
            return Answers.Failure(409, "kms service is running; stop it before restoring");
        }

        if (BackupWire.NameProblem(bundle) is { } badName)
        {
            return badName;
        }

        return await RunAsync(409, "restore refused: ", () => WithBackendAsync(exchange, async backend =>
        {
            KmsRestorePlan plan = await PlanForRestoreAsync(backend, bundle, generation, exchange.CancellationToken).ConfigureAwait(false);
            if (plan.BackupId != confirmation)
            {
                return Answers.Failure(400, "confirm_backup_id does not match the bundle manifest; run the dry run and repeat its backup_id");
            }

            KmsRestoreResult result;
            try
            {
                result = await backend.RestoreAsync(bundle, confirmation, policy, generation, exchange.CancellationToken).ConfigureAwait(false);
            }
            catch (KmsException exception)
            {
                return Answers.Failure(409, $"restore refused: {exception.Message}");
            }

            return Answers.Json(200, json =>
            {
                json.WriteString("backup_id", result.BackupId);
                json.WriteNumber("snapshot_generation", result.SnapshotGeneration ?? 0);
                json.List("restored_key_ids", result.RestoredKeyIds);
                json.WriteBoolean("salt_restored", result.SaltRestored);
                json.WriteBoolean("resumed", result.Resumed);
            });
        })).ConfigureAwait(false);
    }

    internal async Task<HttpAnswer> AbortAsync(Exchange exchange)
    {
        byte[] body = await ReadRequiredAsync(exchange).ConfigureAwait(false);
        string target = Exchange.Of(() => Exchange.Parse(body, "confirm_target_key_dir")!.RequiredText("confirm_target_key_dir"));
        if (await ContextProblemAsync(exchange.CancellationToken).ConfigureAwait(false) is { } problem)
        {
            return problem;
        }

        if (LocalProblem(context.Service.Configuration!) is { } notLocal)
        {
            return notLocal;
        }

        if (target != context.Service.Configuration!.KeyDirectory)
        {
            return Answers.Failure(400, "confirm_target_key_dir does not match the configured key directory");
        }

        return await RunAsync(409, "restore abort refused: ", () => WithBackendAsync(exchange, async backend =>
        {
            _ = await backend.AbortRestoreAsync(target, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json =>
            {
                json.WriteString("target_key_dir", target);
                json.WriteBoolean("aborted", true);
            });
        })).ConfigureAwait(false);
    }

    private static string? ResponsibilityOf(BackendName? backend) => backend?.Kebab switch
    {
        "local" or "vault-kv2" => "full-material",
        "vault-transit" => "metadata-plus-external-root",
        "static" => "reference-only",
        _ => null,
    };

    private static async Task<KmsRestorePlan> PlanForRestoreAsync(
        IKmsBackups backend, string bundle, long? generation, CancellationToken cancellationToken)
    {
        KmsRestorePlan plan = await backend.PlanRestoreAsync(bundle, generation, cancellationToken).ConfigureAwait(false);
        return string.IsNullOrEmpty(plan.BackupId)
            ? throw new NotRestorableException($"bundle is not restorable: {string.Join("; ", plan.Blockers)}")
            : plan;
    }

    private static async Task<byte[]> ReadRequiredAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        return body.Length > 0 ? body : throw WireFault.InvalidRequest("a request body is required");
    }

    private static long? GenerationOf(JsonFields fields) => (long?)fields.OptionalNumber("observed_generation", long.MaxValue);

    // Everything the seam cannot do is a 501 with JSON: this backend cannot, as against no such route.
    private static async Task<HttpAnswer> RunAsync(int status, string prefix, Func<Task<HttpAnswer>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (NotRestorableException exception)
        {
            return Answers.Failure(400, exception.Message);
        }
        catch (KmsException exception)
        {
            return Answers.Failure(exception.Code == KmsErrorCode.KmsUnsupported ? 501 : status, prefix + exception.Message);
        }
    }

    private async Task<HttpAnswer?> ContextProblemAsync(CancellationToken cancellationToken) =>
        context.Service.Configuration is not { } configuration ? Answers.Failure(409, NotConfigured)
        : await EnvironmentProblemAsync(configuration, cancellationToken).ConfigureAwait(false) is { } problem ? Answers.Failure(412, problem)
        : null;

    // What the environment must be is the engine's to say.
    private async Task<string?> EnvironmentProblemAsync(EmulatorConfiguration configuration, CancellationToken cancellationToken)
    {
        if (Environment is null)
        {
            return Unavailable;
        }

        if (configuration.Backend != BackendName.Local)
        {
            return null;
        }

        using RunningKms.Loan? kms = context.Service.TryBorrow();
        IKmsBackups backups = kms?.Backend ?? await context.Opener.OpenForRestoreAsync(configuration, cancellationToken).ConfigureAwait(false);
        try
        {
            return (await backups.GetBackupStatusAsync(cancellationToken).ConfigureAwait(false)).UnavailableReason;
        }
        finally
        {
            if (kms is null)
            {
                await BackendOpener.CloseAsync(backups).ConfigureAwait(false);
            }
        }
    }

    private static HttpAnswer? LocalProblem(EmulatorConfiguration configuration) => configuration.Backend == BackendName.Local
        ? null
        : Answers.Failure(501, $"backup is not supported for the {configuration.Backend.Kebab} backend");

    // A running service lends its backend. For a stopped one the directory is opened for this one request, while nobody starts it.
    private async Task<HttpAnswer> WithBackendAsync(Exchange exchange, Func<IKmsBackups, Task<HttpAnswer>> work)
    {
        EmulatorConfiguration configuration = context.Service.Configuration!;
        if (LocalProblem(configuration) is { } notLocal)
        {
            return notLocal;
        }

        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is not null)
        {
            return await work(kms.Backend).ConfigureAwait(false);
        }

        return await context.Service.ExclusivelyAsync(
            async () =>
            {
                IKmsBackups backups = await context.Opener.OpenForRestoreAsync(configuration, exchange.CancellationToken).ConfigureAwait(false);
                try
                {
                    return await work(backups).ConfigureAwait(false);
                }
                finally
                {
                    await BackendOpener.CloseAsync(backups).ConfigureAwait(false);
                }
            },
            exchange.CancellationToken).ConfigureAwait(false);
    }

    private sealed class NotRestorableException(string message) : Exception(message);
}
