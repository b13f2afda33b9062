using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>Objects that nobody made the usual way: every text that they can hold is the one that is given.</summary>
internal static class ObjectOf
{
    private const BindingFlags Inside = BindingFlags.Instance | BindingFlags.NonPublic;

    /// <summary>An object of a type, with a text wherever one can stand: in texts, lists, maps, and the objects within.</summary>
    internal static object EveryText(Type type, string text)
    {
        object made = RuntimeHelpers.GetUninitializedObject(type);
        foreach (PropertyInfo property in type.GetProperties())
        {
            if (FieldOf(property) is FieldInfo field && ValueOf(property.PropertyType, text) is object value)
            {
                field.SetValue(made, value);
            }
        }

        return made;
    }

    /// <summary>Where a property keeps its value; null when it has none of its own.</summary>
    internal static FieldInfo? FieldOf(PropertyInfo property) => property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", Inside);

    private static object? ValueOf(Type type, string text)
    {
        Type[] arguments = type.GetGenericArguments();
        return type switch
        {
            _ when type == typeof(string) => text,
            _ when type == typeof(IReadOnlyDictionary<string, string>) => new Dictionary<string, string> { [text] = text },
            _ when arguments.Length == 1 && typeof(IEnumerable).IsAssignableFrom(type) => ListOf(arguments[0], text),
            _ when type.IsClass && type.Namespace?.StartsWith("RustFs", StringComparison.Ordinal) == true => EveryText(type, text),
            _ => null,
        };
    }

    private static Array ListOf(Type type, string text)
    {
        var list = Array.CreateInstance(type, 1);
        list.SetValue(ValueOf(type, text), 0);
        return list;
    }
}
