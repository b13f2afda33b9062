namespace RustFs.Kms.Tests;

/// <summary>What a test may see.</summary>
internal static class DataKeyExtensions
{
    internal static byte[] PlaintextBytes(this KmsDataKey dataKey)
    {
        byte[] bytes = new byte[dataKey.PlaintextLength];
        dataKey.CopyPlaintextTo(bytes);
        return bytes;
    }
}
