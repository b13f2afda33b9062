using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>Which keys a listing is about, beyond their ids.</summary>
internal sealed class KeyFilter
{
    private readonly KmsKeyState? _state;
    private readonly KmsKeyUsage? _usage;
    private readonly Dictionary<string, WildcardPattern> _tags;

    internal KeyFilter(KmsKeyState? state, KmsKeyUsage? usage, IReadOnlyDictionary<string, string> tags)
    {
        _state = state;
        _usage = usage;
        _tags = tags.ToDictionary(tag => tag.Key, tag => Pattern(tag.Value), StringComparer.Ordinal);
    }

    /// <summary>What the backend can sort out by itself.</summary>
    internal KmsKeyQuery Query => new() { State = _state, Usage = _usage };

    /// <summary>The pattern that an id may be; null when it is an id and nothing else.</summary>
    internal static WildcardPattern? PatternOf(string keyId)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(keyId))
        {
            return null;
        }

        WildcardPattern pattern = WildcardPattern.Get(keyId, WildcardOptions.IgnoreCase);
        try
        {
            pattern.IsMatch(string.Empty);
            return pattern;
        }
        catch (WildcardPatternException)
        {
            return null; // such as "app[": a fine id, and no pattern
        }
    }

    /// <summary>Whether there is anything to filter by.</summary>
    private bool IsEmpty => _state is null && _usage is null && _tags.Count == 0;

    /// <summary>Whether the key is wanted. Nobody knows what a record that cannot be used says of its key, so no filter takes it.</summary>
    internal bool Accepts(KmsKey key) => IsEmpty || (key.IsReadable &&
        (_state is null || key.State == _state) &&
        (_usage is null || key.Usage == _usage) &&
        _tags.All(tag => key.Tags.TryGetValue(tag.Key, out string? value) && tag.Value.IsMatch(value)));

    private static WildcardPattern Pattern(string value) =>
        PatternOf(value) ?? WildcardPattern.Get(WildcardPattern.Escape(value), WildcardOptions.IgnoreCase);
}
