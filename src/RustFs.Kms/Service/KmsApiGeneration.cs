namespace RustFs.Kms;

/// <summary>The generations of RustFS's KMS admin API.</summary>
public enum KmsApiGeneration
{
    /// <summary>Find out, by requests that change nothing.</summary>
    Auto,

    /// <summary>Servers from <c>1.0.0-rc.1</c> on.</summary>
    Current,

    /// <summary>Servers from <c>1.0.0-alpha.60</c> on, and the guides of that time.</summary>
    Guide,

    /// <summary>The API before that: <c>key/create?keyName=</c> and its like.</summary>
    Early,
}
