using Xunit;

namespace RustFs.Kms.Tests.Shared;

/// <summary>Tests that measure this process (its memory, threads and handles) or the machine; they run when no other test does.</summary>
[CollectionDefinition(nameof(AloneTestGroup), DisableParallelization = true)]
public sealed class AloneTestGroup;
