using Xunit;

namespace RustFs.Kms.Tests;

/// <summary>A secret is wiped, and never while somebody works with it.</summary>
public sealed class KmsSecretTests
{
    private static readonly byte[] s_bytes = [.. Enumerable.Repeat((byte)0xA5, 32)];

    [Fact]
    public void The_wipe_waits_for_the_last_loan()
    {
        KmsSecret secret = KmsSecret.CopyOf(s_bytes);
        byte[] buffer = secret.Array;
        using (KmsSecret.Loan first = secret.Lend())
        {
            using (KmsSecret.Loan second = secret.Lend())
            {
                secret.Dispose();
                Assert.True(second.Bytes.SequenceEqual(s_bytes));
            }

            Assert.True(first.Bytes.SequenceEqual(s_bytes));
        }

        Assert.Equal(new byte[32], buffer);
        Assert.Throws<ObjectDisposedException>(() => secret.Lend().Dispose());
    }

    [Fact]
    public async Task Whoever_borrows_while_another_disposes_gets_the_bytes_or_a_refusal_and_never_zeros()
    {
        for (int round = 0; round < 5000; round++)
        {
            KmsSecret secret = KmsSecret.CopyOf(s_bytes);
            Task dispose = Task.Run(secret.Dispose);
            try
            {
                using KmsSecret.Loan loan = secret.Lend();
                Assert.True(loan.Bytes.SequenceEqual(s_bytes));
            }
            catch (ObjectDisposedException)
            {
                Assert.True(secret.IsDisposed);
            }

            await dispose;
        }
    }
}
