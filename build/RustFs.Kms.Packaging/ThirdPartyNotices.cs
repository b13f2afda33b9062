using System.Globalization;
using System.Text;

namespace RustFs.Kms.Packaging;

/// <summary>The notices that go with the packages in <c>lib</c>, in the packages' own words.</summary>
internal static class ThirdPartyNotices
{
    private const string OwnLicense = "Apache-2.0";

    /// <summary>Writes the text: one section for each package, with its licence.</summary>
    /// <exception cref="PackagingException">A package has neither a licence text nor the licence whose text this module ships.</exception>
    internal static string Write(IEnumerable<RestoredPackage> packages)
    {
        var text = new StringBuilder(
            """
            RustFs.Kms contains the assemblies of others, in the folder lib. They are unchanged, and each is under its own licence.
            RustFs.Kms.cdx.json lists them with their hashes.

            """.ReplaceLineEndings("\n"));
        foreach (RestoredPackage package in packages)
        {
            text.Append('\n').Append('-', 80).Append('\n')
                .Append(CultureInfo.InvariantCulture, $"{package.Id} {package.Version}\n")
                .Append(CultureInfo.InvariantCulture, $"By: {package.Authors}\n");
            AppendLine(text, "Copyright", package.Copyright);
            AppendLine(text, "Home", package.ProjectUrl);
            text.Append(CultureInfo.InvariantCulture, $"License: {package.License}\n\n").Append(TermsOf(package));
        }

        return text.ToString();
    }

    private static void AppendLine(StringBuilder text, string label, string? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"{label}: {value}\n");
        }
    }

    private static string TermsOf(RestoredPackage package) => package switch
    {
        { LicenseFile: { } file } => File.ReadAllText(file).ReplaceLineEndings("\n").TrimEnd() + "\n",
        { License: OwnLicense } => "The text of this licence is in the file LICENSE.\n",
        _ => throw new PackagingException($"The package {package.Id} {package.Version} is under {package.License} and brings no text of it."),
    };
}
