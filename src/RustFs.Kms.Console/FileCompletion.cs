using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.Console;

/// <summary>
/// Completes the names of files where the engine has nothing to offer: its own way to do so needs the Management module, which this
/// program does not carry.
/// </summary>
internal static class FileCompletion
{
    private const int Most = 1000;

    /// <summary>The files and folders that the word before the cursor is the start of; null when there are none.</summary>
    /// <param name="input">The line.</param>
    /// <param name="cursor">Where the cursor is in it.</param>
    /// <param name="location">The session's folder.</param>
    internal static CommandCompletion? Find(string input, int cursor, string location)
    {
        (int start, string word) = WordAt(input[..cursor]);
        if (word.StartsWith('-') || (start == 0 && !word.Contains('/', StringComparison.Ordinal)))
        {
            return null; // a parameter or a command
        }

        string head = word[..(word.LastIndexOfAny([Path.DirectorySeparatorChar, '/']) + 1)];
        string leaf = word[head.Length..];
        List<CompletionResult> found = [.. Entries(Path.Combine(location, Expand(head)), leaf).Select(entry => Result(head, entry))];
        return found.Count == 0 ? null : new CommandCompletion(new Collection<CompletionResult>(found), -1, start, cursor - start);
    }

    /// <summary>The word that ends here, without its quote, and where it begins.</summary>
    private static (int Start, string Word) WordAt(string text)
    {
        int start = 0;
        char quote = '\0';
        for (int index = 0; index < text.Length; index++)
        {
            char character = text[index];
            if (quote != '\0')
            {
                quote = character == quote ? '\0' : quote;
            }
            else if (character is '\'' or '"')
            {
                quote = character;
            }
            else if (char.IsWhiteSpace(character) || character is ',' or ';' or '|' or '(' or '=' or '{')
            {
                start = index + 1;
            }
        }

        return (start, text[start..].Replace("'", string.Empty, StringComparison.Ordinal).Replace("\"", string.Empty, StringComparison.Ordinal));
    }

    private static string Expand(string head) => head.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), head[2..])
        : head;

    private static IEnumerable<FileSystemInfo> Entries(string folder, string leaf)
    {
        // What is hidden, or may not be seen, is passed over.
        var options = new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = leaf.StartsWith('.') ? FileAttributes.None : FileAttributes.Hidden };
        try
        {
            return
            [
                .. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", options)
                    .Where(entry => entry.Name.StartsWith(leaf, StringComparison.OrdinalIgnoreCase))
                    .Take(Most)
                    .OrderBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return []; // no such folder
        }
    }

    private static CompletionResult Result(string head, FileSystemInfo entry)
    {
        bool isFolder = entry is DirectoryInfo;
        string path = (head.Length == 0 ? $".{Path.DirectorySeparatorChar}" : head) + entry.Name;
        bool bare = path.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '/' or '\\' or '_' or '-' or '~' or ':');
        return new CompletionResult(
            bare ? path : $"'{CodeGeneration.EscapeSingleQuotedStringContent(path)}'",
            entry.Name.Any(char.IsControl) ? "?" : entry.Name,
            isFolder ? CompletionResultType.ProviderContainer : CompletionResultType.ProviderItem,
            isFolder ? "folder" : "file");
    }
}
