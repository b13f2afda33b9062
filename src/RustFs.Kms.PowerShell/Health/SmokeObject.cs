namespace RustFs.Kms.PowerShell;

/// <summary>The object of one smoke test: what is known of it, and how it goes again.</summary>
/// <param name="objects">The server's objects.</param>
/// <param name="address">Which.</param>
/// <param name="encryption">How it is encrypted.</param>
internal sealed class SmokeObject(IKmsObjects objects, KmsObjectAddress address, KmsObjectEncryption encryption)
{
    private static readonly TimeSpan s_lookTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_cleanupTime = TimeSpan.FromSeconds(15);

    private Presence _presence;

    private enum Presence
    {
        /// <summary>Nothing was sent, or the server refused it.</summary>
        None,

        /// <summary>It was sent, and what came of it is not known.</summary>
        Unknown,

        /// <summary>The server says that it stored it, or gave it back.</summary>
        Stored,
    }

    /// <summary>Puts the object.</summary>
    internal async Task<KmsObjectAnswer> PutAsync(byte[] body, CancellationToken cancellationToken)
    {
        _presence = Presence.Unknown;
        try
        {
            KmsObjectAnswer put = await objects.PutObjectAsync(address, body, encryption, cancellationToken).ConfigureAwait(false);
            Found(put);
            return put;
        }
        catch (KmsException exception) when (exception is { Code: not KmsErrorCode.KmsOutcomeUnknown, HttpStatus: null or < 500 })
        {
            _presence = Presence.None; // it did not leave this machine, or the server said no
            throw;
        }
    }

    /// <summary>Reads it back.</summary>
    internal Task<KmsObjectAnswer> GetAsync(CancellationToken cancellationToken) => objects.GetObjectAsync(address, encryption, cancellationToken);

    /// <summary>Removes it where it can be there, whether or not the user stopped.</summary>
    /// <returns>What became of it.</returns>
    internal async Task<Fate> RemoveAsync()
    {
        if (_presence == Presence.None)
        {
            return new Fate(Strings.SmokeNothingPut, null);
        }

        if (_presence == Presence.Unknown)
        {
            await LookAsync().ConfigureAwait(false);
        }

        using var time = new CancellationTokenSource(s_cleanupTime);
        try
        {
            bool isHidden = await objects.DeleteObjectAsync(address, time.Token).ConfigureAwait(false);
            return isHidden ? new Fate(Strings.SmokeVersionLeft(address), Strings.RemoveVersion(address))
                : new Fate(_presence == Presence.Stored ? Strings.SmokeRemoved(address) : Strings.SmokeNotThere(address), null);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsNotFound)
        {
            return new Fate(Strings.SmokeNotThere(address), null); // nor may the bucket be
        }
        catch (KmsException exception)
        {
            return LeftBehind(Strings.WithRequestId(exception));
        }
        catch (OperationCanceledException)
        {
            return LeftBehind(Strings.NoAnswerInTime);
        }
    }

    private void Found(KmsObjectAnswer answer)
    {
        _presence = Presence.Stored;
        address = address with { VersionId = answer.VersionId };
    }

    /// <summary>
    /// A PUT whose answer was lost may have stored a version, and only its id removes it. Where looking fails, the removal, which is tried
    /// all the same, tells how things are.
    /// </summary>
    private async Task LookAsync()
    {
        using var time = new CancellationTokenSource(s_lookTime);
        try
        {
            Found(await GetAsync(time.Token).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is KmsException or OperationCanceledException)
        {
            // It stays unknown, and the answer to the removal counts.
        }
    }

    private Fate LeftBehind(string reason) => new(Strings.SmokeLeftBehind(address, reason), Strings.RemoveLeftover(address));

    /// <summary>What became of an object.</summary>
    /// <param name="Told">In a sentence.</param>
    /// <param name="Advice">What to do about it; null when it is gone.</param>
    internal sealed record Fate(string Told, string? Advice);
}
