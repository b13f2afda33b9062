using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>
/// No secret comes out of any stream, error, serialized form or file. Master keys are canaries; data keys are read by the one
/// way there is, and then looked for. (Transcripts need Microsoft.PowerShell.Host, which the engine alone has not; what they
/// would hold is the text, which is searched.)
/// </summary>
[Trait(RustFs.Kms.Tests.Shared.ReliabilityRun.Trait, "secrets")]
public sealed class SecretTests
{
    private const string Loud = "$VerbosePreference = 'Continue'; $DebugPreference = 'Continue'; $InformationPreference = 'Continue'";

    private static readonly JsonSerializerOptions s_fieldsToo = new() { IncludeFields = true };
    private static readonly byte[] s_masterKey = Encoding.UTF8.GetBytes(KmsSession.MasterKeyText);

    public static TheoryData<string> Forms { get; } = new(
        "text canary-master-key-7b1f text", "63616e6172792d6d61737465722d6b65792d37623166", "63-61-6E-61-72-79-2D-6D-61",
        "{99, 97, 110, 97, 114, 121, 45, 109, 97, 115}", "99 97 110 97 114 121 45 109", "99\n97\n110\n97\n114\n121\n45\n109\n",
        "<By>99</By><By>97</By><By>110</By><By>97</By><By>114</By><By>121</By><By>45</By><By>109</By>",
        "0x63, 0x61, 0x6e, 0x61, 0x72, 0x79, 0x2d, 0x6d", "Y2FuYXJ5LW1hc3Rlci1r\n  ZXktN2IxZg==", "c\0a\0n\0a\0r\0y\0-\0m\0a\0s\0t\0e\0r\0-\0k\0e\0y\0-\07\0b\01\0f\0");

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_search_finds_a_secret_in_any_form(string text)
    {
        var trace = new SecretTrace();
        trace.Add(text);
        Assert.NotNull(trace.Find(s_masterKey));
    }

    [Fact]
    public void The_search_finds_a_secret_within_base64_and_in_every_place_of_an_error()
    {
        Assert.All(Enumerable.Range(0, 3), shift =>
        {
            var trace = new SecretTrace();
            trace.Add(Convert.ToBase64String([.. new byte[] { 1, 2 }.Take(shift), .. s_masterKey, 7, 7, 7]));
            Assert.NotNull(trace.Find(s_masterKey));
        });
        using ModuleHost host = ModuleHost.Create();
        foreach (string script in (string[])
                 [
                     "param($secret) throw [Exception]::new('outer', [Exception]::new($secret))",
                     "param($secret) [pscustomobject] @{ A = @{ B = $secret } }",
                     "param($secret) $Host.UI.WriteVerboseLine($secret)",
                     "param($secret) [byte[]] [char[]] $secret | ForEach-Object { $_ }",
                 ])
        {
            var trace = new SecretTrace();
            trace.Add(host.RunText(script, KmsSession.MasterKeyText));
            Assert.NotNull(trace.Find(s_masterKey));
        }
    }

