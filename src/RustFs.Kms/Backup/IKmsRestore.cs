namespace RustFs.Kms;

/// <summary>The way to restore into a directory that is no open connection, because there is nothing there yet to connect to.</summary>
internal interface IKmsRestore : IKmsBackups, IDisposable;
