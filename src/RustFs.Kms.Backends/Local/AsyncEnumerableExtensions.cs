using System.Runtime.CompilerServices;

namespace RustFs.Kms.Backends.Local;

/// <summary>The asynchronous form of what a local disk gives at once.</summary>
internal static class AsyncEnumerableExtensions
{
    internal static async IAsyncEnumerable<T> AsAsync<T>(
        this IEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (T item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return item;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }
}
