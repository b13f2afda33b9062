using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>
/// What another module may have loaded before: an older AWSSDK.Core and another BouncyCastle, in the default context. It is
/// done before any test runs, so that all of them run beside it.
/// </summary>
internal static class Conflict
{
    internal const string AwsName = "AWSSDK.Core";
    internal const string BouncyCastleName = "BouncyCastle.Cryptography";

    /// <summary>The class of BouncyCastle that the module needs for every master key; the stand-in's has nothing in it.</summary>
    internal const string Argon2Name = "Org.BouncyCastle.Crypto.Generators.Argon2BytesGenerator";

    /// <summary>The real package in another version.</summary>
    internal static string AwsPath { get; } = Path.Combine(AppContext.BaseDirectory, AwsName + ".dll");

    /// <summary>
    /// A stand-in, because the registry here has one version of BouncyCastle only: an assembly of that name and another version.
    /// </summary>
    internal static string BouncyCastlePath { get; } = WriteStandIn();

    internal static Assembly Aws { get; private set; } = null!;

    internal static Assembly BouncyCastle { get; private set; } = null!;

    /// <summary>Whether the module had loaded its own before; then the tests would prove less.</summary>
    internal static bool CameTooLate { get; private set; }

#pragma warning disable CA2255 // A test assembly is nobody's library, and nothing else runs before every test.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Provoke()
    {
        CameTooLate = AssemblyLoadContext.All.Any(context => context.Name == "RustFs.Kms");
        Aws = AssemblyLoadContext.Default.LoadFromAssemblyPath(AwsPath);
        BouncyCastle = AssemblyLoadContext.Default.LoadFromAssemblyPath(BouncyCastlePath);
    }

    private static string WriteStandIn()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "stand-in", BouncyCastleName + ".dll");
        if (File.Exists(path))
        {
            return path;
        }

        var name = new AssemblyName(BouncyCastleName) { Version = new Version(1, 0, 0, 0) };
        var assembly = new PersistedAssemblyBuilder(name, typeof(object).Assembly);
        assembly.DefineDynamicModule(BouncyCastleName).DefineType(Argon2Name, TypeAttributes.Public | TypeAttributes.Class).CreateType();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Environment.ProcessId}";
        assembly.Save(temporary);
        File.Move(temporary, path, overwrite: true);
        return path;
    }
}
