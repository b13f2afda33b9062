using System.Management.Automation;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>From what a user gives as <c>-RecoveryRecipient</c> to recipients.</summary>
internal static class RecoveryRecipientInput
{
    // A path cannot begin like PEM, and hardly like the Base64 of an X25519 public key: its first nine bytes are the same for all (RFC 8410).
    private const string Pem = "-----BEGIN ";
    private const string Base64Start = "MCowBQYDK2Vu";

    /// <summary>The recipients: each a file with one, or its own text.</summary>
    /// <exception cref="KmsException">One of them is none.</exception>
    internal static IReadOnlyList<KmsRecoveryRecipient> Resolve(SessionState session, string[]? recipients, CancellationToken stop) =>
        [.. (recipients ?? []).Select(recipient => Resolve(session, recipient.Trim(), stop))];

    private static KmsRecoveryRecipient Resolve(SessionState session, string recipient, CancellationToken stop) =>
        recipient.StartsWith(Pem, StringComparison.Ordinal) || recipient.StartsWith(Base64Start, StringComparison.Ordinal)
            ? KmsBackends.ReadRecoveryRecipient(recipient)
            : KmsBackends.ReadRecoveryRecipientFileAsync(Paths.Resolve(session, recipient), stop).GetAwaiter().GetResult();
}
