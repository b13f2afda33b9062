namespace RustFs.Kms;

/// <summary>
/// Lists as scripts need them. What the compiler makes of a collection expression has no indexer that PowerShell sees:
/// <c>$list[0]</c> is then the whole list.
/// </summary>
internal static class IndexableList
{
    internal static IReadOnlyList<T> Indexable<T>(this IReadOnlyList<T> items) => items.ToArray().AsReadOnly();
}