    [Fact]
    public void Nothing_that_any_cmdlet_says_shows_or_leaves_behind_holds_a_secret()
    {
        using var session = new KmsSession("app", "other", "off", "gone");
        session.Require("Disable-KmsKey off -Force");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "damaged.key"), "{");
        object secure = KmsSession.Secure(KmsSession.MasterKeyText);
        session.Require($"param($directory, $key) {Loud}", session.KeyDirectory, secure);
        var trace = new SecretTrace();

        // Not here: parameters that exclude each other. The engine refuses those before the module runs, and its exception holds
        // what was bound, as a SecureString; where the platform does not encrypt these, a serialized exception is as good as clear.
        string[] scripts =
        [
            "Connect-Kms $directory -MasterKey $key -Name again -NoDefault",
            "Connect-Kms $directory -MasterKey $key -Create -Name twice -NoDefault",
            "Connect-Kms \"$directory/none\" -MasterKey $key -Name nowhere -NoDefault",
            "Connect-Kms $directory -MasterKey $key -Name 'bad*name' -NoDefault",
            "Get-KmsConnection", "Get-KmsConnection nope", "Get-KmsStatus", "Get-KmsStatus -Connection nope",
            "New-KmsKey made -Tag @{ a = 1 }", "New-KmsKey made", "New-KmsKey ../x", "New-KmsKey x -Tag @{ a = @(1) }",
            "Get-KmsKey", "Get-KmsKey app", "Get-KmsKey nope", "Get-KmsKey damaged",
            "Set-KmsKey app -Description d -PassThru", "Set-KmsKey nope -Description d",
            "Add-KmsKeyTag app @{ a = 1 } -PassThru", "Add-KmsKeyTag app @{ name = 1 }", "Remove-KmsKeyTag app a -PassThru -Confirm:$false", "Remove-KmsKeyTag app name -Confirm:$false",
            "Disable-KmsKey made -Force -PassThru", "Disable-KmsKey damaged -Force", "Enable-KmsKey made -PassThru", "Enable-KmsKey nope",
            "Remove-KmsKey gone -Force -PassThru", "Remove-KmsKey nope -Force", "Remove-KmsKey app -Force -WhatIf", "Undo-KmsKeyRemoval gone", "Undo-KmsKeyRemoval app",
            "Invoke-KmsKeyRotation app", "Test-KmsKey app, off, damaged, nope -RoundTrip", "Test-KmsKey app -Quiet",
            "$dataKey = New-KmsDataKey app -EncryptionContext @{ a = 1 }; $dataKey", "$small = New-KmsDataKey app -KeySpec Aes128; $small", "New-KmsDataKey off", "New-KmsDataKey nope",
            "$opened = Unprotect-KmsDataKey $dataKey.CiphertextBlob; $opened", "$dataKey | Unprotect-KmsDataKey -EncryptionContext @{ a = 2 }", "Unprotect-KmsDataKey 'AQID'", "Unprotect-KmsDataKey '!'",
            "Unprotect-KmsDataKey ($dataKey.CiphertextBlob[0..99])", "$broken = [byte[]] $dataKey.CiphertextBlob.Clone(); $broken[200] = $broken[200] -bxor 1; Unprotect-KmsDataKey $broken",
            "$moved = $dataKey | Update-KmsDataKey other; $moved", "$dataKey | Update-KmsDataKey off", "$dataKey | Update-KmsDataKey nope",
            "$dataKey.CopyPlaintextTo([byte[]]::new(3))", "$opened.UsePlaintext({ throw 'from the block' })", "$opened.UsePlaintext($null)", "$small.ToSecureString()",
            "\"$dataKey $small $opened $moved\"", "@($dataKey, $opened)", "@{ Key = $dataKey }", "$dataKey.PSObject.Properties", "[string] $dataKey", "throw $dataKey", "Get-KmsKey $dataKey", "$dataKey | Test-KmsKey",
            "Test-KmsKeyStore", "Test-KmsKeyStore -KeyDirectory $directory -MasterKey $key", "Test-KmsKeyStore -KeyDirectory $directory -NoMasterKey", "Test-KmsKeyStore -KeyDirectory \"$directory/none\" -MasterKey $key",
            "$emulator = Start-KmsEmulator -Credential ([pscredential]::new('canary', $key)) -MasterKey $key; $emulator", "Get-KmsEmulator", "Test-KmsConnection",
            "$emulator | Connect-Kms -Name server -NoDefault", "Connect-Kms -Endpoint $emulator.Endpoint -Credential ([pscredential]::new('other', $key)) -Name refused -NoDefault",
            "Test-KmsConnection server", "Test-KmsConnection -Endpoint $emulator.Endpoint -Credential ([pscredential]::new('other', $key))", "Connect-Kms -Endpoint http://127.0.0.1:1 -Credential ([pscredential]::new('canary', $key)) -RetryCount 0 -NoDefault",
            "Set-KmsConfiguration -Connection server -KeyDirectory $emulator.KeyDirectory -MasterKey $key", "Set-KmsConfiguration -Connection server -KeyDirectory $emulator.KeyDirectory -MasterKey $key -AllowInsecureDevDefaults -WhatIf",
            "Set-KmsConfiguration -Connection server -KeyDirectory $emulator.KeyDirectory -MasterKey $key -AllowInsecureDevDefaults -Start", "Set-KmsConfiguration -Connection server -VaultKv2 -Address https://vault -Token $key", "Get-KmsConfiguration server",
            "Update-KmsConfiguration -Connection server -MasterKey $key", "Update-KmsConfiguration -Connection server -CacheTtlSeconds 60", "Reset-KmsService -Connection server -KeyDirectory $emulator.KeyDirectory -MasterKey $key -Force", "Start-KmsService server",
            "Wait-KmsService server -TimeoutSeconds 1 -State NotConfigured", "Clear-KmsCache server", "Restart-KmsService server -Force", "New-KmsKey app -Connection server; Get-KmsKeyImpact app -Connection server",
            "Get-KmsBucketEncryption -Connection server", "Set-KmsBucketEncryption nope SseS3 -Connection server", "Remove-KmsBucketEncryption nope -Force -Connection server",
            "Get-KmsBackup server", "Backup-KmsKeyStore server -BackupId one", "Test-KmsRestore one -Connection server", "Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy Fail -Force -Connection server",
            "Stop-KmsRestore server -ConfirmTargetKeyDirectory /keys -Force", "Stop-KmsService server -Force", "Test-KmsVault http://127.0.0.1:1 VaultKv2 -Token $key", "Resolve-KmsError",
            "Test-KmsHealth server", "Assert-KmsHealth server", "Test-KmsConfiguration -KeyDirectory /keys -MasterKey $key", "Compare-KmsConfiguration -Connection server -KeyDirectory /keys -MasterKey $key",
            "$bundle = \"$directory/../bundle.zip\"; Export-KmsSupportBundle $bundle -Connection server -Force -Header @{ 'x-amz-security-token' = 'x' }", "$emulator | Stop-KmsEmulator",
            "$recovery = New-KmsRecoveryKey \"$directory/../recovery.pem\" -Passphrase $key; $recovery", "New-KmsRecoveryKey \"$directory/../recovery.pem\" -Passphrase $key", "New-KmsRecoveryKey \"$directory/none/recovery.pem\" -Passphrase $key",
            "Protect-KmsFile \"$directory/damaged.key\" \"$directory/../f.kms\" -KeyId app -Passphrase $key -RecoveryRecipient $recovery -PassThru -Force", "Protect-KmsFile \"$directory/damaged.key\" \"$directory/../f.kms\" -Passphrase $key",
            "Protect-KmsFile \"$directory/damaged.key\" \"$directory/../f.kms\" -AskPassphrase -Passphrase $key -Force", "Protect-KmsFile \"$directory/nope\" -Passphrase $key", "Get-KmsEnvelope \"$directory/../f.kms\"; (Get-KmsEnvelope \"$directory/../f.kms\").Wraps",
            "Unprotect-KmsFile \"$directory/../f.kms\" \"$directory/../f\" -Force -PassThru -Passphrase $key", "Unprotect-KmsFile \"$directory/../f.kms\" \"$directory/../f\" -Force -PassThru -RecoveryKeyFile \"$directory/../recovery.pem\" -RecoveryKeyPassphrase $key",
            "Unprotect-KmsFile \"$directory/../f.kms\" \"$directory/../f\" -RecoveryKeyFile \"$directory/../recovery.pem\"", "Unprotect-KmsFile \"$directory/../f.kms\" \"$directory/../f\" -Force -RecoveryKeyFile \"$directory/../recovery.pem\" -RecoveryKeyPassphrase ([securestring]::new())",
            "Update-KmsEnvelope \"$directory/../f.kms\" -RemoveWrap Passphrase -AddPassphrase $key -Passphrase $key -PassThru", "Update-KmsEnvelope \"$directory/../f.kms\" -RemoveWrap 9 -Passphrase $key",
            "Get-History", "$dataKey.Dispose(); $dataKey", "Get-Variable -ErrorAction Ignore", "Disconnect-Kms nope", "Disconnect-Kms -All", "Disconnect-Kms", "Get-KmsKey",
        ];
        var plaintexts = new List<byte[]>();
        foreach (string script in scripts)
        {
            if (script.Contains(".Dispose()", StringComparison.Ordinal))
            {
                foreach (string name in (string[])["dataKey", "small", "opened"])
                {
                    // Not traced: this is the one way out.
                    plaintexts.Add(session.Value<byte[]>($"$bytes = [byte[]]::new(${name}.PlaintextLength); ${name}.CopyPlaintextTo($bytes); , $bytes"));
                }

                session.Require("$bytes = $null");
            }

            trace.Add(session.Run(script));
            trace.Add(session.Host.RunText(script.Contains("New-KmsDataKey", StringComparison.Ordinal) ? "$dataKey; $small; $opened" : script));
        }

        trace.AddErrorVariable(session);
        trace.AddFiles(session.KeyDirectory);
        trace.AddFiles(session.PathOf("."));

        string[] unused = [.. CommandNames.Cmdlets.Where(cmdlet => !scripts.Any(script => script.Contains(cmdlet, StringComparison.Ordinal)))];
        Assert.Empty(unused);
        Assert.Contains("again: OpenKeyDirectory", trace.Text, StringComparison.Ordinal); // the master key was really given
        Assert.Contains("GenerateDataKey", trace.Text, StringComparison.Ordinal); // the verbose stream is in it
        Assert.Equal([32, 16, 32], plaintexts.Select(plaintext => plaintext.Length));
        Assert.Equal(plaintexts[0], plaintexts[2]);
        Assert.All(plaintexts, plaintext => Assert.Null(trace.Find(plaintext)));
        Assert.Null(trace.Find(s_masterKey));
        Assert.Null(trace.Find(SHA256.HashData(s_masterKey)));
    }

    [Fact]
    public void A_data_key_that_is_written_down_by_any_serializer_keeps_its_plaintext()
    {
        using var session = new KmsSession("app");
        PSObject dataKey = session.Require("$dataKey = New-KmsDataKey app; $dataKey").Single();
        byte[] plaintext = session.Value<byte[]>("$bytes = [byte[]]::new(32); $dataKey.CopyPlaintextTo($bytes); , $bytes");
        var trace = new SecretTrace();
        trace.AddObject(dataKey);
        trace.Add(JsonSerializer.Serialize(dataKey.BaseObject, dataKey.BaseObject.GetType(), s_fieldsToo));
        trace.Add(Newtonsoft.Json.JsonConvert.SerializeObject(dataKey.BaseObject));
        trace.Add(session.Value<string>("\"$dataKey\""));
        trace.Add(session.Host.RunText("$dataKey; 1; $dataKey; [pscustomobject] @{ A = $dataKey }; @{ A = $dataKey }; , @($dataKey)"));
        trace.Add(session.Host.RunText("[Management.Automation.PSSerializer]::Serialize($dataKey, 5); $dataKey.PSObject.Copy()"));

        Assert.Contains(session.Value<string>("$dataKey.CiphertextBlobBase64"), trace.Text, StringComparison.Ordinal);
        Assert.Contains("hidden", trace.Text, StringComparison.Ordinal);
        Assert.Null(trace.Find(plaintext));
    }

    [Fact]
    public void A_typed_master_key_is_not_echoed()
    {
        var options = new ModuleHostOptions { Answers = [KmsSession.MasterKeyText, KmsSession.MasterKeyText, KmsSession.MasterKeyText, KmsSession.MasterKeyText + "!"] };
        using var session = new KmsSession(options);
        session.Require(Loud);
        var trace = new SecretTrace();

        HostRun made = session.Host.RunText("param($path) Connect-Kms $path -Create -Name typed", session.PathOf("typed"));
        HostRun differ = session.Host.RunText("param($path) Connect-Kms $path -Create -Name differ", session.PathOf("differ"));

        Assert.Empty(made.Errors);
        Assert.Contains("Master key of the key directory", made.Text, StringComparison.Ordinal);
        Assert.Equal("prompt", session.Value<string>("(Get-KmsConnection typed).Sources['MasterKey']"));
        Assert.StartsWith("KmsUsage", Assert.Single(differ.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(Directory.Exists(session.PathOf("differ")));
        trace.Add(made);
        trace.Add(differ);
        trace.AddErrorVariable(session);
        trace.AddFiles(session.PathOf("typed"));
        Assert.Null(trace.Find(s_masterKey));
    }

    [Fact]
    public void A_master_key_from_a_file_shows_the_files_path_only()
    {
        using var session = new KmsSession("app");
        string file = session.PathOf("master-key");
        File.WriteAllText(file, KmsSession.MasterKeyText + "\n");
        session.Require(Loud);
        var trace = new SecretTrace();

        HostRun wrong = session.Host.RunText("param($path, $file) Connect-Kms $path -MasterKeyFile $file -Name wrong", session.KeyDirectory, file);
        File.WriteAllText(file, KmsSession.MasterKeyText);
        HostRun right = session.Host.RunText("param($path, $file) Connect-Kms $path -MasterKeyFile $file -Name right; Test-KmsKeyStore $path -MasterKeyFile $file", session.KeyDirectory, file);

        Assert.Contains(wrong.Warnings, warning => warning.Message.Contains("newline", StringComparison.Ordinal));
        Assert.StartsWith("KmsAuthentication", Assert.Single(wrong.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(right.Errors);
        Assert.Equal($"file {file}", session.Value<string>("(Get-KmsConnection right).Sources['MasterKey']"));
        trace.Add(wrong);
        trace.Add(right);
        trace.AddErrorVariable(session);
        trace.AddFiles(session.KeyDirectory);
        Assert.Null(trace.Find(s_masterKey));
    }

    [Fact]
    public async Task A_master_key_from_the_environment_shows_the_variables_name_only()
    {
        // In a process of its own: the environment is everybody's.
        using var session = new KmsSession("app");
        string file = session.PathOf("source");
        File.WriteAllText(file, KmsSession.MasterKeyText);
        string script = session.PathOf("environment.ps1");
        File.WriteAllText(
            script,
            $$"""
            param($Directory, $File)
            {{Loud}}
            $env:RUSTFS_KMS_LOCAL_MASTER_KEY = [IO.File]::ReadAllText($File)
            $env:RUSTFS_KMS_KEY_DIR = $Directory
            Connect-Kms
            (Get-KmsConnection).Sources['MasterKey']
            Get-KmsKey
            Test-KmsKeyStore $Directory
            $env:RUSTFS_KMS_LOCAL_MASTER_KEY += 'wrong'
            Test-KmsKeyStore $Directory
            Connect-Kms -Name wrong
            """);

        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.Start(script, session.KeyDirectory, file));

        Assert.Equal(0, exitCode); // the last line is an error, and no exit statement
        Assert.Contains("environment RUSTFS_KMS_LOCAL_MASTER_KEY", output, StringComparison.Ordinal);
        Assert.Contains("VERBOSE: local: OpenKeyDirectory", output, StringComparison.Ordinal);
        Assert.NotEmpty(error);
        var trace = new SecretTrace();
        trace.Add(output);
        trace.Add(error);
        trace.AddFiles(session.KeyDirectory);
        Assert.Null(trace.Find(s_masterKey));
    }
}
