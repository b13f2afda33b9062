using System.Management.Automation;
using System.Reflection;
using RustFs.Kms.Console;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>The staged module in an engine of its own, connected as <c>server</c> to an emulator with a bucket; both gone afterwards.</summary>
internal sealed class ServerSession : IDisposable
{
    /// <summary>Starts a running emulator in <c>$emulator</c>, with the bucket <c>photos</c> and the key <c>app</c>, and connects to it.</summary>
    internal const string Start =
        "$emulator = Start-KmsEmulator -Running -AllowAnonymous; $client = [Net.Http.HttpClient]::new(); " +
        "$null = $client.PutAsync(\"$($emulator.Endpoint)photos\", $null).GetAwaiter().GetResult().EnsureSuccessStatusCode(); $client.Dispose(); " +
        "$null = $emulator | Connect-Kms -Name server; $null = New-KmsKey app -Connection server";

    private const BindingFlags Inside = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;

    internal ServerSession(string start = Start, ModuleHostOptions? options = null)
    {
        Host = ModuleHost.Create(options ?? new ModuleHostOptions());
        Require(start);
    }

    internal ModuleHost Host { get; }

    public void Dispose() => Host.Dispose();

    internal HostRun Run(string script, params object?[] arguments) => Host.Run(script, arguments);

    /// <summary>Runs what must succeed.</summary>
    internal List<PSObject> Require(string script, params object?[] arguments)
    {
        HostRun run = Host.Run(script, arguments);
        return run.Errors.Count == 0 ? [.. run.Output] : throw new InvalidOperationException($"{script}: {run.Errors[0]}");
    }

    /// <summary>A single value of what must succeed.</summary>
    internal T Value<T>(string script, params object?[] arguments) =>
        LanguagePrimitives.ConvertTo<T>(Require(script, arguments).Single());

    /// <summary>The id of the one error that a script ends in or writes.</summary>
    internal string ErrorOf(string script, params object?[] arguments) =>
        Host.Run(script, arguments).Errors.Single().FullyQualifiedErrorId.Split(',')[0];

    /// <summary>The requests that the emulator got so far, as method and path.</summary>
    /// <param name="emulator">The script that gives the emulator.</param>
    internal string[] Requests(string emulator = "$emulator") => WatchRequests(emulator)();

    /// <summary>The same, for whoever looks on while the session is busy.</summary>
    /// <param name="emulator">The script that gives the emulator.</param>
    internal Func<string[]> WatchRequests(string emulator = "$emulator")
    {
        object inner = Inner(emulator);
        PropertyInfo requests = inner.GetType().GetProperty("Requests")!;
        return () => [.. (IReadOnlyList<string>)requests.GetValue(inner)!];
    }

    /// <summary>Spoils every download of a smoke test's object, whose names end in two hexadecimal digits.</summary>
    internal void SpoilDownloads(string kind, params (string Name, object Value)[] settings)
    {
        foreach (string end in Enumerable.Range(0, 256).Select(number => number.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)))
        {
            Inject(kind, settings: [("Method", "GET"), ("PathSuffix", end), .. settings]);
        }
    }

    /// <summary>Spoils answers of an emulator to come.</summary>
    /// <param name="kind">A member of <c>KmsEmulatorFaultKind</c>.</param>
    /// <param name="emulator">The script that gives the emulator.</param>
    /// <param name="settings">The fault's other properties.</param>
    internal void Inject(string kind, string emulator = "$emulator", params (string Name, object Value)[] settings)
    {
        object inner = Inner(emulator);
        MethodInfo inject = inner.GetType().GetMethod("Inject")!;
        Type type = inject.GetParameters().Single().ParameterType;
        object fault = Activator.CreateInstance(type)!;
        PropertyInfo Property(string name) => type.GetProperty(name, Inside)!;
        Property("Kind").SetValue(fault, Enum.Parse(Property("Kind").PropertyType, kind));
        Property("Times").SetValue(fault, int.MaxValue);
        foreach ((string name, object value) in settings)
        {
            Property(name).SetValue(fault, value);
        }

        inject.Invoke(inner, [fault]);
    }

    private object Inner(string emulator)
    {
        object shown = Require(emulator).Single().BaseObject;
        return shown.GetType().GetField("_emulator", Inside)!.GetValue(shown)!;
    }
}
