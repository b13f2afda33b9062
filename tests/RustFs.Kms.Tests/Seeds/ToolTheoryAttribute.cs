using RustFs.Kms.Tests.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Seeds;

/// <summary>Tests that need a program of another's; where that is not installed, they are skipped and say so.</summary>
internal sealed class ToolTheoryAttribute : TheoryAttribute
{
    public ToolTheoryAttribute(string program, string probe) => Skip = new ToolFactAttribute(program, probe).Skip;
}
