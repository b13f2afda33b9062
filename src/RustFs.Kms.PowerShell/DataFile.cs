using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>Reads a PowerShell data file: one hashtable of constants. Nothing of it is run.</summary>
internal static class DataFile
{
    /// <summary>The hashtable of a data file.</summary>
    /// <param name="bytes">What the file holds.</param>
    /// <param name="path">The file, for the error.</param>
    /// <exception cref="KmsException">It is none.</exception>
    internal static Hashtable Read(byte[] bytes, string path)
    {
        using var reader = new StreamReader(new MemoryStream(bytes), Encoding.UTF8);
        try
        {
            ScriptBlockAst ast = Parser.ParseInput(reader.ReadToEnd(), out _, out ParseError[] errors);
            if (errors.Length > 0)
            {
                // Only where: its own text quotes what may be a secret.
                IScriptExtent place = errors[0].Extent;
                throw new KmsException(KmsErrorCode.KmsUsage, Strings.DataFileDamaged(path, place.StartLineNumber, place.StartColumnNumber), path);
            }

            return ast.EndBlock?.Statements is [PipelineAst { PipelineElements: [CommandExpressionAst { Expression: HashtableAst table }] }]
                && table.SafeGetValue() is Hashtable values
                    ? values
                    : throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotADataFile(path), path);
        }
        catch (Exception exception) when (exception is InvalidOperationException or RuntimeException)
        {
            // It would have to be run; or the engine's parser itself gave up, as it does at a number of hundreds of digits.
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotADataFile(path), path);
        }
    }
}
