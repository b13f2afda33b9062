namespace RustFs.Kms.Backends.Wire;

/// <summary>
/// The order of UTF-8 bytes, in which RustFS sorts ids and names. Ordinal string comparison differs from it: it puts
/// characters beyond the BMP before U+E000 to U+FFFF.
/// </summary>
internal sealed class Utf8Order : IComparer<string>
{
    internal static Utf8Order Comparer { get; } = new();

    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> left = x;
        ReadOnlySpan<char> right = y;
        int common = left.CommonPrefixLength(right);
        return common == left.Length || common == right.Length
            ? left.Length - right.Length
            : Rank(left[common]) - Rank(right[common]);
    }

    // Moves the surrogates behind all other code units.
    private static int Rank(char unit) => unit < 0xD800 ? unit : unit < 0xE000 ? unit + 0x2000 : unit - 0x800;
}
