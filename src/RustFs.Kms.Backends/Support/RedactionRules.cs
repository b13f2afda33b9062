using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Support;

/// <summary>One way to recognize a secret in a line of text: what the group <c>s</c> matches is it.</summary>
/// <param name="Name">What is written in its place.</param>
/// <param name="Pattern">How it is recognized. The group <c>n</c>, where there is one, is the name of a field.</param>
/// <param name="ByName">Whether it goes by the name of a field, so that a line without such a name need not be searched.</param>
/// <param name="Hints">What every match has one of, in either case: a line without need not be searched, which is most of the time.</param>
internal sealed record RedactionRule(string Name, Regex Pattern, bool ByName, params string[] Hints)
{
    /// <summary>Whether the rule can match at all.</summary>
    internal bool MayMatch(string line) => Array.Exists(Hints, hint => line.Contains(hint, StringComparison.OrdinalIgnoreCase));
}

/// <summary>The table of what is a secret. Rather one word too many is taken out than one secret too few.</summary>
internal static partial class RedactionRules
{
    /// <summary>What the names of fields, parameters, elements and variables hold that are secret.</summary>
    private const string Secretive =
        "secret|token|passw(?:or)?d|passphrase|[_-]pwd|plain[_-]?text|master[_-]?key|private[_-]?key|api[_-]?key|access[_-]?key|session[_-]?key|signing[_-]?key|"
        + "encryption[_-]?key|key[_-]?material|customer[_-]?key|recovery[_-]?key|unseal|credential|signature|cookie|jwt|kek\\b";

    // A name is read from its start only: from every letter on, a long word would take its length squared.
    private const string FieldName = @"(?<![\w.$-])" + Name;
    private const string Name = @"(?<n>[\w.$-]*(?:" + Secretive + @")[\w.-]*)";

    private const int Patience = 2000;
    private const RegexOptions Usual = RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture;

    /// <summary>The rules, in the order in which they are applied.</summary>
    internal static IReadOnlyList<RedactionRule> Table { get; } =
    [
        new("private-key", PrivateKey(), ByName: false, "-----BEGIN "),
        new("access-key", CredentialScope(), ByName: false, "Credential="),
        new("signature", Signature(), ByName: false, "Signature="),
        new("authorization", Authorization(), ByName: false, "authorization"),
        new("query", Query(), ByName: false, "?", "&"),
        new("password", UserInfo(), ByName: false, "://"),
        new("element", Element(), ByName: true, "<"),
        new("argument", Argument(), ByName: true, "-"),
        new("field", QuotedField(), ByName: true, "\"", "'"),
        new("field", Group(), ByName: true, "[", "{"),
        new("field", BareField(), ByName: true, "=", ":"),
        new("token", VaultToken(), ByName: false, "s.", "b.", "r."),
        new("token", WebToken(), ByName: false, "eyJ"),
        new("access-key", AccessKey(), ByName: false, "AKIA", "ASIA"),
        new("key", KeySized(), ByName: false, "="),
    ];

    /// <summary>Whether there is anything in a line that the rules by name could be about.</summary>
    internal static bool MayName(string line) => AnyName().IsMatch(line);

    /// <summary>Whether a field of this name is none of a secret after all: what it holds is about one.</summary>
    internal static bool IsHarmless(string name)
    {
        if (ErrorCode().IsMatch(name))
        {
            return true;
        }

        // accessKeyId, AccessKeyId and access-key-id are one name.
        string plain = Hump().Replace(name, "$1_$2").Replace('-', '_').Replace('.', '_').ToLowerInvariant();
        return AboutASecret().IsMatch(plain) && !SecretAllTheSame().IsMatch(plain);
    }

    /// <summary>Where a line ends in a secret field whose value opens and does not close: "plaintext": [</summary>
    internal static Match Opening(string line) =>
        line.AsSpan().TrimEnd() is [.., '[' or '{'] && MayName(line) ? OpensGroup().Match(line) : Match.Empty;

    /// <summary>Whether a value says nothing, or is not the secret but its HMAC, as Vault's audit log has it.</summary>
    internal static bool IsHarmlessValue(string value) => Nothing().IsMatch(value);

    [GeneratedRegex(Secretive, Usual, Patience)]
    private static partial Regex AnyName();

    // AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=... : of that, who
    // and for what is worth knowing.
    [GeneratedRegex(@"Credential=(?<s>[^/\s,;""'&%]+)(?=/|%2F)", Usual, Patience)]
    private static partial Regex CredentialScope();

    [GeneratedRegex(@"\bSignature=(?<s>[^\s,;""'&\\]+)", Usual, Patience)]
    private static partial Regex Signature();

