namespace RustFs.Kms.Module.Tests.Support;

/// <summary>
/// A session with just these variables of the families that are read, and with the secret of the tests in <c>$secret</c>; what was
/// there comes back. Its tests belong into <see cref="EnvironmentTestGroup"/>.
/// </summary>
internal sealed class CleanEnvironment : IDisposable
{
    internal const string SecretText = "canary-secret-key-0123456789";

    private static readonly string[] s_families = ["RUSTFS_", "AWS_"];

    private readonly Dictionary<string, string?> _before = [];

    internal CleanEnvironment(Dictionary<string, string> variables, string start, RustFs.Kms.Console.ModuleHostOptions? options = null)
    {
        foreach (string name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => s_families.Any(family => name.StartsWith(family, StringComparison.Ordinal))).ToArray())
        {
            Set(name, null);
        }

        foreach ((string name, string value) in variables)
        {
            Set(name, value);
        }

        Session = new ServerSession(
            "function global:ConvertFrom-Text($text) { $s = [securestring]::new(); $text.ToCharArray() | ForEach-Object { $s.AppendChar($_) }; , $s }; " +
            $"$global:secret = ConvertFrom-Text '{SecretText}'; {start}",
            options);
    }

    internal ServerSession Session { get; }

    public void Dispose()
    {
        Session.Dispose();
        foreach ((string name, string? value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    internal void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}
