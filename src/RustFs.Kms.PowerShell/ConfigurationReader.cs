using System.Collections;
using System.Management.Automation;
using System.Text.Json;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Reads a configuration as people have it: a JSON or psd1 file in any generation's spelling, a hashtable, or what Get-KmsConfiguration
/// returned. What it does not know it refuses: a misspelt setting must not quietly become a default. Who wants to know all that is wrong
/// takes the refusals one by one instead, and gets the settings that are left.
/// </summary>
internal static class ConfigurationReader
{
    private const long MaximumFileLength = 1024 * 1024;

    private static readonly JsonDocumentOptions s_options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>What Get-KmsConfiguration shows and no request takes, in what it returned and in what was saved of that.</summary>
    private static readonly HashSet<string> s_readOnly = new(StringComparer.Ordinal)
    {
        nameof(KmsConfiguration.Connection),
        nameof(KmsConfiguration.State),
        nameof(KmsConfiguration.BackendText),
        nameof(KmsConfiguration.HasMasterKey),
        nameof(KmsConfiguration.AuthMethod),
        nameof(KmsConfiguration.HasStoredCredentials),
        nameof(KmsConfiguration.StaticKeyId),
        nameof(KmsConfiguration.Fingerprint),
    };

    // The login's own settings, by the words that the API has for them.
    private static readonly Dictionary<string, string> s_loginSettings = new(StringComparer.Ordinal)
    {
        ["TOKEN"] = nameof(KmsConfigurationRequest.LoginSecret),
        ["SECRETID"] = nameof(KmsConfigurationRequest.LoginSecret),
        ["ROLEID"] = nameof(KmsConfigurationRequest.RoleId),
        ["SECRETIDFILE"] = nameof(KmsConfigurationRequest.SecretIdFile),
        ["MOUNT"] = nameof(KmsConfigurationRequest.LoginMount),
        ["ROLE"] = nameof(KmsConfigurationRequest.KubernetesRole),
        ["JWTPATH"] = nameof(KmsConfigurationRequest.JwtPath),
        ["PATH"] = nameof(KmsConfigurationRequest.TokenFile),
        ["POLLINTERVALSECS"] = nameof(KmsConfigurationRequest.PollIntervalSeconds),
        ["REFRESHSAFETYWINDOWSECS"] = nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds),
    };

    /// <summary>The settings of a JSON file, or of a PowerShell data file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onFault">Takes each setting that cannot be read; null to end at the first.</param>
    /// <exception cref="KmsException">The file is not there, or is no configuration.</exception>
    internal static ConfigurationSettings ReadFile(string path, Action<KmsException>? onFault = null)
    {
        try
        {
            if (new FileInfo(path).Length > MaximumFileLength)
            {
                throw new KmsException(KmsErrorCode.KmsUsage, Strings.ConfigurationFileTooLong(path, MaximumFileLength), path);
            }

            byte[] bytes = File.ReadAllBytes(path);
            try
            {
                if (string.Equals(Path.GetExtension(path), ".psd1", StringComparison.OrdinalIgnoreCase))
                {
                    return Read(Members(DataFile.Read(bytes, path)), onFault);
                }

                using var document = JsonDocument.Parse(bytes.AsMemory(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0), s_options);
                return Read(
                    document.RootElement.ValueKind == JsonValueKind.Object
                        ? Members(document.RootElement)
                        : throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAConfigurationFile(path), path),
                    onFault);
            }
            finally
            {
                System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes); // it may hold secrets
            }
        }
        catch (JsonException exception)
        {
            // Only where: its own text quotes what may be a secret.
            throw new KmsException(
                KmsErrorCode.KmsUsage, Strings.ConfigurationFileDamaged(path, exception.LineNumber + 1, exception.BytePositionInLine + 1), path);
        }
        catch (InvalidOperationException)
        {
            // A text in it is none: half a surrogate pair, bytes that are no UTF-8. The parser says so only when the text is asked for.
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAConfigurationFile(path), path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchFile(path), path, innerException: exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage, Strings.ConfigurationFileUnreadable(path, exception.Message), path, innerException: exception);
        }
    }

    /// <summary>The settings of a hashtable, an object, or a configuration that was read.</summary>
    /// <param name="input">The input.</param>
    /// <param name="onFault">Takes each setting that cannot be read; null to end at the first.</param>
    /// <exception cref="KmsException">It is no configuration.</exception>
    internal static ConfigurationSettings ReadObject(PSObject input, Action<KmsException>? onFault = null) => input.BaseObject switch
    {
        IDictionary map => Read(Members(map), onFault),
        KmsConfiguration configuration => ReadConfiguration(configuration),
        PSCustomObject => Read(input.Properties.Select(property => (property.Name, (object?)property.Value)), onFault),
        object other => throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAConfiguration(other.GetType().Name)),
    };

    /// <summary>The settings that a server shows. Its secrets are not among them.</summary>
    internal static ConfigurationSettings ReadConfiguration(KmsConfiguration configuration)
    {
        var settings = new ConfigurationSettings();
        foreach (System.Reflection.PropertyInfo property in typeof(KmsConfiguration).GetProperties())
        {
            if (!s_readOnly.Contains(property.Name))
            {
                settings.Set(ConfigurationSetting.Find(property.Name)!, property.GetValue(configuration), property.Name);
            }
        }

        return settings;
    }

    private static ConfigurationSettings Read(IEnumerable<(string Name, object? Value)> members, Action<KmsException>? onFault)
    {
        var settings = new ConfigurationSettings();
        try
        {
            foreach ((string name, object? value) in members.Where(member => !IsOnlyShown(member.Name, member.Value)))
            {
                try
                {
                    Read(settings, name, value);
                }
                catch (KmsException fault) when (onFault is not null)
                {
                    onFault(fault);
                }
            }

            return settings;
        }
        catch
        {
            settings.Dispose();
            throw;
        }
    }

    /// <summary>Whether it is what a server shows only. A way to log in that it takes has parts; the one that it shows is a word.</summary>
    private static bool IsOnlyShown(string name, object? value) =>
        s_readOnly.Contains(name) && (name != nameof(KmsConfiguration.AuthMethod) || MembersOf(value) is null);

    private static void Read(ConfigurationSettings settings, string name, object? value)
    {
        switch (ConfigurationSetting.Plain(name))
        {
            case "AUTHMETHOD":
                ReadLogin(settings, name, value);
                break;
            case "VAULTTOKEN" or "TOKEN":
                ReadLoginSetting(settings, KmsVaultLogin.Token, "TOKEN", name, value);
                break;
            case "VAULTAPPROLESECRETID" or "SECRETID":
                ReadLoginSetting(settings, KmsVaultLogin.AppRole, "SECRETID", name, value);
                break;
            default:
                ConfigurationSetting setting = ConfigurationSetting.Find(name)
                    ?? throw new KmsException(KmsErrorCode.KmsUsage, Strings.UnknownSetting(name), name);
                Once(settings, setting, value, name);
                break;
        }
    }

    /// <summary>Either <c>{"AppRole":{…}}</c>, as today, or <c>{"token":"…"}</c>, as in the guides.</summary>
    private static void ReadLogin(ConfigurationSettings settings, string name, object? value)
    {
        (string Name, object? Value)[] members = [.. MembersOf(value) ?? throw new KmsException(KmsErrorCode.KmsUsage, Strings.BadLogin(name), name)];
        if (members.Length != 1)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.BadLogin(name), name);
        }

        (string tag, object? content) = members[0];
        if (MembersOf(content) is not IEnumerable<(string Name, object? Value)> inner)
        {
            ReadLoginSetting(settings, KmsVaultLogin.Token, ConfigurationSetting.Plain(tag), tag, content);
            return;
        }

        if (ConfigurationSettings.LoginNamed(tag) is not { } login)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.BadLogin(name), name);
        }

        settings.Put(nameof(settings.Login), login);
        foreach ((string part, object? given) in inner)
        {
            ReadLoginSetting(settings, login, ConfigurationSetting.Plain(part), part, given);
        }
    }

    private static void ReadLoginSetting(ConfigurationSettings settings, KmsVaultLogin login, string word, string name, object? value)
    {
        if (!s_loginSettings.TryGetValue(word, out string? setting))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.UnknownSetting(name), name);
        }

        settings.Put(nameof(settings.Login), settings.Login ?? login);
        Once(settings, ConfigurationSetting.Find(setting)!, value, name);
    }

    private static void Once(ConfigurationSettings settings, ConfigurationSetting setting, object? value, string name)
    {
        if (settings.Get(setting.Name) is not null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.RepeatedSetting(name), name);
        }

        settings.Set(setting, value, name);
    }

    private static IEnumerable<(string Name, object? Value)>? MembersOf(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        JsonElement { ValueKind: JsonValueKind.Object } element => Members(element),
        IDictionary map => Members(map),
        PSCustomObject => ((PSObject)value!).Properties.Select(property => (property.Name, (object?)property.Value)),
        _ => null,
    };

    private static IEnumerable<(string Name, object? Value)> Members(JsonElement json) =>
        json.EnumerateObject().Select(member => (member.Name, ValueOf(member.Value)));

    private static IEnumerable<(string Name, object? Value)> Members(IDictionary map) =>
        map.Cast<DictionaryEntry>().Select(entry => (LanguagePrimitives.ConvertTo<string>(entry.Key), entry.Value));

    private static object? ValueOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => json.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when json.TryGetInt64(out long number) => number,
        _ => json,
    };
}
