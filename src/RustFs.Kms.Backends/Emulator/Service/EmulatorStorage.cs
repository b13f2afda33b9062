using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Keeps the configuration over a restart of the emulator: in clear what is no secret, sealed what is one.</summary>
internal sealed class EmulatorStorage(EmulatorLayout layout, EmulatorSeal seal)
{
    private const string MasterKeyField = "sealed_master_key";
    private const string LoginField = "sealed_login_secret";

    private string ConfigurationPath => Path.Combine(layout.Config, "kms_config.json");

    /// <exception cref="KmsException">It cannot be written; what was kept before is.</exception>
    internal void Keep(EmulatorConfiguration configuration)
    {
        if (layout.IsTemporary)
        {
            return;
        }

        byte[] json = Answers.Bytes(writer =>
        {
            ConfigurationSummary.WriteKept(writer, configuration);
            writer.WriteString(MasterKeyField, Sealed(configuration.MasterKey));
            writer.WriteString(LoginField, Sealed(configuration.Login?.Secret));
        });
        try
        {
            PrivateFiles.Write(ConfigurationPath, json);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage, $"The configuration could not be kept: {exception.Message}", ConfigurationPath, innerException: exception);
        }
    }

    /// <summary>The configuration of an earlier run; null when there is none.</summary>
    /// <param name="masterKey">The master key of the emulator's own key directory; null when it was not given.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="KmsException">What is kept cannot be read, or the master key is another one.</exception>
    internal async Task<EmulatorConfiguration?> LoadAsync(KmsSecret? masterKey, CancellationToken cancellationToken)
    {
        if (!File.Exists(ConfigurationPath))
        {
            return null;
        }

        try
        {
            var kept = JsonFields.Parse(await File.ReadAllBytesAsync(ConfigurationPath, cancellationToken).ConfigureAwait(false));
            return ConfigurationSummary.ReadKept(kept, MasterKeyOf(kept, masterKey), Opened(kept.OptionalText(LoginField)));
        }
        catch (Exception exception) when (exception is JsonFault or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage,
                $"The emulator's configuration '{ConfigurationPath}' cannot be read: {exception.Message}",
                ConfigurationPath,
                innerException: exception);
        }
    }

    // Sealed under another credential it does not open; then the caller's is taken.
    private KmsSecret? MasterKeyOf(JsonFields kept, KmsSecret? given)
    {
        KmsSecret? own = Opened(kept.OptionalText(MasterKeyField));
        if (given is null)
        {
            return own;
        }

        using KmsSecret.Loan loan = given.Lend();
        if (own is null)
        {
            return kept.OptionalBoolean("has_master_key") == true ? KmsSecret.CopyOf(loan.Bytes) : null;
        }

        if (kept.OptionalText("key_dir") == layout.Keys && !CryptographicOperations.FixedTimeEquals(own.Bytes, loan.Bytes))
        {
            own.Dispose();
            throw new KmsException(
                KmsErrorCode.KmsPreconditionFailed, "The master key is not the one that the emulator's configuration was kept with.", layout.Keys);
        }

        return own;
    }

    private string? Sealed(KmsSecret? secret)
    {
        if (secret is null)
        {
            return null;
        }

        using KmsSecret.Loan loan = secret.Lend();
        return Convert.ToBase64String(seal.Seal(loan.Bytes));
    }

    private KmsSecret? Opened(string? box) => box is null ? null : seal.TryOpen(Convert.FromBase64String(box));
}
