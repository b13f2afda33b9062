using System.Globalization;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What <c>-RemoveWrap</c> means: the number of a wrap, as Get-KmsEnvelope shows it, a kind, or an id (a key's, or the fingerprint of a
/// recovery key).
/// </summary>
internal static class WrapSelector
{
    /// <summary>The wraps that are meant, in the file's order.</summary>
    /// <exception cref="KmsException">One of the selectors means none.</exception>
    internal static IReadOnlyList<KmsEnvelopeWrap> Select(KmsEnvelope envelope, IReadOnlyList<string> selectors)
    {
        var meant = new HashSet<int>();
        foreach (string selector in selectors)
        {
            int[] numbers = [.. envelope.Wraps.Where(wrap => Means(selector, wrap)).Select(wrap => wrap.Number)];
            meant.UnionWith(numbers.Length > 0
                ? numbers
                : throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchWrap(selector, envelope), envelope.Path));
        }

        return [.. envelope.Wraps.Where(wrap => meant.Contains(wrap.Number))];
    }

    /// <summary>Whether two descriptions are of the same wrap, in a file that nobody changed in between.</summary>
    internal static bool IsSame(KmsEnvelopeWrap one, KmsEnvelopeWrap other) =>
        one.Number == other.Number &&
        one.ToString() == other.ToString() &&
        one.CiphertextBlob.AsSpan().SequenceEqual(other.CiphertextBlob);

    private static bool Means(string selector, KmsEnvelopeWrap wrap)
    {
        if (int.TryParse(selector, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return wrap.Number == number;
        }

        return Enum.TryParse(selector, ignoreCase: true, out KmsEnvelopeWrapKind kind) && Enum.IsDefined(kind)
            ? wrap.Kind == kind
            : selector == (wrap.KeyId ?? wrap.Recipient ?? wrap.Type);
    }
}
