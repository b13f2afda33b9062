using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>
/// All that the rows of <see cref="SweepRows"/> work on: the connections <c>local</c> (a key directory, with backups), <c>server</c> and
/// <c>fresh</c> (emulators; the second has no settings), files, and a secret of every kind, each a canary. Temporary files go into a folder of
/// the session's own, so its tests belong into <see cref="EnvironmentTestGroup"/>.
/// </summary>
internal sealed class SweepSession : IDisposable
{
    private const string TemporaryFolder = "TMPDIR";

    // The marker that a restore leaves which was interrupted after its first file.
    private const string Half =
        "; $null = Restore-KmsKeyStore \"$root/backups/tour\" -KeyDirectory \"$root/half\" -MasterKey $masterKey -BackupKey $backupKey -ConfirmBackupId tour -ConflictPolicy RestoreIntoEmptyTarget -Force";

    private const string Start = """
        $admin = [pscredential]::new('admin', $serverSecret)
        $stranger = [pscredential]::new('stranger', $serverSecret)
        $proxyCredential = [pscredential]::new('proxy', $proxyPassword)
        $null = Connect-Kms "$root/keys" -MasterKey $masterKey -Create -Name local -BackupDirectory "$root/backups" -BackupKey $backupKey -BackupKeyId k1 -DeploymentIdentity here
        'app', 'other', 'off', 'gone', 'going' | New-KmsKey | Out-Null
        Disable-KmsKey off -Force; Remove-KmsKey going -Force
        $null = Backup-KmsKeyStore -BackupId tour
        $emulator = Start-KmsEmulator -Running -AllowAnonymous -Credential $admin -MasterKey $serverMaster -KeyDirectory "$root/emulator"
        $unset = Start-KmsEmulator -Credential $admin
        $spare = Start-KmsEmulator -Credential $admin
        $client = [Net.Http.HttpClient]::new()
        $null = $client.PutAsync("$($emulator.Endpoint)photos", $null).GetAwaiter().GetResult().EnsureSuccessStatusCode(); $client.Dispose()
        $null = $emulator | Connect-Kms -Name server -NoDefault
        $null = $unset | Connect-Kms -Name fresh -NoDefault
        'app', 'other', 'gone', 'going' | New-KmsKey -Connection server | Out-Null
        Remove-KmsKey going -Connection server -Force
        $null = Backup-KmsKeyStore server -BackupId tour
        $recipient = New-KmsRecoveryKey "$root/in/clear.pem"
        $null = New-KmsRecoveryKey "$root/in/locked.pem" -Passphrase $passphrase
        Protect-KmsFile "$root/plain" "$root/ready.kms" -KeyId app -Passphrase $passphrase -RecoveryRecipient $recipient
        Protect-KmsFile "$root/plain" "$root/sealed.kms" -Passphrase $passphrase
        """;

    private readonly string? _temporaryBefore = Environment.GetEnvironmentVariable(TemporaryFolder);
    private readonly string _outside = Directory.CreateTempSubdirectory("rustfs-kms-sweep-").FullName;

    internal SweepSession()
    {
        Root = Directory.CreateDirectory(Path.Combine(_outside, "root")).FullName;
        Temporary = Directory.CreateDirectory(Path.Combine(_outside, "tmp")).FullName;
        Environment.SetEnvironmentVariable(TemporaryFolder, Temporary);
        Directory.CreateDirectory(Path.Combine(Root, "in"));
        File.WriteAllBytes(Path.Combine(Root, "plain"), RandomNumberGenerator.GetBytes(5000));
        Session = new ServerSession("1", new ModuleHostOptions { Width = 200 });
        foreach ((string name, string text) in Secrets)
        {
            // An address is a string whatever one does; the rest is never one here.
            Session.Require($"param($value) $global:{name} = $value", name is "urlWithPassword" or "customerKey" ? text : KmsSession.Secure(text));
        }

        WriteInputs();
        Session.Require("param($folder) $global:root = $folder", Root);
        Session.Require(Start + Half);
        File.WriteAllText(
            Path.Combine(Root, "half", ".restore-commit.json"),
            $"{{\"format_version\":1,\"backup_id\":\"tour\",\"manifest_digest\":{Digest()},\"files\":[\".master-key.salt\",\"app.key\",\"going.key\",\"gone.key\",\"off.key\",\"other.key\"]}}");
    }

