using RustFs.Kms;
using RustFs.Kms.Bench;

// Each verb is one piece of work. It prints lines of name=value pairs, which bench/run.sh reads.
try
{
    return args switch
    {
        ["protect", string folder, string source, string destination] => await FileBench.ProtectAsync(folder, source, destination),
        ["unprotect", string folder, string source, string destination] => await FileBench.UnprotectAsync(folder, source, destination),
        ["engine"] => EngineBench.Run(),
        ["loop", string what, string seconds] => Loop.Run(what, Number(seconds)),
        ["make-keys", string folder, string count] => await ListBench.MakeAsync(folder, Number(count)),
        ["list-keys", string folder] => await ListBench.ListAsync(folder),
        ["read-keys", string folder] => ListBench.Read(folder),
        ["empty-module", string folder] => EmptyModule.Write(folder),
        ["import", string manifest] => ModuleBench.Import(manifest),
        ["pipeline", string folder, string count] => ModuleBench.Pipeline(folder, Number(count)),
        ["fleet", string count, string milliseconds] => ModuleBench.Fleet(Number(count), Number(milliseconds)),
        ["scale-keys", string folder, string count, string emulated] => ScaleBench.Keys(folder, Number(count), emulated == "emulated"),
        ["scale-files", string folder, string count] => ScaleBench.Files(folder, Number(count)),
        ["serve", string count, string milliseconds] => await BenchServer.RunAsync(Number(count), TimeSpan.FromMilliseconds(Number(milliseconds))),
        _ => Usage(),
    };
}
catch (KmsException exception)
{
    Console.Error.WriteLine($"{exception.Code}: {exception.Message}");
    return 1;
}

static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("Usage: RustFs.Kms.Bench <piece of work> <its arguments>; see bench/run.sh, which knows them all.");
    return 2;
}
