using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>How much an annotation matters.</summary>
internal enum CiLevel
{
    /// <summary>Deserves a look.</summary>
    Warning,

    /// <summary>Is not as it should be.</summary>
    Error,
}

/// <summary>
/// The CI agent that reads what the host writes: its commands, with what they carry escaped as it wants it. Sources: GitHub, "Workflow
/// commands" (and actions/toolkit, command.ts); Azure Pipelines, "Logging commands" (and azure-pipelines-task-lib, taskcommand.ts).
/// </summary>
internal abstract class CiAgent
{
    /// <summary>The agent whose job this process runs in; null when it runs in none.</summary>
    internal static CiAgent? Current =>
        Environment.GetEnvironmentVariable("GITHUB_ACTIONS") == "true" ? new GitHubAgent()
        : Environment.GetEnvironmentVariable("TF_BUILD") == "True" ? new AzureAgent()
        : null;

    /// <summary>The line that annotates the run.</summary>
    /// <param name="level">How much it matters.</param>
    /// <param name="title">What it is about, in a few words; safe to print.</param>
    /// <param name="text">The text; safe to print.</param>
    internal abstract string Annotation(CiLevel level, string title, string text);

    /// <summary>The line that makes the agent mask a text from here on. It holds the text: it is for the agent's eyes only.</summary>
    /// <param name="value">The text.</param>
    internal abstract string Mask(string value);

    /// <summary>Adds to the page that the run shows.</summary>
    /// <param name="markdown">What.</param>
    /// <returns>The line to write for it; null when nothing is to be written.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    internal abstract string? AddSummary(string markdown);

    private sealed class GitHubAgent : CiAgent
    {
        private const string SummaryVariable = "GITHUB_STEP_SUMMARY";

        internal override string Annotation(CiLevel level, string title, string text) =>
            $"::{(level == CiLevel.Error ? "error" : "warning")} title={Property(title)}::{Data(text)}";

        internal override string Mask(string value) => $"::add-mask::{Data(value)}";

        internal override string? AddSummary(string markdown)
        {
            if (Environment.GetEnvironmentVariable(SummaryVariable) is { Length: > 0 } path)
            {
                File.AppendAllText(path, markdown, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            }

            return null;
        }

        private static string Data(string text) => text
            .Replace("%", "%25", StringComparison.Ordinal)
            .Replace("\r", "%0D", StringComparison.Ordinal)
            .Replace("\n", "%0A", StringComparison.Ordinal);

        private static string Property(string text) => Data(text)
            .Replace(":", "%3A", StringComparison.Ordinal)
            .Replace(",", "%2C", StringComparison.Ordinal);
    }

    private sealed class AzureAgent : CiAgent
    {
        internal override string Annotation(CiLevel level, string title, string text) =>
            $"##vso[task.logissue type={(level == CiLevel.Error ? "error" : "warning")}]{Data($"{title}: {text}")}";

        internal override string Mask(string value) => $"##vso[task.setsecret]{Data(value)}";

        // The agent reads the file later, so it stays; the agent's own temporary directory goes with the job.
        internal override string AddSummary(string markdown)
        {
            string? directory = Environment.GetEnvironmentVariable("AGENT_TEMPDIRECTORY");
            string path = Path.Join(
                string.IsNullOrEmpty(directory) ? Path.GetTempPath() : directory, $"RustFs.Kms health {Guid.NewGuid():N}.md");
            File.WriteAllText(path, markdown, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            return $"##vso[task.uploadsummary]{Data(path)}";
        }

        private static string Data(string text) => text
            .Replace("%", "%AZP25", StringComparison.Ordinal)
            .Replace("\r", "%0D", StringComparison.Ordinal)
            .Replace("\n", "%0A", StringComparison.Ordinal);
    }
}
