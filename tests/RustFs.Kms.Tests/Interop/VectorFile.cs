using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests.Interop;

/// <summary>The fixed vectors, handed to theories by file and place so that each shows under its own name.</summary>
internal static class VectorFile
{
    public static JsonElement Get(string file, int index)
    {
        return Load(file)[index];
    }

    /// <summary>Every vector of the type; none is an error, or a theory without data would pass for a good one.</summary>
    public static TheoryData<int, string> OfType(string file, string type)
    {
        var data = new TheoryData<int, string>();
        List<JsonElement> vectors = Load(file);
        for (int index = 0; index < vectors.Count; index++)
        {
            if (vectors[index].GetProperty("type").GetString() == type)
            {
                data.Add(index, vectors[index].GetProperty("name").GetString()!);
            }
        }

        return data.Count > 0 ? data : throw new InvalidOperationException($"{file} holds no vector of type {type}.");
    }

    public static IEnumerable<string> Types(string file)
    {
        return Load(file).Select(vector => vector.GetProperty("type").GetString()!).Distinct();
    }

    public static byte[] Hex(this JsonElement vector, string name)
    {
        return Convert.FromHexString(vector.GetProperty(name).GetString()!);
    }

    public static string Text(this JsonElement vector, string name)
    {
        return vector.GetProperty(name).GetString()!;
    }

    public static string? TextOrNull(this JsonElement vector, string name)
    {
        return vector.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
    }

    private static List<JsonElement> Load(string file)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Vectors", file);
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. document.RootElement.GetProperty("vectors").EnumerateArray().Select(vector => vector.Clone())];
    }
}

/// <summary>A directory that is gone after the test.</summary>
internal sealed class KeyFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rustfs-interop-").FullName;

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
    }

    public string File(string name)
    {
        return System.IO.Path.Combine(Path, name);
    }
}
