namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>The name of a bundle: one folder below the backup directory, and the backup's id. Rules: local-backend-format.md 6.3.</summary>
internal static class BackupName
{
    private const int MaximumLength = 128;

    internal static string Generate() => $"backup-{Guid.NewGuid():N}";

    /// <summary>Refuses a name that is not one harmless part of a path.</summary>
    internal static void Validate(string name)
    {
        string? problem = name switch
        {
            "" => "it is empty",
            { Length: > MaximumLength } => $"it is longer than {MaximumLength} characters",
            "." or ".." => "it leads to another directory",
            ['.', ..] => "it starts with a dot",
            _ when name.Any(character => !char.IsAsciiLetterOrDigit(character) && character is not ('.' or '_' or '-')) =>
                "it contains other characters",
            _ => null,
        };
        if (problem is not null)
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, $"The bundle name '{name}' is refused: {problem}. A name is 1 to 128 of [A-Za-z0-9._-].", name);
        }
    }
}
