using System.Globalization;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Scheduling, forcing and cancelling a deletion. Rules: http-api.md 2.17 and 2.18.</summary>
internal sealed class KeyDeletionHandlers(AdminContext context)
{
    internal async Task<HttpAnswer> DeleteAsync(Exchange exchange)
    {
        (Deletion? deletion, string? refusal) = await ReadAsync(exchange).ConfigureAwait(false);
        if (deletion is null)
        {
            return DeleteAnswer(400, false, refusal!, string.Empty, null, null);
        }

        string keyId = deletion.KeyId;
        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return DeleteAnswer(503, false, context.Word("kms service is not running", "KMS service not running"), keyId, null, null);
        }

        var impact = KeyImpact.Of(context.Buckets, kms.Configuration, keyId);
        try
        {
            KmsKey? scheduled = await DeleteAsync(kms, deletion, impact, exchange.CancellationToken).ConfigureAwait(false);
            string? date = scheduled is null ? null : KeyView.Zoned(scheduled.DeletionDateText, scheduled.DeletionDate);
            return DeleteAnswer(
                200, true, context.Word("key deleted successfully", "Key deleted successfully"), keyId, context.Time(date), impact);
        }
        catch (ServerErrorException exception)
        {
            int status = exception.Error.Kind switch
            {
                ServerErrorKind.KeyNotFound => 404,
                ServerErrorKind.InvalidOperation or ServerErrorKind.Validation => 400,
                ServerErrorKind.KeyStillReferenced => 409,
                _ => 500,
            };
            return DeleteAnswer(status, false, $"Failed to delete key: {exception.Error.Text}", keyId, null, impact);
        }
    }

    internal async Task<HttpAnswer> CancelAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        string? keyId = body.Length == 0
            ? exchange.Query["keyId"]
            : Exchange.Of(() => Fields(body, "key_id").RequiredText("key_id"));
        if (string.IsNullOrEmpty(keyId))
        {
            return CancelAnswer(400, false, context.Word(KeyHandlers.MissingKeyId, "missing keyId parameter"), string.Empty, null);
        }

        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return CancelAnswer(503, false, context.Word("kms service is not running", "KMS service not running"), keyId, null);
        }

        try
        {
            KmsKey key = await AdminContext.RunAsync(kms, keyId, ServerError.CancelAction, kms.Backend.CancelKeyDeletionAsync, exchange.CancellationToken)
                .ConfigureAwait(false);
            KeyView view = KeyView.Of(key) with { Origin = "AWS_KMS" };
            kms.Cache.Put(view);
            return CancelAnswer(
                200, true, context.Word("key deletion cancelled successfully", "Key deletion cancelled successfully"), keyId, view);
        }
        catch (ServerErrorException exception)
        {
            ServerError error = exception.Error.Kind == ServerErrorKind.KeyNotFound ? LocalMissing(keyId) : exception.Error;
            return CancelAnswer(500, false, $"Failed to cancel key deletion: {error.Text}", keyId, null);
        }
    }

    // Local puts the id into a second sentence, and takes every record that does not load for a missing one.
    private static ServerError LocalMissing(string keyId) => ServerError.NotFound($"Key {keyId} not found");

    private async Task<KmsKey?> DeleteAsync(RunningKms.Loan kms, Deletion deletion, KeyImpact impact, CancellationToken cancellationToken)
    {
        string keyId = deletion.KeyId;
        if (!deletion.IsImmediate)
        {
            if (deletion.Days is < KmsLimits.MinimumDeletionWindowInDays or > KmsLimits.MaximumDeletionWindowInDays)
            {
                throw new ServerErrorException(ServerError.InvalidOperation("pending_window_in_days must be between 7 and 30"));
            }

            KmsKey scheduled = await RunAsync(
                kms, keyId, token => kms.Backend.ScheduleKeyDeletionAsync(keyId, (int)deletion.Days, token), cancellationToken).ConfigureAwait(false);
            kms.Cache.Remove(keyId);
            return scheduled;
        }

        RequireGate(deletion, impact);
        await RunAsync(
            kms,
            keyId,
            async token =>
            {
                await kms.Backend.DeleteKeyAsync(keyId, keyId, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        kms.Cache.Remove(keyId);
        return null;
    }

    private void RequireGate(Deletion deletion, KeyImpact impact)
    {
        if (context.IsGuide)
        {
            return; // ungated in those days
        }

        if (!context.Options.AllowImmediateDeletion)
        {
            throw new ServerErrorException(ServerError.InvalidOperation(
                $"immediate deletion of key {deletion.KeyId} is not allowed; set RUSTFS_KMS_ALLOW_IMMEDIATE_DELETION=true to permit it"));
        }

        if (deletion.Confirmation != deletion.KeyId)
        {
            throw new ServerErrorException(ServerError.InvalidOperation(
                $"immediate deletion of key {deletion.KeyId} requires confirm_key_id to repeat the key id exactly"));
        }

        if (impact.ReferencesText is { Length: > 0 } references)
        {
            throw new ServerErrorException(new ServerError(
                ServerErrorKind.KeyStillReferenced,
                $"Key {deletion.KeyId} is still referenced by configuration and cannot be deleted immediately: {references}. " +
                "Remove the references first."));
        }
    }

    private static async Task<T> RunAsync<T>(
        RunningKms.Loan kms, string keyId, Func<CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        try
        {
            return await AdminContext.RunAsync(kms, keyId, "deletion scheduling", (_, token) => operation(token), cancellationToken).ConfigureAwait(false);
        }
        catch (ServerErrorException exception) when (exception.Error.Kind is ServerErrorKind.KeyNotFound or ServerErrorKind.Other
            && !exception.Error.Text.StartsWith("I/O error", StringComparison.Ordinal))
        {
            throw new ServerErrorException(LocalMissing(keyId));
        }
    }

    private JsonFields Fields(byte[] body, params string[] names) =>
        context.IsGuide ? JsonFields.Parse(body) : Exchange.Parse(body, names)!;

    private async Task<(Deletion? Deletion, string? Refusal)> ReadAsync(Exchange exchange)
    {
        byte[] body = await exchange.ReadAsync().ConfigureAwait(false);
        if (body.Length > 0)
        {
            return Exchange.Of<(Deletion?, string?)>(() =>
            {
                JsonFields fields = Fields(body, "key_id", "pending_window_in_days", "force_immediate", "confirm_key_id");
                return (new Deletion(
                    fields.RequiredText("key_id"),
                    fields.OptionalNumber("pending_window_in_days", uint.MaxValue) ?? KmsLimits.DefaultDeletionWindowInDays,
                    fields.OptionalBoolean("force_immediate") ?? false,
                    fields.OptionalText("confirm_key_id")), null);
            });
        }

        FormQuery query = exchange.Query;
        if (query["keyId"] is not { Length: > 0 } keyId)
        {
            return (null, context.Word(KeyHandlers.MissingKeyId, "missing keyId parameter"));
        }

        bool isForced = query["force_immediate"] is { } force && force != "false";
        if (!context.IsGuide && (isForced || query.Has("confirm_key_id")))
        {
            return (null, "force_immediate and confirm_key_id are not accepted as query parameters; send them in the JSON body");
        }

        // What is no number is dropped without a word.
        bool isNumber = uint.TryParse(query["pending_window_in_days"], NumberStyles.None, CultureInfo.InvariantCulture, out uint days);
        return (new Deletion(keyId, isNumber ? days : KmsLimits.DefaultDeletionWindowInDays, query["force_immediate"] == "true", null), null);
    }

    private HttpAnswer DeleteAnswer(int status, bool success, string message, string keyId, string? deletionDate, KeyImpact? impact) =>
        Answers.Json(status, json =>
        {
            json.WriteBoolean("success", success);
            json.WriteString("message", message);
            json.WriteString("key_id", keyId);
            json.WriteString("deletion_date", deletionDate);
            if (!context.IsGuide)
            {
                KeyImpact.Write(json, impact);
            }
        });

    private HttpAnswer CancelAnswer(int status, bool success, string message, string keyId, KeyView? view) => Answers.Json(status, json =>
    {
        json.WriteBoolean("success", success);
        json.WriteString("message", message);
        json.WriteString("key_id", keyId);
        KeyChangeHandlers.WriteMetadata(json, view, context);
    });

    private sealed record Deletion(string KeyId, ulong Days, bool IsImmediate, string? Confirmation);
}
