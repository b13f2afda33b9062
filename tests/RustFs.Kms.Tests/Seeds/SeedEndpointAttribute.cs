namespace RustFs.Kms.Tests.Seeds;

/// <summary>
/// The documented endpoint, as method and path, that a test sends a request to. A test that says so and does not is failed by its stage.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class SeedEndpointAttribute(string row) : Attribute
{
    internal string Row { get; } = row;
}