    internal ServerSession Session { get; }

    internal string Root { get; }

    internal string Temporary { get; }

    /// <summary>The secrets by the names of their variables: unlike anything else, and with characters that every encoding changes.</summary>
    internal Dictionary<string, string> Secrets { get; } = new()
    {
        ["masterKey"] = "cAnary+m4ster/key?one=1&\"x",
        ["serverMaster"] = "cAnary+s3rver/master?two=2&\"x",
        ["serverSecret"] = "cAnary+acc3ss/secret?three=3",
        ["sessionToken"] = "cAnary+s3ssion/token?four=4",
        ["proxyPassword"] = "cAnary+pr0xy/password?five=5",
        ["passphrase"] = "cAnary+p4ssphrase/six?=6&<x>",
        ["vaultToken"] = "hvs.cAnaryV4ultToken7seven",
        ["roleSecret"] = "cAnary-r0le-secret-8-eight",
        ["backupKey"] = "Y0FuYXJ5LWJhY2t1cC1rZXktOS05LTktOS05LTk5OTk=",
        ["urlWithPassword"] = "http://user:cAnaryUrlPassw0rdTen@127.0.0.1:1",
        ["customerKey"] = "Y0FuYXJ5LWN1c3RvbWVyLWtleS0xMS0xMS0xMS0xMTE=",
    };

    /// <summary>What is looked for: the secrets in their bytes, an address's password, and a recovery key's private half.</summary>
    internal Dictionary<string, byte[]> Canaries()
    {
        Dictionary<string, byte[]> canaries = Secrets.ToDictionary(secret => secret.Key, secret => Encoding.UTF8.GetBytes(secret.Value));
        canaries["urlWithPassword"] = "cAnaryUrlPassw0rdTen"u8.ToArray();
        canaries["backupKey bytes"] = Convert.FromBase64String(Secrets["backupKey"]);
        string pem = File.ReadAllText(Path.Combine(Root, "in", "clear.pem"));
        canaries["recovery key"] = Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data])[^32..];
        return canaries;
    }

    public void Dispose()
    {
        Session.Dispose();
        Environment.SetEnvironmentVariable(TemporaryFolder, _temporaryBefore);
        Directory.Delete(_outside, recursive: true);
    }

    /// <summary>Everything below the root and among the temporary files: names, bytes, times and modes.</summary>
    internal SortedDictionary<string, string> Snapshot() => new(
        OpenFiles.EntriesIn(_outside).ToDictionary(
            path => Path.GetRelativePath(_outside, path),
            path => File.Exists(path)
                ? $"{File.GetLastWriteTimeUtc(path):O} {ModeOf(path)} {Convert.ToHexString(SHA256.HashData(OpenFiles.Read(path)))}"
                : $"{ModeOf(path)} (directory)"),
        StringComparer.Ordinal);

    private static string ModeOf(string path) => OperatingSystem.IsWindows() ? string.Empty : File.GetUnixFileMode(path).ToString();

    private string Digest()
    {
        using var manifest = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Root, "backups", "tour", "manifest.json")));
        return manifest.RootElement.GetProperty("manifest_digest").GetRawText();
    }

    // Inputs hold secrets by their nature, so they lie apart.
    private void WriteInputs()
    {
        File.WriteAllText(Path.Combine(Root, "in", "vault.json"), $$$"""{"backend_type":"vault-kv2","address":"https://vault.test","auth_method":{"Token":{"token":"{{{Secrets["vaultToken"]}}}"}},"unknown":1}""");
        File.WriteAllText(Path.Combine(Root, "in", "rustfs.log"), $"INFO master_key=\"{Secrets["masterKey"].Replace("\"", "\\\"", StringComparison.Ordinal)}\" token={Secrets["vaultToken"]}\nthe end\n");
    }
}
