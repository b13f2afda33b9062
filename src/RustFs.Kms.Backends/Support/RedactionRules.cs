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
        "secret|token|passw(?:or)?d|passphrase|[_-]pwd|[_-]pass\\b|plain[_-]?text|master[_-]?key|private[_-]?key|api[_-]?key|access[_-]?key|account[_-]?key|session[_-]?key|"
        + "signing[_-]?key|wrapping[_-]?key|data[_-]?key|encrypt(?:ion)?[_-]?key|enc-c\\b|key[_-]?material|customer[_-]?key|sse-?c[_-]?key|recovery[_-]?key|keys_b(?:ase)?64|unseal|"
        + "credential|signature|cookie|jwt|\\bkek\\b|_kek\\b";

    // A name is read from its start only, and whole or not at all: otherwise a long word would take its length squared.
    private const string FieldName = @"(?<![\w.$-])" + Name;
    private const string Name = @"(?<n>(?=[\w.$-]*?(?:" + Secretive + @"))(?>[\w.$-]+))";

    /// <summary>What closes a name that stands in quotes of one kind or another: JSON's, JSON's within JSON, those of HTML and of addresses.</summary>
    private const string NameEnd = @"(?:\\*[""']|&quot;|&\#34;|%22)?\s*";

    /// <summary>What a value may be wrapped in: Some(…), alloc::string::String(…), Secret&lt;String&gt;(…).</summary>
    private const string Wrapping = @"\s*(?:[A-Za-z][\w:<>]*\()*";

    // Milliseconds by the clock, so generous: on a busy machine a moment's work takes seconds, and a good line must not be given up.
    private const int Patience = 15_000;
    private const RegexOptions Usual = RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture;

    /// <summary>The rules, in the order in which they are applied.</summary>
    internal static IReadOnlyList<RedactionRule> Table { get; } =
    [
        new("private-key", PrivateKey(), ByName: false, "-----BEGIN "),
        new("private-key", AgeKey(), ByName: false, "AGE-SECRET-KEY-"),
        new("access-key", CredentialScope(), ByName: false, "Credential="),
        new("signature", Signature(), ByName: false, "Signature="),
        new("authorization", Authorization(), ByName: false, "authorization"),
        new("authorization", Scheme(), ByName: false, "Bearer ", "Basic "),
        new("authorization", DockerLogin(), ByName: false, "\"auth\"", "\\\"auth\\\""),
        new("query", Query(), ByName: false, "?", "&"),
        new("password", UserInfo(), ByName: false, "://"),
        new("password", UserOption(), ByName: false, "-u", "--user", "--proxy-user"),
        new("password", PasswordOption(), ByName: false, "login", "sshpass", "mysql", "mariadb", "pass:", "-K ", "identified"),
        new("command", Alias(), ByName: false, "alias", "config host"),
        new("command", Command(), ByName: false, "ENV ", "user add", "vault", "bao", "operator", "setx", "configure set", "ConvertTo-SecureString"),
        new("data", KubernetesSecret(), ByName: false, "kind\":\"Secret\"", "kind\": \"Secret\"", "kind\\\":\\\"Secret\\\"", "stringData"),
        new("key", SpokenName(), ByName: false, "key", "token"),
        new("password", SpokenPassword(), ByName: false, "passw", "passphrase"),
        new("element", Element(), ByName: true, "<"),
        new("argument", Argument(), ByName: true, "-"),
        new("field", QuotedAssignment(), ByName: true, "="),
        new("field", QuotedField(), ByName: true, "\"", "'"),
        new("field", Group(), ByName: true, "[", "{"),
        new("field", WholeLine(), ByName: true, "=", ":"),
        new("field", ConnectionString(), ByName: false, "password", "pwd"),
        new("field", BareField(), ByName: true, "=", ":", "%3"),
        new("token", VaultToken(), ByName: false, "s.", "b.", "r."),
        new("token", WebToken(), ByName: false, "eyJ"),
        new("token", ServiceToken(), ByName: false, "gh", "glpat-", "xox", "npm_", "sk_live_"),
        new("access-key", AccessKey(), ByName: false, "AKIA", "ASIA"),
        new("key", KeySized(), ByName: false, "=", "%3D"),
        new("key", KeyShare(), ByName: false, string.Empty),
        new("key", HexKey(), ByName: false, "key", "kek", "dek", "ssec", "sse-c"),
        new("key", KeyBytes(), ByName: false, "["),
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

    /// <summary>Whether a value says nothing, or is not the secret but its HMAC, as Vault's audit log has it.</summary>
    internal static bool IsHarmlessValue(string value) => Nothing().IsMatch(value);

    /// <summary>
    /// Where a line opens something secret that goes on in the next ones. The group <c>o</c> is what opened it: a bracket; a quotation
    /// mark; <c>|</c> or <c>&gt;</c> for a block of YAML; a backslash for an argument whose value is on the next line.
    /// </summary>
    internal static Match Continuation(string line)
    {
        if (!MayName(line))
        {
            return Match.Empty;
        }

        foreach (Regex pattern in s_openings)
        {
            if (pattern.Match(line) is { Success: true } match)
            {
                return match;
            }
        }

        return Match.Empty;
    }

    /// <summary>Whether a line opens the data of a Kubernetes manifest: <c>data:</c> or <c>stringData:</c> and no more.</summary>
    internal static Match ManifestData(string line) => line.AsSpan().TrimEnd().EndsWith("ata:", StringComparison.Ordinal) ? OpensManifestData().Match(line) : Match.Empty;

    /// <summary>A line of such data: the group <c>s</c> is the value.</summary>
    internal static Match ManifestValue(string line) => ManifestLine().Match(line);

    /// <summary>Whether a value is written as the data of a Kubernetes secret are: in Base64.</summary>
    internal static bool IsBase64(string value) => value.Length >= 8 && value.Length % 4 == 0 && WholeBase64().IsMatch(value);

    /// <summary>The line without the colours of a terminal, which would stand between a name and its value; journals write escapes otherwise.</summary>
    internal static string Plain(string line) => line.Contains('[') ? Colour().Replace(line, string.Empty) : line;

    private static readonly Regex[] s_openings = [OpensGroup(), OpensQuote(), OpensBlock(), OpensArgument()];

    [GeneratedRegex(Secretive, Usual, Patience)]
    private static partial Regex AnyName();

    // AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=... : of that, who
    // and for what is worth knowing.
    [GeneratedRegex(@"Credential=(?<s>[^/\s,;""'&%]+)(?=/|%2F)", Usual, Patience)]
    private static partial Regex CredentialScope();

    [GeneratedRegex(@"\bSignature=(?<s>[^\s,;""'&\\]+)", Usual, Patience)]
    private static partial Regex Signature();

    [GeneratedRegex(@"authorization(?:\\?[""'])?\s*(?:=>|[:=])\s*(?:Some\()?[\\""'\[]*(?!\s*AWS4-HMAC)(?<s>Digest\s.+|[^""'\\\r\n]+)", Usual, Patience)]
    private static partial Regex Authorization();

    [GeneratedRegex(@"[?&](?:X-Amz-Signature|X-Amz-Security-Token|Signature|sig|AWSAccessKeyId|access_token|code)=(?<s>[^&\s""'\\]+)", Usual, Patience)]
    private static partial Regex Query();

    [GeneratedRegex(@"://(?<s>[^/\s:@""'\\]{0,400}:[^\s@""'\\]{1,1000})@", Usual, Patience)]
    private static partial Regex UserInfo();

    [GeneratedRegex(@"<" + FieldName + @"(?:\s[^<>]*)?>(?<s>[^<]+)", Usual, Patience)]
    private static partial Regex Element();

    [GeneratedRegex(@"(?<![\w-])--?" + Name + @"\s+(?<s>[^\s""'\\-][^\s""']*|""[^""]*""?|'[^']*'?)", Usual, Patience)]
    private static partial Regex Argument();

    // "token":"...", \"token\":\"...\", token = '...', token: Some("..."), Token("...")
    [GeneratedRegex(
        FieldName + NameEnd + @"(?:=>|[:=]|\()" + Wrapping + @"b?(?:\\+""(?<s>[^""\\]*(?:\\+[^""\\][^""\\]*)*)|""(?<s>(?:[^""\\]|\\.)*)|'(?<s>(?:[^'\\]|\\.)*))", Usual, Patience)]
    private static partial Regex QuotedField();

    // "plaintext":[1,2,3], token: {...}; to the end of the line when it does not close
    [GeneratedRegex(
        FieldName + NameEnd + @"(?:=>|[:=]|\()" + Wrapping + @"(?:\[(?<s>[^\[\]]*)|\{(?<s>[^{}]*(?:\{[^{}]*\}[^{}]*)*))", Usual, Patience)]
    private static partial Regex Group();

    [GeneratedRegex(FieldName + NameEnd + @"(?:=>|[:=]|%3A|%3D)" + Wrapping + @"(?:&quot;|&\#34;|%22)?(?<s>(?:(?!%22|%26|%2C)[^\s""'\\,;&(){}\[\]])+)", Usual, Patience)]
    private static partial Regex BareField();

    [GeneratedRegex(@"(?<![\w.])(?<s>hv[sbr]\.[\w-]{8,}|b\.AAAA[\w-]{16,}|[sbr]\.[A-Za-z0-9]{20,}(?:\.\w{1,8})?(?![\w.]))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex VaultToken();

    [GeneratedRegex(@"(?<![\w-])(?<s>eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex WebToken();

    [GeneratedRegex(@"(?<![A-Z0-9])(?<s>(?:AKIA|ASIA)[A-Z0-9]{16})(?![A-Z0-9])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex AccessKey();

    // Base64 of exactly 32 bytes: an AES-256 key looks like that, and a SHA-256 sum, which is named so.
    [GeneratedRegex(
        @"(?<![A-Za-z0-9+/_-])(?<!(?:checksum|digest|sha-?256|integrity)\w{0,12}\W{1,4})(?<s>[A-Za-z0-9+/_-]{43}(?:=|%3D))(?![A-Za-z0-9+/=])",
        Usual,
        Patience)]
    private static partial Regex KeySized();

    // A share of an unseal key has 33 bytes: 66 digits, or 44 letters of Base64 without padding, of every kind.
    [GeneratedRegex(
        @"(?<![\w+/=-])(?<s>[0-9a-f]{66}|(?=[A-Za-z0-9+/]{0,43}[0-9])(?=[A-Za-z0-9+/]{0,43}[A-Z])(?=[A-Za-z0-9+/]{0,43}[a-z])[A-Za-z0-9+/]{44})(?![\w+/=-])",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Patience)]
    private static partial Regex KeyShare();

    [GeneratedRegex(@"(?<![A-Za-z0-9])(?:[\w-]*[_-])?(?:key|kek|dek|sse-?c)(?:[_-](?:hex|bytes))?(?:\\*[""'])?\s*[:=]\s*[\\""']*(?:0x)?(?<s>[0-9A-Fa-f]{64})(?![0-9A-Fa-f])", Usual, Patience)]
    private static partial Regex HexKey();

    // 32 numbers that are bytes, as Rust writes them.
    [GeneratedRegex(@"\[\s*(?<s>(?:0x[0-9a-f]{1,2}|[0-9]{1,3})(?:,\s*(?:0x[0-9a-f]{1,2}|[0-9]{1,3})){31}),?\s*\]", Usual, Patience)]
    private static partial Regex KeyBytes();

    [GeneratedRegex(@"(?<s>AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{10,})", Usual, Patience)]
    private static partial Regex AgeKey();

    [GeneratedRegex(@"(?<![\w-])(?<s>(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|npm_|sk_live_)[\w-]{16,})", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex ServiceToken();

    // A scheme and what follows it, wherever it stands; "Bearer authentication" is none.
    [GeneratedRegex(@"\b(?:Bearer\s+(?=[^\s""']{0,400}[0-9_.])(?<s>[\w.~+/=-]{8,})|Basic\s+(?=[A-Za-z0-9+/]{0,400}[0-9=])(?<s>[A-Za-z0-9+/]{8,}={0,2}))", Usual, Patience)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"\\*""auth\\*""\s*:\s*\\*""(?<s>[A-Za-z0-9+/=]{8,})", Usual, Patience)]
    private static partial Regex DockerLogin();

    // curl -u name:password, -u 'name:pass word', --user=name:password; docker's -u 1000:1000 is no password.
    [GeneratedRegex(
        @"(?<![\w-])(?:-u|--user|--proxy-user)(?:\s*|=)(?![0-9]+:[0-9]+(?![^\s]))(?:'[^':]*:(?<s>[^']*)|""[^"":]*:(?<s>[^""]*)|[^\s:""'=/-][^\s:""'/]*:(?<s>[^\s""']+))",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Patience)]
    private static partial Regex UserOption();

    // docker login -p …, sshpass -p…, mysql -p…, openssl -passin pass:…, openssl enc -K …, login x password y, IDENTIFIED BY '…'
    [GeneratedRegex(
        @"(?:\b(?:login|sshpass)\b[^|;&]{0,200}\s-p\s*|\b(?:mysql|mysqldump|mariadb|mysqladmin)\b[^|;&]{0,200}\s-p|-pass(?:in|out)?\s+[""']?pass:)(?<s>'[^']*'|""[^""]*""|[^\s""']+)"
        + @"|\s-K\s+(?<s>[0-9A-Fa-f]{32,})|\blogin\s+\S+\s+password\s+(?<s>\S+)|\bidentified\s+by\s+(?<s>'[^']*'?|""[^""]*""?)",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase,
        Patience)]
    private static partial Regex PasswordOption();

    // mc alias set NAME URL KEY SECRET, and what it was called before
    [GeneratedRegex(@"\b(?:alias\s+(?:set|s)|config\s+host\s+add)\s+[^|;&]{0,200}?https?://\S+\s+(?<s>[^\s-][^|;&\r\n]*)", Usual, Patience)]
    private static partial Regex Alias();

    // Commands whose argument is a secret without a name.
    [GeneratedRegex(
        @"\A\s*ENV\s+" + Name + @"\s+(?<s>\S.*)"
        + @"|\buser\s+add\s+\S+\s+\S+\s+(?<s>\S+)"
        + @"|\b(?:vault|bao)\s+(?:login|unwrap|token\s+(?:lookup|renew|revoke)|operator\s+unseal)\s+(?:-(?!accessor)[\w=-]+\s+)*(?<s>[^\s=-][^\s=]*)(?![^\s])"
        + @"|\b(?:vault|bao)\s+kv\s+(?:put|patch)\s+(?:-[\w=-]+\s+)*\S+\s+(?<s>\S.*)"
        + @"|\b(?:configure\s+set|setx|vault\s+write)\s+(?:" + Name + @")\s+(?<s>[^\s=]+)"
        + @"|\bConvertTo-SecureString\s+(?:-String\s+)?(?<s>'[^']*'?|""[^""]*""?|[^\s""'-][^\s""']*)",
        Usual,
        Patience)]
    private static partial Regex Command();

    // All in one line, as kubectl's last-applied-configuration is.
    [GeneratedRegex(@"\\*""(?:data|stringData)\\*""\s*:\s*\{(?<s>[^{}]+)", Usual, Patience)]
    private static partial Regex KubernetesSecret();

    // Unseal Key 1: …, Initial Root Token: …, Secret Access Key = …: names of several words.
    [GeneratedRegex(
        @"\b(?:unseal|recovery|root|secret|secret\s+access|access|private|encryption|signing|api|session|customer|master|age)\s+(?:key|token)(?:\s+(?:share\s+)?[0-9]{1,3})?(?:\s+\([^()]{0,60}\))?\s*[:=]\s*(?<s>[^\s,;""'][^\s,;]*)",
        Usual,
        Patience)]
    private static partial Regex SpokenName();

    // with the password "…"
    [GeneratedRegex(@"\b(?:password|passwd|passphrase)\s+(?:is\s+|was\s+|of\s+|=\s*)?(?<s>""[^""]+""|'[^']+')", Usual, Patience)]
    private static partial Regex SpokenPassword();

    // "NAME=two words", as in Docker's Env and in units of systemd
    [GeneratedRegex(@"(?:(?<!\\)""" + Name + @"=(?<s>[^""]*)|'" + Name + @"=(?<s>[^']*))", Usual, Patience)]
    private static partial Regex QuotedAssignment();

    // NAME=two words, name: two words: a line of its own, up to the next name if there is one.
    [GeneratedRegex(
        @"\A\s*(?:-\s+)?(?:(?:export|set|setx|env|ARG|Environment)[\s=]+)?" + FieldName + @"\s*[:=]\s*(?![A-Za-z][\w:<>]*\()(?<s>(?:\[redacted:[^\]]*\]\s*)?[^\s""'\[{(|>&*!=:,][^\r\n]*?)(?=\s[\w.-]+=|,\s+\w+\s*[:=]|,?\s*\z)",
        Usual,
        Patience)]
    private static partial Regex WholeLine();

    // …;Password=two words;…; PWD=/home of a shell is none.
    [GeneratedRegex(@"(?<![\w.$-])(?:password|pwd)\s*=\s*(?![/~])(?<s>[^;""'\s][^;""']*)(?=;)", Usual, Patience)]
    private static partial Regex ConnectionString();

    [GeneratedRegex(@"(?<s>-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline, Patience)]
    private static partial Regex PrivateKey();

    // "plaintext": [ or secret: [1, 2, and the rest in the next lines; secret_key: Some( likewise, but only at the end of a line.
    [GeneratedRegex(FieldName + NameEnd + @"(?:=>|[:=])" + Wrapping + @"(?:(?<o>[\[{])[^\[\]{}()]*|(?<=(?<o>\())\s*)\z", Usual, Patience)]
    private static partial Regex OpensGroup();

    // NAME="first line of several
    [GeneratedRegex(@"\A\s*(?:-\s+)?(?:export\s+)?" + FieldName + @"=(?:(?<o>"")[^""]*|(?<o>')[^']*)\z", Usual, Patience)]
    private static partial Regex OpensQuote();

    // name: |  and lines that stand further in; name:  and a list or a text in the next lines
    [GeneratedRegex(@"\A(?<i>\s*(?:-\s+)?)[""']?" + FieldName + @"[""']?\s*:\s*(?:(?<o>[|>])[+0-9-]{0,3}\s*(?:\#.*)?)?\z", Usual, Patience)]
    private static partial Regex OpensBlock();

    [GeneratedRegex(@"(?<![\w-])--?" + Name + @"(?:\s+|=)(?<o>[\\`^])\s*\z", Usual, Patience)]
    private static partial Regex OpensArgument();

    [GeneratedRegex(@"\A(?<i>\s*)(?<k>data|stringData):\s*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex OpensManifestData();

    [GeneratedRegex(@"\A\s+[""']?[\w./-]+[""']?:\s*(?<s>[^\s].*?)\s*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience)]
    private static partial Regex ManifestLine();

    [GeneratedRegex(@"\A[A-Za-z0-9+/]+={0,2}\z", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex WholeBase64();

    [GeneratedRegex(@"(?:\x1B|\#033|\\u001[bB]|\\x1[bB]|\\033|\^\[)\[[0-9;:?]{0,32}[A-Za-z]", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Colour();

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

    [GeneratedRegex(@"^(?:\s*|true|false|null|none|nil|undefined|\*+|<[^>]*>|UNSIGNED-PAYLOAD|\[?redacted(?::[\w -]{1,60}(?:\#[0-9a-f]{8})?)?\]?|hmac-sha256:[0-9a-f]{64})\z", Usual, Patience)]
    private static partial Regex Nothing();
}
