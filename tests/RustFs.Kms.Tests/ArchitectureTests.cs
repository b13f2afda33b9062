using System.Reflection;
using RustFs.Kms.Backends;
using Xunit;

namespace RustFs.Kms.Tests;

/// <summary>Who may import whom. The cmdlets' half is in the module tests, which see the assembly that ships.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly s_contracts = typeof(KmsException).Assembly;
    private static readonly Assembly s_backends = typeof(KmsBackends).Assembly;

    [Fact]
    public void The_contracts_know_nothing_but_the_runtime() => Assert.Empty(Foreign(s_contracts));

    [Fact]
    public void The_engines_know_the_contracts_and_their_packages_and_no_PowerShell() =>
        Assert.Subset(new HashSet<string> { "RustFs.Kms", "AWSSDK.Core", "AWSSDK.S3", "BouncyCastle.Cryptography" }, Foreign(s_backends));

    [Fact]
    public void No_type_of_a_package_is_on_the_public_surface()
    {
        Type[] exposed = [.. s_contracts.GetExportedTypes().SelectMany(type => type.GetMembers()).SelectMany(TypesOf)];
        Assert.DoesNotContain(exposed, type => Foreign(s_backends).Except(["RustFs.Kms"]).Contains(type.Assembly.GetName().Name));
    }

    [Fact]
    public void The_engines_show_one_class_and_that_only_to_the_cmdlets()
    {
        Assert.Empty(s_backends.GetExportedTypes());
        Assert.Equal(
            nameof(KmsBackends),
            Assert.Single(s_backends.GetTypes(), type => type.Namespace == "RustFs.Kms.Backends" && !type.IsNested).Name);
    }

    [Theory]
    [InlineData(nameof(KmsDataKey))]
    [InlineData(nameof(KmsKey))]
    [InlineData(nameof(KmsConnection))]
    public void What_is_shown_to_people_has_no_property_for_a_secret(string typeName)
    {
        Type type = s_contracts.GetExportedTypes().Single(exported => exported.Name == typeName);
        Assert.DoesNotContain(
            type.GetProperties(),
            property => property.Name is "Plaintext" or "Material" or "MasterKey" or "Secret" || property.PropertyType.Name == "KmsSecret");
    }

    [Fact]
    public void Lists_that_people_get_can_be_indexed_in_scripts()
    {
        PropertyInfo[] lists =
        [
            .. s_contracts.GetExportedTypes().SelectMany(type => type.GetProperties())
                .Where(property => property.SetMethod is { IsPublic: true } && property.PropertyType.Name == "IReadOnlyList`1"),
        ];
        Assert.True(lists.Length > 10);
        Assert.All(lists, list =>
        {
            object owner = System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(list.DeclaringType!);
            object given = typeof(ArchitectureTests).GetMethod(nameof(ListOf), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(list.PropertyType.GenericTypeArguments).Invoke(null, null)!;
            list.SetValue(owner, given);
            Assert.NotEmpty(list.GetValue(owner)!.GetType().GetDefaultMembers());
        });
    }

    // What the compiler makes of it is the worst case: a type without a public indexer.
    private static IReadOnlyList<T> ListOf<T>() => [default!, default!];

    private static HashSet<string> Foreign(Assembly assembly) =>
    [
        .. assembly.GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && !name.StartsWith("Microsoft.Win32.", StringComparison.Ordinal)),
    ];

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        PropertyInfo property => [property.PropertyType],
        MethodInfo method => [method.ReturnType, .. method.GetParameters().Select(parameter => parameter.ParameterType)],
        FieldInfo field => [field.FieldType],
        _ => [],
    };
}
