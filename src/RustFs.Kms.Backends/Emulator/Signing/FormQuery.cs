using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// A query read as a form: <c>+</c> is a blank, a name without <c>=</c> has an empty value, and of a repeated name the last value
/// counts. Rule: http-api.md 1.1.
/// </summary>
internal sealed class FormQuery
{
    private FormQuery(List<(byte[] Name, byte[] Value)> pairs) => Pairs = pairs;

    /// <summary>The decoded pairs in the order in which they came.</summary>
    internal IReadOnlyList<(byte[] Name, byte[] Value)> Pairs { get; }

    /// <summary>The last value of a name; null when it is absent.</summary>
    internal string? this[string name]
    {
        get
        {
            byte[] wanted = Encoding.UTF8.GetBytes(name);
            for (int index = Pairs.Count - 1; index >= 0; index--)
            {
                if (Pairs[index].Name.AsSpan().SequenceEqual(wanted))
                {
                    return Encoding.UTF8.GetString(Pairs[index].Value);
                }
            }

            return null;
        }
    }

    internal static FormQuery Parse(string rawQuery)
    {
        var pairs = new List<(byte[] Name, byte[] Value)>();
        foreach (string pair in rawQuery.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            pairs.Add(equals < 0 ? (PercentCoding.DecodeForm(pair), []) : (PercentCoding.DecodeForm(pair[..equals]), PercentCoding.DecodeForm(pair[(equals + 1)..])));
        }

        return new FormQuery(pairs);
    }

    internal bool Has(string name) => this[name] is not null;
}
