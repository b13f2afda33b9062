using System.Globalization;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What <c>-RemoveWrap</c> means: the number of a wrap, as Get-KmsEnvelope shows it, a kind, or an id (a key's, or the fingerprint of a
/// recovery key).
/// </summary>
internal static class WrapSelector
{
    private static readonly Func<string, KmsEnvelopeWrap, bool>[] s_meanings =
    [
        (selector, wrap) => selector == wrap.Number.ToString(CultureInfo.InvariantCulture),
        (selector, wrap) => selector.Equals(wrap.Kind.ToString(), StringComparison.OrdinalIgnoreCase),
        (selector, wrap) => selector == (wrap.KeyId ?? wrap.Recipient ?? wrap.Type),
    ];

    /// <summary>The wraps that are meant, in the file's order.</summary>
    /// <exception cref="KmsException">One of the selectors means none.</exception>
    internal static IReadOnlyList<KmsEnvelopeWrap> Select(KmsEnvelope envelope, IReadOnlyList<string> selectors)
    {
        var meant = new HashSet<int>();
        foreach (string selector in selectors)
        {
            meant.UnionWith(Numbers(envelope, selector));
        }

        return [.. envelope.Wraps.Where(wrap => meant.Contains(wrap.Number))];
    }

    // A key may be called "2" or "kms". Whoever removes a way in should not have to know which meaning wins.
    private static HashSet<int> Numbers(KmsEnvelope envelope, string selector)
    {
        HashSet<int>[] meanings =
        [
            .. s_meanings
                .Select(means => envelope.Wraps.Where(wrap => means(selector, wrap)).Select(wrap => wrap.Number).ToHashSet())
                .Where(numbers => numbers.Count > 0),
        ];
        if (meanings.Length == 0)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchWrap(selector, envelope), envelope.Path);
        }

        return meanings.All(meanings[0].SetEquals)
            ? meanings[0]
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.AmbiguousWrap(selector, envelope), envelope.Path);
    }
}
