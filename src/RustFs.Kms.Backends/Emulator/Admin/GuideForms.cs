namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// Request forms of the second generation: its code's, and those of its documents, which no server ever took and which clients
/// written after them send. What is not known is ignored. Rules: http-api.md 3.3 and 3.4.
/// </summary>
internal static class GuideForms
{
    private const ulong CodeCacheTtl = 3600;

    /// <summary>Reads a configuration; over one that is held, the fields left out keep their values, as the documents promise.</summary>
    internal static EmulatorConfiguration Configuration(JsonFields fields, EmulatorConfiguration? held, AdminContext context)
    {
        if (fields.OptionalText("backend_type") is not { } spelling)
        {
            return Merge(fields, held ?? throw JsonFields.Missing("backend_type"));
        }

        EmulatorConfiguration fresh = ConfigurationForms.Common(fields, new EmulatorConfiguration
        {
            CacheTtlSeconds = CodeCacheTtl,
            Backend = spelling switch
            {
                "local" => BackendName.Local,
                "vault" => BackendName.VaultKv2,
                _ => throw new JsonFault($"unknown variant `{spelling}`, expected `local` or `vault`"),
            },
        });
        return fresh.Backend == BackendName.Local
            ? fresh with
            {
                KeyDirectory = fields.OptionalText("key_dir") ?? fields.OptionalText("key_directory") ?? throw JsonFields.Missing("key_dir"),
                FilePermissions = fields.OptionalNumber("file_permissions", uint.MaxValue),
                MasterKey = fields.OptionalSecret("master_key") ?? CopyOf(context.Options.MasterKey),
                AllowInsecureDevDefaults = true,
            }
            : fresh with
            {
                Address = fields.RequiredText("address"),
                Login = Login(fields) ?? throw JsonFields.Missing("auth_method"),
                Namespace = fields.OptionalText("namespace"),
                MountPath = fields.OptionalText("mount_path") ?? "transit",
                KvMount = fields.OptionalText("kv_mount") ?? "secret",
                KeyPathPrefix = fields.OptionalText("key_path_prefix") ?? "rustfs/kms/keys",
                SkipTlsVerify = fields.OptionalBoolean("skip_tls_verify") ?? false,
                AllowInsecureDevDefaults = true,
            };
    }

    /// <summary>What a key is created with.</summary>
    internal static (string? Usage, string? Description, Dictionary<string, string>? Tags) Creation(JsonFields fields) => (
        fields.OptionalText("key_usage") ?? (fields.OptionalText("KeyUsage") is { } usage ? Usage(usage) : null),
        fields.OptionalText("description") ?? fields.OptionalText("Description"),
        fields.OptionalMap("tags") ?? fields.OptionalMap("Tags"));

    /// <summary>Today's spelling of a data key's kind; the documents' default is AES-256.</summary>
    internal static string KeySpec(JsonFields fields) => fields.OptionalText("key_spec") switch
    {
        null or "AES_256" => "Aes256",
        "AES_128" => "Aes128",
        { } other => other,
    };

    private static string Usage(string usage) => usage == "ENCRYPT_DECRYPT" ? nameof(KmsKeyUsage.EncryptDecrypt) : usage;

    private static KmsSecret? CopyOf(KmsSecret? secret)
    {
        if (secret is null)
        {
            return null;
        }

        using KmsSecret.Loan loan = secret.Lend();
        return KmsSecret.CopyOf(loan.Bytes);
    }

    private static EmulatorConfiguration Merge(JsonFields fields, EmulatorConfiguration held) => ConfigurationForms.Common(fields, held) with
    {
        KeyDirectory = fields.OptionalText("key_dir") ?? fields.OptionalText("key_directory") ?? held.KeyDirectory,
        Address = fields.OptionalText("address") ?? held.Address,
        Login = Login(fields) ?? held.Login,
        Namespace = fields.OptionalText("namespace") ?? held.Namespace,
        MountPath = fields.OptionalText("mount_path") ?? held.MountPath,
        KvMount = fields.OptionalText("kv_mount") ?? held.KvMount,
        KeyPathPrefix = fields.OptionalText("key_path_prefix") ?? held.KeyPathPrefix,
    };

    private static VaultLogin? Login(JsonFields fields)
    {
        if (fields.OptionalObject("auth_method") is not { } method)
        {
            return null;
        }

        if (method.OptionalObject("AppRole") is { } role)
        {
            return new VaultLogin
            {
                Kind = "AppRole",
                RoleId = role.RequiredText("role_id"),
                Mount = "approle",
                Secret = role.OptionalSecret("secret_id") ?? throw JsonFields.Missing("secret_id"),
            };
        }

        JsonFields holder = method.OptionalObject("Token") ?? method;
        return new VaultLogin { Kind = "Token", Secret = holder.OptionalSecret("token") ?? throw JsonFields.Missing("token") };
    }
}
