using System.Globalization;
using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Listing keys, page by page. Rule: http-api.md 2.14.</summary>
internal sealed class KeyListHandlers(AdminContext context)
{
    private const int DefaultLimit = 100;
    private const int MaximumLimit = 1000;

    private static readonly (string Word, KmsKeyState State)[] s_states =
    [
        ("Active", KmsKeyState.Enabled), ("Disabled", KmsKeyState.Disabled), ("PendingDeletion", KmsKeyState.PendingDeletion),
        ("Deleted", KmsKeyState.Unavailable),
    ];

    private static readonly (string Word, KmsKeyUsage Usage)[] s_usages =
    [
        ("EncryptDecrypt", KmsKeyUsage.EncryptDecrypt), ("SignVerify", KmsKeyUsage.SignVerify),
    ];

    internal async Task<HttpAnswer> ListAsync(Exchange exchange)
    {
        Filter filter;
        try
        {
            filter = ReadFilter(exchange.Query);
        }
        catch (JsonFault fault)
        {
            return Refused(400, fault.Message);
        }

        using RunningKms.Loan? kms = context.Service.TryBorrow();
        if (kms is null)
        {
            return Refused(503, context.Word("kms service is not running", "KMS service not running"));
        }

        try
        {
            Page page = await CutAsync(kms, filter, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json =>
            {
                json.WriteBoolean("success", true);
                json.WriteString("message", context.Word("keys listed successfully", "Keys listed successfully"));
                Write(json, page);
            });
        }
        catch (ServerErrorException exception)
        {
            return Refused(500, context.Word("failed to list keys: ", "Failed to list keys: ") + exception.Error.Text);
        }
    }

    internal async Task<HttpAnswer> ListLegacyAsync(Exchange exchange)
    {
        Filter filter;
        try
        {
            filter = ReadFilter(exchange.Query);
        }
        catch (JsonFault fault)
        {
            throw new WireFault(400, "InvalidArgument", fault.Message);
        }

        using RunningKms.Loan kms = context.Service.TryBorrow() ?? throw WireFault.Internal(KeyHandlers.LegacyNotRunning);
        try
        {
            Page page = await CutAsync(kms, filter, exchange.CancellationToken).ConfigureAwait(false);
            return Answers.Json(200, json => Write(json, page));
        }
        catch (ServerErrorException exception)
        {
            throw WireFault.Internal($"failed to list keys: {exception.Error.Text}");
        }
    }

    private static T Parse<T>(string name, string value, (string Word, T Value)[] words)
    {
        string bare = value.Replace("_", string.Empty, StringComparison.Ordinal).Replace("-", string.Empty, StringComparison.Ordinal);
        foreach ((string word, T known) in words)
        {
            if (string.Equals(bare, word, StringComparison.OrdinalIgnoreCase))
            {
                return known;
            }
        }

        throw new JsonFault(
            $"invalid value for '{name}': expected one of {string.Join(", ", words.Select(word => word.Word))}, got '{value}'");
    }

