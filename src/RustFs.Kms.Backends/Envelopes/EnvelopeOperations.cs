using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Runs work on files off the caller's thread, and lets nothing but our own exception out of it.</summary>
internal static class EnvelopeOperations
{
    internal static Task<T> RunAsync<T>(string path, Func<Task<T>> work, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            try
            {
                return await work().ConfigureAwait(false);
            }
            catch (Exception exception) when (StorageFailure.Is(exception))
            {
                throw StorageFailure.Of(exception, $"'{path}' cannot be worked on", path);
            }
        },
        cancellationToken);

    internal static Task<T> RunAsync<T>(string path, Func<T> work, CancellationToken cancellationToken) =>
        RunAsync(path, () => Task.FromResult(work()), cancellationToken);
}
