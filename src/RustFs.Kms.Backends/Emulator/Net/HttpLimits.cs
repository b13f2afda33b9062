namespace RustFs.Kms.Backends.Emulator;

/// <summary>How much a client may send, and how long it may take.</summary>
internal sealed record HttpLimits
{
    /// <summary>The bytes of a request line and its headers together.</summary>
    internal const int HeadLength = 64 * 1024;

    internal const int HeaderCount = 200;

    /// <summary>What is read and dropped of a body that nobody wanted, so that the connection can go on.</summary>
    internal const long DrainLength = 16 * 1024 * 1024;

    /// <summary>How many connections are open at once; who comes then waits.</summary>
    internal int Connections { get; init; } = 512;

    /// <summary>From one request to the next.</summary>
    internal TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>From the first byte of a request to the end of its headers.</summary>
    internal TimeSpan Head { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From the first look at a body to its end.</summary>
    internal TimeSpan Body { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For taking an answer.</summary>
    internal TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For closing a connection after its last answer, from one piece of unwanted input to the next.</summary>
    internal TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What requests under way have left when the server stops.</summary>
    internal TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);
}