    private async Task<Page> CutAsync(RunningKms.Loan kms, Filter filter, CancellationToken cancellationToken)
    {
        var page = new List<KmsKey>();
        bool truncated = false;
        if (filter.Limit == 0)
        {
            return new Page([], [], truncated, null);
        }

        try
        {
            // Filters come after the page was cut: it may be short or empty and yet not the last.
            var everything = new KmsKeyQuery { After = filter.Marker };
            await foreach (KmsKey key in kms.Backend.ListKeysAsync(everything, cancellationToken).ConfigureAwait(false))
            {
                truncated = page.Count == filter.Limit;
                if (truncated)
                {
                    break;
                }

                if (key.Fault == KmsKeyFault.InvalidKey && !context.IsGuide)
                {
                    throw new ServerErrorException(new ServerError(ServerErrorKind.Other, $"Invalid key: {key.FaultReason}"));
                }

                page.Add(key);
            }
        }
        catch (KmsException exception)
        {
            throw new ServerErrorException(ServerError.Of(exception, string.Empty, "listing", state: null));
        }

        if (!context.IsGuide && filter.Marker is null && !truncated && page.Count > 0 && page.All(key => !key.IsReadable))
        {
            throw new ServerErrorException(ServerError.Of(
                new KmsException(KmsErrorCode.KmsKeyDamaged, page[0].FaultReason!, page[0].KeyId, page[0].Fault), page[0].KeyId, "listing", null));
        }

        KmsKey[] shown =
        [
            .. page.Where(key => key.IsReadable
                && (filter.State is null || key.State == filter.State)
                && (filter.Usage is null || key.Usage == filter.Usage)),
        ];
        return new Page(shown, [.. page.Where(key => !key.IsReadable).Select(key => key.KeyId)], truncated, truncated ? page[^1].KeyId : null);
    }

    // The earlier server took any nonsense for 100, did not page, and knew no filters.
    private Filter ReadFilter(FormQuery query)
    {
        string? limit = query["limit"];
        bool isNumber = ulong.TryParse(
            limit?.StartsWith('+') == true ? limit[1..] : limit, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number);
        if (context.IsGuide)
        {
            return new Filter(isNumber ? (int)Math.Min(number, int.MaxValue) : DefaultLimit, null, null, null);
        }

        if (limit is not null && !isNumber)
        {
            throw new JsonFault($"invalid limit '{limit}': expected a non-negative integer");
        }

        return new Filter(
            limit is null ? DefaultLimit : (int)Math.Min(number, MaximumLimit),
            query["marker"] is { Length: > 0 } marker ? marker : null,
            query["status"] is { } status ? Parse("status", status, s_states) : null,
            query["usage"] is { } usage ? Parse("usage", usage, s_usages) : null);
    }

    private HttpAnswer Refused(int status, string message) =>
        Answers.Failure(status, message, json => Write(json, new Page([], [], IsTruncated: false, null)));

    private void Write(Utf8JsonWriter json, Page page)
    {
        json.WriteStartArray("keys");
        foreach (KmsKey key in page.Keys)
        {
            json.WriteStartObject();
            WriteKey(json, key);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("truncated", page.IsTruncated && !context.IsGuide);
        json.WriteString("next_marker", context.IsGuide ? null : page.NextMarker);
        if (page.Unreadable.Length > 0 && !context.IsGuide)
        {
            json.List("unreadable_key_ids", page.Unreadable);
        }
    }

    private void WriteKey(Utf8JsonWriter json, KmsKey key)
    {
        string? Time(string? text, DateTimeOffset? instant) =>
            context.Time(KeyView.Zoned(text, instant));
        IReadOnlyDictionary<string, string> tags = KeyView.TagsOf(key);
        json.WriteString("key_id", key.KeyId);
        json.WriteString("description", key.Description);
        json.WriteString("algorithm", key.Algorithm);
        json.WriteString("usage", KeyView.UsageText(key.Usage));
        json.WriteString("status", KeyView.StatusText(key.State));
        json.WriteNumber("version", key.Version ?? 1);
        json.Map("metadata", tags);
        json.Map("tags", tags);
        json.WriteString("created_at", Time(key.CreatedAtText, key.CreatedAt));
        json.WriteString("rotated_at", Time(key.RotatedAtText, key.RotatedAt));
        json.WriteString("created_by", key.CreatedBy);
        if (!context.IsGuide)
        {
            json.WriteBoolean("rotation_due", false);
            json.WriteString("rotation_due_reason", "unsupported");
        }
    }

    private sealed record Filter(int Limit, string? Marker, KmsKeyState? State, KmsKeyUsage? Usage);

    private sealed record Page(KmsKey[] Keys, string[] Unreadable, bool IsTruncated, string? NextMarker);
}
