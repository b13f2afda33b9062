using System.Reflection;
using RustFs.Kms.Tests.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Seeds;

/// <summary>Every endpoint of the four documents is reached by our client, and by the program that the document itself calls it with.</summary>
public sealed class SeedCoverageTests
{
    public static TheoryData<string, string, string> Rows()
    {
        var rows = new TheoryData<string, string, string>();
        foreach (SeedEndpoint endpoint in SeedEndpoints.All)
        {
            rows.Add(endpoint.Tests.Name, endpoint.Section, endpoint.Row);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Every_row_has_a_test_of_ours_and_one_of_a_foreign_program(string tests, string section, string row)
    {
        SeedEndpoint endpoint = SeedEndpoints.All.Single(known => (known.Tests.Name, known.Section, known.Row) == (tests, section, row));
        MethodInfo[] marked = [.. Tests(endpoint.Tests).Where(test => Marks(test).Contains(row))];

        Assert.Contains(marked, test => !IsForeign(test));
        Assert.Contains(marked, IsForeign);
    }

    [Fact]
    public void No_test_is_marked_with_an_endpoint_that_its_document_does_not_have()
    {
        foreach (Type document in SeedEndpoints.All.Select(endpoint => endpoint.Tests).Distinct())
        {
            string[] known = [.. SeedEndpoints.All.Where(endpoint => endpoint.Tests == document).Select(endpoint => endpoint.Row)];
            Assert.All(Tests(document).SelectMany(Marks), row => Assert.Contains(row, known));
            Assert.Equal(known.Length, known.Distinct().Count());
        }
    }

    [Theory]
    [InlineData(typeof(ApiUsageGuideTests), 7)]
    [InlineData(typeof(FrontendIntegrationGuideTests), 22)]
    [InlineData(typeof(HttpApiReferenceTests), 14)]
    [InlineData(typeof(TroubleshootingTests), 6)]
    public void A_document_has_so_many_endpoints(Type document, int count) =>
        Assert.Equal(count, SeedEndpoints.All.Count(endpoint => endpoint.Tests == document));

    private static IEnumerable<MethodInfo> Tests(Type document) => document.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null);

    private static IEnumerable<string> Marks(MethodInfo test) => test.GetCustomAttributes<SeedEndpointAttribute>().Select(mark => mark.Row);

    private static bool IsForeign(MethodInfo test) => test.GetCustomAttribute<FactAttribute>() is ToolFactAttribute or ToolTheoryAttribute;
}
