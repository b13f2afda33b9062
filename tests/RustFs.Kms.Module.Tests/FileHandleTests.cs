using System.Diagnostics;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What the work on files leaves open: counted in a process that does nothing else.</summary>
[Collection(nameof(AloneTestGroup))]
public sealed class FileHandleTests
{
    [Fact]
    public void Many_small_files_go_through_the_pipeline_and_leave_no_threads_or_handles()
    {
        using var session = new FileSession();
        for (int number = 0; number < 300; number++)
        {
            session.Write($"{number:000}.bin", number);
        }

        session.Require("Protect-KmsFile 000.bin -KeyId app; Unprotect-KmsFile 000.bin.kms -Force"); // what starts once, has started
        (int threads, int handles) = Count();
        session.Require("Protect-KmsFile *.bin -KeyId app -RecoveryRecipient $recovery -Force -RemoveSource");
        Assert.Equal(300, session.Names.Length);
        Assert.Equal(300, session.Value<int>("@(Unprotect-KmsFile *.kms -RemoveSource -PassThru).Count"));
        Assert.All(session.Names.Select((name, number) => (name, number)), file => Assert.Equal(($"{file.number:000}.bin", file.number), (file.name, session.Read(file.name).Length)));
        (int threadsAfter, int handlesAfter) = Count();
        Assert.InRange(threadsAfter - threads, int.MinValue, 40); // the pool's own grow and shrink; 600 files would show
        Assert.InRange(handlesAfter - handles, int.MinValue, 60);

        static (int Threads, int Handles) Count()
        {
            using var process = Process.GetCurrentProcess();
            return (process.Threads.Count, Directory.Exists("/proc/self/fd") ? Directory.GetFileSystemEntries("/proc/self/fd").Length : process.HandleCount);
        }
    }
}
