using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What happens when a runspace imports or removes the module. Importing hooks one assembly name and does nothing else: no
/// file is touched, and nothing of <c>lib/</c> is loaded before the first cmdlet needs it.
/// </summary>
public sealed class ModuleLifecycle : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private const string BackendsName = "RustFs.Kms.Backends";

    private static readonly object s_gate = new();
    private static int s_imports;
    private static LibraryContext? s_library;

    /// <summary>Called by PowerShell, once per runspace that imports the module.</summary>
    public void OnImport()
    {
        lock (s_gate)
        {
            if (s_imports++ == 0)
            {
                AssemblyLoadContext.Default.Resolving += ResolveBackends;
            }
        }
    }

    /// <summary>Called by PowerShell when a runspace removes the module: its connections are closed, its emulators stopped, and their secrets wiped.</summary>
    /// <param name="psModuleInfo">The module that is removed.</param>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        ConnectionState.CloseCurrent();
        EmulatorState.CloseCurrent();
        lock (s_gate)
        {
            // Runspaces import and remove independently: the hook stays for as long as one of them may still need it.
            if (s_imports > 0 && --s_imports == 0)
            {
                AssemblyLoadContext.Default.Resolving -= ResolveBackends;
            }
        }
    }

    private static Assembly? ResolveBackends(AssemblyLoadContext context, AssemblyName name)
    {
        if (!string.Equals(name.Name, BackendsName, StringComparison.Ordinal))
        {
            return null;
        }

        lock (s_gate)
        {
            // One for the life of the process: a second one would make second copies of every type in it.
            s_library ??= new LibraryContext();
            return s_library.LoadFromAssemblyName(name);
        }
    }

    /// <summary>The private context: the engines and their packages live here, whatever versions other modules have loaded.</summary>
    private sealed class LibraryContext : AssemblyLoadContext
    {
        private static readonly Assembly s_contracts = typeof(KmsConnection).Assembly;
        private readonly string _folder;

        internal LibraryContext()
            : base("RustFs.Kms") =>
            _folder = Path.Combine(Path.GetDirectoryName(typeof(ModuleLifecycle).Assembly.Location)!, "lib");

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            // The contracts are shared with the default context: two copies would be two types.
            if (string.Equals(assemblyName.Name, s_contracts.GetName().Name, StringComparison.Ordinal))
            {
                return s_contracts;
            }

            string path = Path.Combine(_folder, assemblyName.Name + ".dll");
            return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }
    }
}