    [GeneratedRegex(@"authorization(?:\\?[""'])?\s*(?:=>|[:=])\s*(?:Some\()?[\\""'\[]*(?!\s*AWS4-HMAC)(?<s>[^""'\\\r\n]+)", Usual, Patience)]
    private static partial Regex Authorization();

    [GeneratedRegex(@"[?&](?:X-Amz-Signature|X-Amz-Security-Token|Signature|sig|AWSAccessKeyId|access_token|code)=(?<s>[^&\s""'\\]+)", Usual, Patience)]
    private static partial Regex Query();

    [GeneratedRegex(@"://(?<s>[^/\s:@""'\\]*:[^\s@""'\\]+)@", Usual, Patience)]
    private static partial Regex UserInfo();

    [GeneratedRegex(@"<" + FieldName + @"(?:\s[^<>]*)?>(?<s>[^<]+)", Usual, Patience)]
    private static partial Regex Element();

    [GeneratedRegex(@"(?<![\w-])--?" + Name + @"\s+(?<s>[^\s""'-][^\s""']*|""[^""]*""?|'[^']*'?)", Usual, Patience)]
    private static partial Regex Argument();

    // "token":"...", \"token\":\"...\", token = '...', token: Some("..."), Token("...")
    [GeneratedRegex(
        FieldName + @"(?:\\*[""'])?\s*(?:=>|[:=]|\()\s*(?:[A-Za-z]+\()*b?(?:\\+""(?<s>[^""\\]*(?:\\+[^""\\][^""\\]*)*)|""(?<s>(?:[^""\\]|\\.)*)|'(?<s>(?:[^'\\]|\\.)*))", Usual, Patience)]
    private static partial Regex QuotedField();

    // "plaintext":[1,2,3], token: {...}; to the end of the line when it does not close
    [GeneratedRegex(
        FieldName + @"(?:\\*[""'])?\s*(?:=>|[:=]|\()\s*(?:[A-Za-z]+\()*(?:\[(?<s>[^\[\]]*)|\{(?<s>[^{}]*(?:\{[^{}]*\}[^{}]*)*))", Usual, Patience)]
    private static partial Regex Group();

    [GeneratedRegex(FieldName + @"(?:\\*[""'])?\s*(?:=>|[:=])\s*(?:[A-Za-z]+\()*(?<s>[^\s""'\\,;&(){}\[\]]+)", Usual, Patience)]
    private static partial Regex BareField();

    [GeneratedRegex(@"(?<![\w.])(?<s>hv[sbr]\.[\w-]{8,}|[sbr]\.[A-Za-z0-9]{20,}(?![\w.]))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex VaultToken();

    [GeneratedRegex(@"(?<![\w-])(?<s>eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex WebToken();

    [GeneratedRegex(@"(?<![A-Z0-9])(?<s>(?:AKIA|ASIA)[A-Z0-9]{16})(?![A-Z0-9])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex AccessKey();

    // Base64 of exactly 32 bytes: an AES-256 key looks like that, and little else that a log is read for.
    [GeneratedRegex(@"(?<![A-Za-z0-9+/=_-])(?<s>[A-Za-z0-9+/_-]{43}=)(?![A-Za-z0-9+/=])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex KeySized();

    [GeneratedRegex(@"(?<s>-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline, Patience)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(FieldName + @"(?:\\*[""'])?\s*(?:=>|[:=])\s*(?<o>[\[{])\s*\z", Usual, Patience)]
    private static partial Regex OpensGroup();

    [GeneratedRegex("([a-z0-9])([A-Z])", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Hump();

    [GeneratedRegex("^(?:Invalid|Expired|Missing|Malformed|Unknown|No|Bad|Failed)[A-Z]|(?:DoesNotMatch|Error|Exception|Expired|Invalid|Unavailable)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex ErrorCode();

    [GeneratedRegex(
        "^(?:has|is|num|max|min|enable|allow|require|skip)_|(?:^|_)(?:ttl|type|policies|accessor|path|file|dir|directory|mount|method|name|count|length|len|size|spec|version|usage|url|uri|"
        + "source|present|status|state|id|algorithm|headers|uses|expiry|expires|seconds|secs|bits|bytes|renewable|period|provider|algo)$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Patience)]
    private static partial Regex AboutASecret();

    [GeneratedRegex("(?:^|_)(?:secret|access_key|accesskey|token|session|unseal|cookie)_id$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex SecretAllTheSame();

    [GeneratedRegex(@"^(?:\s*|true|false|null|none|nil|undefined|\*+|<[^>]*>|UNSIGNED-PAYLOAD|\[?redacted\b.*|hmac-sha256:[0-9a-f]{64})\z", Usual, Patience)]
    private static partial Regex Nothing();
}
