namespace RustFs.Kms.Packaging;

/// <summary>The release notes: what CHANGELOG.md says under the heading of a version.</summary>
internal static class ChangeLog
{
    private const string Heading = "## ";

    /// <summary>The text between the heading <c>## version</c> and the next one.</summary>
    /// <exception cref="PackagingException">The version has no section, or an empty one.</exception>
    internal static string NotesFor(string version, string path)
    {
        string[] section =
        [
            .. File.ReadAllText(path).ReplaceLineEndings("\n").Split('\n')
                .SkipWhile(line => !line.StartsWith(Heading, StringComparison.Ordinal) || line[Heading.Length..].Split(' ')[0] != version)
                .Skip(1)
                .TakeWhile(line => !line.StartsWith(Heading, StringComparison.Ordinal)),
        ];
        string notes = string.Join('\n', section).Trim();
        return notes.Length > 0 ? notes : throw new PackagingException($"{path} has no section '{Heading}{version}', so there is nothing to say about this release.");
    }
}
