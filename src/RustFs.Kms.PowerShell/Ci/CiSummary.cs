using System.Globalization;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>The rows of an examination as the page of a CI run shows them: a line to see at a glance, and a table.</summary>
internal static class CiSummary
{
    private const int MostRows = 500;

    /// <summary>The page, as Markdown.</summary>
    /// <param name="checks">The rows.</param>
    /// <param name="isBad">Whether a row stands for something that is not as it should be.</param>
    internal static string Of(IReadOnlyList<KmsHealthCheck> checks, Func<KmsHealthCheck, bool> isBad)
    {
        var page = new StringBuilder();
        bool isHealthy = checks.Count > 0 && !checks.Any(isBad);
        page.Append(CultureInfo.InvariantCulture, $"{(isHealthy ? "\u2705 **KMS healthy**" : "\u274c **KMS not healthy**")} \u00b7 ");
        page.Append(CultureInfo.InvariantCulture, $"{Count(KmsCheckResult.Passed)} passed, {Strings.Count(Count(KmsCheckResult.Warning), "warning")}, ");
        page.Append(CultureInfo.InvariantCulture, $"{Count(KmsCheckResult.Failed)} failed, {Count(KmsCheckResult.NotChecked)} not checked\n\n");
        page.Append("| | Connection | Check | Result | Evidence | What to do |\n|---|---|---|---|---|---|\n");
        foreach (KmsHealthCheck check in checks.OrderByDescending(isBad).Take(MostRows))
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"| {Mark(check, isBad)} | {Cell(check.Connection)} | {check.Check} | {check.Result} | {Cell(check.Evidence)} | {Cell(check.Recommendation)} |\n");
        }

        if (checks.Count > MostRows)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n{checks.Count - MostRows} more rows are not shown.\n");
        }

        return page.Append('\n').ToString();

        int Count(KmsCheckResult result) => checks.Count(check => check.Result == result);
    }

    private static string Mark(KmsHealthCheck check, Func<KmsHealthCheck, bool> isBad) => check.Result switch
    {
        _ when isBad(check) => "\u274c",
        KmsCheckResult.Passed => "\u2705",
        KmsCheckResult.Warning => "\u26a0\ufe0f",
        _ => "\u2796",
    };

    /// <summary>Text of others in a cell: every character that Markdown or HTML could take for more than itself is an entity.</summary>
    private static string Cell(string? text)
    {
        var cell = new StringBuilder();
        foreach (char character in DisplayText.Neutralize(text))
        {
            if (char.IsAscii(character) && !char.IsAsciiLetterOrDigit(character) && character is not (' ' or '.' or ',' or '(' or ')' or '\''))
            {
                cell.Append(CultureInfo.InvariantCulture, $"&#{(int)character};");
            }
            else
            {
                cell.Append(character);
            }
        }

        return cell.ToString();
    }
}
