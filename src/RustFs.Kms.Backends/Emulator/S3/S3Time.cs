using System.Globalization;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Times as S3 writes them.</summary>
internal static class S3Time
{
    internal static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    internal static string Http(DateTimeOffset time) => time.ToUniversalTime().ToString("R", CultureInfo.InvariantCulture);
}
