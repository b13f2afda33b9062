using RustFs.Kms;
using RustFs.Kms.Bench;

// Each verb is one piece of work. It prints one line of name=value pairs, which bench/run.sh reads.
try
{
    return args switch
    {
        ["protect", string folder, string source, string destination] => await FileBench.ProtectAsync(folder, source, destination),
        ["unprotect", string folder, string source, string destination] => await FileBench.UnprotectAsync(folder, source, destination),
        _ => Usage(),
    };
}
catch (KmsException exception)
{
    Console.Error.WriteLine($"{exception.Code}: {exception.Message}");
    return 1;
}

static int Usage()
{
    Console.Error.WriteLine("Usage: RustFs.Kms.Bench protect|unprotect <working folder> <source> <destination>");
    return 2;
}
