namespace RustFs.Kms.Backends.Local;

/// <summary>How a record says that its material is protected. Rules: local-backend-format.md 2.4.</summary>
internal enum KeyProtection
{
    /// <summary>Absent, or <c>legacy-unspecified</c>: the nonce tells sealed from plain.</summary>
    Unspecified,

    /// <summary><c>encrypted-master-key</c>: sealed under the Argon2id key, and no other is tried.</summary>
    Sealed,

    /// <summary>
    /// <c>plaintext-dev-only</c>: the material stands there in clear. It is not protected in memory either: what parses the
    /// record holds it as text.
    /// </summary>
    Plaintext,
}

/// <summary>The markers' spelling on disk.</summary>
internal static class KeyProtectionText
{
    internal const string Sealed = "encrypted-master-key";
    internal const string Plaintext = "plaintext-dev-only";
    internal const string Unspecified = "legacy-unspecified";

    /// <summary>A marker longer than this, as raw JSON, is not looked at.</summary>
    internal const int MaximumRawLength = 128;

    internal static string Of(KeyProtection protection) => protection switch
    {
        KeyProtection.Sealed => Sealed,
        KeyProtection.Plaintext => Plaintext,
        _ => Unspecified,
    };

    internal static bool TryParse(string text, out KeyProtection protection)
    {
        protection = text switch
        {
            Sealed => KeyProtection.Sealed,
            Plaintext => KeyProtection.Plaintext,
            _ => KeyProtection.Unspecified,
        };
        return protection != KeyProtection.Unspecified || text == Unspecified;
    }
}
