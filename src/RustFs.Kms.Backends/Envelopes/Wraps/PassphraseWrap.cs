using System.Security.Cryptography;
using System.Text.Json;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes.Wraps;

/// <summary>A wrap under a passphrase. Rule: docs/envelope-format.md 5.2.</summary>
internal sealed class PassphraseWrap : EnvelopeWrap
{
    internal const string Type = "passphrase";
    private const string Argon2id = "argon2id";
    private const int SaltLength = 16;
    private const int MaximumMemoryKiB = 1024 * 1024;
    private const int MaximumIterations = 16;
    private const int MaximumLanes = 16;
    private const int MinimumMemoryPerLane = 8;
    private const long MaximumWork = 4L * 1024 * 1024;

    private readonly KmsPassphraseCost _cost;
    private readonly byte[] _salt;
    private readonly byte[] _wrappedKey;

    private PassphraseWrap(KmsPassphraseCost cost, byte[] salt, byte[] wrappedKey)
    {
        _cost = cost;
        _salt = salt;
        _wrappedKey = wrappedKey;
        Description = Describe(cost);
    }

    internal static IReadOnlyCollection<string> Members { get; } =
        ["type", "kdf", "version", "memory_kib", "iterations", "lanes", "salt", "wrapped_key"];

    internal override KmsEnvelopeWrap Description { get; }

    /// <summary>Whether a derivation of that cost is one that a reader takes on.</summary>
    internal static bool IsPermitted(KmsPassphraseCost cost) =>
        cost.Lanes is >= 1 and <= MaximumLanes
        && cost.Iterations is >= 1 and <= MaximumIterations
        && cost.MemoryKiB >= MinimumMemoryPerLane * cost.Lanes
        && cost.MemoryKiB <= MaximumMemoryKiB
        && WorkOf(cost.MemoryKiB, cost.Iterations) <= MaximumWork;

    /// <summary>Whether a reader tries a passphrase on all of them: 64 costly ones would keep it busy for long.</summary>
    internal static bool IsPermittedTogether(IEnumerable<KmsEnvelopeWrap> wraps) =>
        wraps.Sum(wrap => WorkOf(wrap.MemoryKiB ?? 0, wrap.Iterations ?? 0)) <= MaximumWork;

    internal static KmsEnvelopeWrap Describe(KmsPassphraseCost cost) => new()
    {
        Kind = KmsEnvelopeWrapKind.Passphrase,
        Type = Type,
        MemoryKiB = cost.MemoryKiB,
        Iterations = cost.Iterations,
        Lanes = cost.Lanes,
    };

    internal static PassphraseWrap Read(EnvelopeJson json)
    {
        if (json.Text("kdf") != Argon2id)
        {
            throw new JsonException("'kdf' is none that this version knows");
        }

        _ = json.Number("version", Argon2Parameters.Version13, Argon2Parameters.Version13);
        var cost = new KmsPassphraseCost(
            json.Number("memory_kib", MinimumMemoryPerLane, MaximumMemoryKiB),
            json.Number("iterations", 1, MaximumIterations),
            json.Number("lanes", 1, MaximumLanes));
        return IsPermitted(cost)
            ? new PassphraseWrap(cost, json.Bytes("salt", SaltLength), json.Bytes("wrapped_key", EnvelopeFormat.WrappedKeyLength))
            : throw new JsonException("the passphrase's derivation asks for too much, or for too little memory");
    }

    /// <summary>Wraps a file key under a passphrase, with a fresh salt.</summary>
    internal static PassphraseWrap Make(KmsSecret fileKey, byte[] fileSalt, KmsSecret passphrase, KmsPassphraseCost cost)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        using KmsSecret key = Derive(passphrase, salt, cost);
        return new PassphraseWrap(cost, salt, SingleUseKey.Wrap(fileKey, key, fileSalt, Type, PublicFieldsOf(cost, salt)));
    }

    /// <summary>The file key; null when it does not open.</summary>
    internal KmsSecret? TryOpen(KmsSecret passphrase, byte[] fileSalt)
    {
        using KmsSecret key = Derive(passphrase, _salt, _cost);
        return SingleUseKey.TryUnwrap(_wrappedKey, key, fileSalt, Type, PublicFieldsOf(_cost, _salt));
    }

    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("type", Type);
        json.WriteString("kdf", Argon2id);
        json.WriteNumber("version", Argon2Parameters.Version13);
        json.WriteNumber("memory_kib", _cost.MemoryKiB);
        json.WriteNumber("iterations", _cost.Iterations);
        json.WriteNumber("lanes", _cost.Lanes);
        json.WriteBase64String("salt", _salt);
        json.WriteBase64String("wrapped_key", _wrappedKey);
    }

    private static long WorkOf(int memoryKiB, int iterations) => (long)memoryKiB * iterations;

    private static KmsSecret Derive(KmsSecret passphrase, byte[] salt, KmsPassphraseCost cost)
    {
        Argon2Parameters parameters = new Argon2Parameters.Builder(Argon2Parameters.Argon2id)
            .WithVersion(Argon2Parameters.Version13)
            .WithMemoryAsKB(cost.MemoryKiB)
            .WithIterations(cost.Iterations)
            .WithParallelism(cost.Lanes)
            .WithSalt(salt)
            .Build();
        using KmsSecret.Loan loan = passphrase.Lend();
        using KmsSecret password = KmsSecret.CopyOf(loan.Bytes);
        KmsSecret derived = KmsSecret.OfLength(AeadCipher.KeyLength);
        var generator = new Argon2BytesGenerator();
        generator.Init(parameters);
        generator.GenerateBytes(password.Array, derived.Array);
        return derived;
    }

    private static byte[] PublicFieldsOf(KmsPassphraseCost cost, ReadOnlySpan<byte> salt) => new PublicFields()
        .Add(Type)
        .Add(Argon2id)
        .Add((uint)Argon2Parameters.Version13)
        .Add((uint)cost.MemoryKiB)
        .Add((uint)cost.Iterations)
        .Add((uint)cost.Lanes)
        .Add(salt)
        .Bytes;
}
