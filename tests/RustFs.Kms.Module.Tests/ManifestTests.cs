using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using System.Reflection;
using System.Security;
using System.Text.RegularExpressions;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What ships: the manifest, the exports, the shape of every cmdlet, the files and what they refer to.</summary>
public sealed partial class ManifestTests : IClassFixture<ManifestTests.ImportedModule>
{
    /// <summary>The table of decisions.md 4. Not in it: what only reads, and what is no change to a KMS.</summary>
    private static readonly Dictionary<string, ConfirmImpact> s_impacts = new(StringComparer.Ordinal)
    {
        // Asks for the directory that -Create makes, and for nothing else.
        ["Connect-Kms"] = ConfirmImpact.Low,
        ["Set-KmsConfiguration"] = ConfirmImpact.Medium,
        ["Update-KmsConfiguration"] = ConfirmImpact.Medium,
        ["Start-KmsService"] = ConfirmImpact.Medium,
        ["Stop-KmsService"] = ConfirmImpact.High,
        ["Restart-KmsService"] = ConfirmImpact.High,
        ["Reset-KmsService"] = ConfirmImpact.High,
        ["Clear-KmsCache"] = ConfirmImpact.Low,
        ["New-KmsKey"] = ConfirmImpact.Medium,
        ["Enable-KmsKey"] = ConfirmImpact.Medium,
        ["Disable-KmsKey"] = ConfirmImpact.High,
        ["Remove-KmsKey"] = ConfirmImpact.High,
        ["Undo-KmsKeyRemoval"] = ConfirmImpact.Low,
        ["Invoke-KmsKeyRotation"] = ConfirmImpact.Medium,
        ["Set-KmsKey"] = ConfirmImpact.Low,
        ["Add-KmsKeyTag"] = ConfirmImpact.Low,
        ["Remove-KmsKeyTag"] = ConfirmImpact.Medium,
        ["Protect-KmsFile"] = ConfirmImpact.Medium,
        ["Unprotect-KmsFile"] = ConfirmImpact.Medium,
        ["Update-KmsEnvelope"] = ConfirmImpact.Medium,
        ["New-KmsRecoveryKey"] = ConfirmImpact.Medium,
        ["Set-KmsBucketEncryption"] = ConfirmImpact.Medium,
        ["Remove-KmsBucketEncryption"] = ConfirmImpact.High,
        ["Backup-KmsKeyStore"] = ConfirmImpact.Medium,
        ["Restore-KmsKeyStore"] = ConfirmImpact.High,
        ["Stop-KmsRestore"] = ConfirmImpact.High,
        ["Test-KmsKeyStore"] = ConfirmImpact.Medium, // -Repair; without it, nothing is asked
        ["Export-KmsSupportBundle"] = ConfirmImpact.Low,
        ["Start-KmsEmulator"] = ConfirmImpact.Medium,
        ["Stop-KmsEmulator"] = ConfirmImpact.Medium,
    };

    private readonly ImportedModule _module;

    public ManifestTests(ImportedModule module) => _module = module;

    [Fact]
    public void The_engine_accepts_the_staged_manifest()
    {
        HostRun run = _module.Host.Run("param($path) Test-ModuleManifest -Path $path", StagedFiles.Manifest);
        Assert.Empty(run.Errors);
        Assert.Empty(run.Warnings);
        var module = (PSModuleInfo)Assert.Single(run.Output).BaseObject;
        Assert.Equal("RustFs.Kms", module.Name);
        Assert.Equal(new Version(7, 4), module.PowerShellVersion);
        Assert.Equal(["Core"], module.CompatiblePSEditions);
    }

    [Fact]
    public void The_cmdlets_that_are_exported_listed_and_written_are_the_same()
    {
        string[] written = [.. _module.CommandTypes.Concat(_module.SecondTypes).Select(NameOf).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(written);
        Assert.Equal(written, StagedFiles.List("CmdletsToExport"));
        Assert.Equal(written, _module.Info.ExportedCmdlets.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_cmdlet_has_its_one_second_name_which_is_an_alias_where_no_other_module_has_the_first()
    {
        Type[] aliased = [.. _module.CommandTypes.Where(type => !CommandNames.Shared.Contains(NameOf(type)))];
        string[] expected = [.. aliased.Select(NameOf).Select(CommandNames.Second).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, StagedFiles.List("AliasesToExport"));
        Assert.Equal(expected, _module.Info.ExportedAliases.Keys.Order(StringComparer.Ordinal));
        foreach (Type type in aliased)
        {
            Assert.Equal([CommandNames.Second(NameOf(type))], type.GetCustomAttribute<AliasAttribute>()?.AliasNames);
            Assert.Equal(NameOf(type), _module.Info.ExportedAliases[CommandNames.Second(NameOf(type))].Definition);
        }

        Assert.Equal(CommandNames.Shared.Select(CommandNames.Second), _module.SecondTypes.Select(NameOf).Order(StringComparer.Ordinal));
        Assert.Equal(CommandNames.Shared, _module.CommandTypes.Except(aliased).Select(NameOf).Order(StringComparer.Ordinal));
        Assert.All(_module.CommandTypes.Except(aliased).Concat(_module.SecondTypes), type => Assert.Null(type.GetCustomAttribute<AliasAttribute>()));
    }

    [Fact]
    public void A_second_name_that_is_a_cmdlet_has_nothing_of_its_own_but_the_name() => Assert.All(_module.SecondTypes, type =>
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        Assert.Equal(CommandNames.Second(NameOf(type.BaseType!)), NameOf(type));
        Assert.Equal([".ctor"], type.GetMembers(Own).Select(member => member.Name));
        Assert.Equal(AttributesOf(type.BaseType!), AttributesOf(type));

        CmdletInfo first = _module.Info.ExportedCmdlets[NameOf(type.BaseType!)];
        CmdletInfo second = _module.Info.ExportedCmdlets[NameOf(type)];
        Assert.Equal(first.ParameterSets.Select(set => $"{set.Name} {set.IsDefault}: {set}"), second.ParameterSets.Select(set => $"{set.Name} {set.IsDefault}: {set}"));
        Assert.Equal(first.OutputType.Select(output => output.Type), second.OutputType.Select(output => output.Type));

        // Each attribute with its values; the nouns differ, as has been seen.
        static IEnumerable<string> AttributesOf(Type type) => type.GetCustomAttributesData()
            .Where(attribute => attribute.AttributeType.Namespace == typeof(CmdletAttribute).Namespace)
            .Select(attribute => $"{attribute}".Replace("RustFsKms", "Kms", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    });

    [Fact]
    public void Nothing_but_cmdlets_and_their_aliases_is_exported_and_nothing_by_a_wildcard()
    {
        Hashtable manifest = StagedFiles.ReadManifest();
        Assert.Empty(LanguagePrimitives.ConvertTo<string[]>(manifest["FunctionsToExport"]));
        Assert.Empty(LanguagePrimitives.ConvertTo<string[]>(manifest["VariablesToExport"]));
        Assert.Empty(_module.Info.ExportedFunctions);
        Assert.Empty(_module.Info.ExportedVariables);
        Assert.False(manifest.ContainsKey("NestedModules"));
        Assert.False(manifest.ContainsKey("RequiredAssemblies"));
        Assert.DoesNotContain("*", string.Concat(StagedFiles.List("CmdletsToExport").Concat(StagedFiles.List("AliasesToExport"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_verb_is_an_approved_one()
    {
        HashSet<string> approved =
        [
            .. typeof(VerbsCommon).Assembly.GetExportedTypes()
                .Where(type => type.Name.StartsWith("Verbs", StringComparison.Ordinal) && type is { IsAbstract: true, IsSealed: true })
                .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.IsLiteral))
                .Select(field => (string)field.GetRawConstantValue()!),
        ];
        Assert.Contains("Undo", approved);
        Assert.DoesNotContain("Rotate", approved);
        Assert.Subset(approved, _module.CommandTypes.Select(VerbOf).ToHashSet());
        Assert.Empty(_module.Import.Warnings);
    }

    [Fact]
    public void A_cmdlet_class_is_public_sealed_unless_it_has_a_second_name_and_named_after_its_cmdlet() => Assert.All(_module.CommandTypes, type =>
    {
        Assert.True(type.IsPublic && type.IsSealed != CommandNames.Shared.Contains(NameOf(type)), type.Name);
        Assert.Equal(NameOf(type).Replace("-", string.Empty, StringComparison.Ordinal) + "Command", type.Name);
        Assert.StartsWith("Kms", NameOf(type).Split('-')[1], StringComparison.Ordinal);
    });

    [Fact]
    public void The_manifest_holds_the_version_of_every_assembly()
    {
        string version = (string)StagedFiles.ReadManifest()["ModuleVersion"]!;
        Assert.Equal(version, _module.Info.Version.ToString());
        string[] own = [StagedFiles.Contracts, StagedFiles.Cmdlets, Path.Combine(StagedFiles.Library, "RustFs.Kms.Backends.dll")];
        Assert.All(own, path =>
        {
            Assert.Equal(version, AssemblyName.GetAssemblyName(path).Version?.ToString(3));
            Assert.StartsWith(version, FileVersionInfo.GetVersionInfo(path).ProductVersion, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_gallery_finds_the_module_and_its_home()
    {
        Assert.Superset(new HashSet<string> { "RustFS", "KMS", "S3", "Encryption", "PSEdition_Core", "Windows", "Linux", "MacOS" }, _module.Info.Tags.ToHashSet());
        Assert.All([_module.Info.LicenseUri, _module.Info.ProjectUri], link => Assert.Equal("https", link?.Scheme));
        Assert.False(string.IsNullOrWhiteSpace(_module.Info.ReleaseNotes));
        Assert.False(string.IsNullOrWhiteSpace(_module.Info.Description));
        Assert.DoesNotContain(_module.Info.Tags, tag => tag.Contains(' ', StringComparison.Ordinal));
    }

    [Fact]
    public void Every_cmdlet_asks_before_harm_as_the_table_says_and_readers_never_do() => Assert.All(_module.CommandTypes, type =>
    {
        CmdletAttribute cmdlet = type.GetCustomAttribute<CmdletAttribute>()!;
        ConfirmImpact impact = cmdlet.SupportsShouldProcess ? cmdlet.ConfirmImpact : ConfirmImpact.None;
        Assert.Equal($"{NameOf(type)} {s_impacts.GetValueOrDefault(NameOf(type))}", $"{NameOf(type)} {impact}");
    });

    [Fact]
    public void What_asks_by_default_can_be_told_not_to() => Assert.All(
        _module.CommandTypes.Where(type => s_impacts.GetValueOrDefault(NameOf(type)) == ConfirmImpact.High),
        type => Assert.Contains(ParametersOf(type), parameter => parameter.Name == "Force" && parameter.PropertyType == typeof(SwitchParameter)));

    [Fact]
    public void What_a_cmdlet_emits_is_what_it_declares()
    {
        using var session = new KmsSession("app", "other", "gone");
        var scripts = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["Connect-Kms"] = ["param($path, $key) Connect-Kms $path -MasterKey $key -Name again -NoDefault"],
            ["Get-KmsConnection"] = ["Get-KmsConnection"],
            ["New-KmsKey"] = ["New-KmsKey"],
            ["Get-KmsKey"] = ["Get-KmsKey", "Get-KmsKey app"],
            ["Set-KmsKey"] = ["Set-KmsKey app -Description d -PassThru"],
            ["Add-KmsKeyTag"] = ["Add-KmsKeyTag app @{ a = 1 } -PassThru"],
            ["Remove-KmsKeyTag"] = ["Remove-KmsKeyTag app a -PassThru"],
            ["Disable-KmsKey"] = ["Disable-KmsKey app -Force -PassThru"],
            ["Enable-KmsKey"] = ["Enable-KmsKey app -PassThru"],
            ["Remove-KmsKey"] = ["Remove-KmsKey gone -Force -PassThru"],
            ["Undo-KmsKeyRemoval"] = ["Undo-KmsKeyRemoval gone"],
            ["Test-KmsKey"] = ["Test-KmsKey app, nope", "Test-KmsKey app -Quiet"],
            ["New-KmsDataKey"] = ["New-KmsDataKey app", "New-KmsDataKey app -WithoutPlaintext"],
            ["Unprotect-KmsDataKey"] = ["New-KmsDataKey app | Unprotect-KmsDataKey"],
            ["Update-KmsDataKey"] = ["New-KmsDataKey app | Update-KmsDataKey -DestinationKeyId other"],
            ["Get-KmsStatus"] = ["Get-KmsStatus"],
            ["Test-KmsKeyStore"] = ["Test-KmsKeyStore", "Test-KmsKeyStore -Quiet"],
            ["Protect-KmsFile"] = ["param($path) Protect-KmsFile \"$path/.master-key.salt\" \"$path.kms\" -KeyId other -PassThru -Force"],
            ["Unprotect-KmsFile"] = ["param($path) Protect-KmsFile \"$path/.master-key.salt\" \"$path.kms\" -KeyId other -Force; Unprotect-KmsFile \"$path.kms\" -PassThru \"$path.salt\""],
            ["Get-KmsEnvelope"] = ["param($path) Protect-KmsFile \"$path/.master-key.salt\" \"$path.kms\" -KeyId other -Force; Get-KmsEnvelope \"$path.kms\""],
            ["Update-KmsEnvelope"] = ["param($path) Protect-KmsFile \"$path/.master-key.salt\" \"$path.kms\" -KeyId other -Force; Update-KmsEnvelope \"$path.kms\" -AddKeyId other -PassThru"],
            ["New-KmsRecoveryKey"] = ["param($path) New-KmsRecoveryKey \"$path.pem\""],
            ["Disconnect-Kms"] = ["Disconnect-Kms"],
            ["Get-KmsEmulator"] = ["Get-KmsEmulator"],
            ["Start-KmsEmulator"] = ["Start-KmsEmulator"],
            ["Stop-KmsEmulator"] = ["Start-KmsEmulator | Stop-KmsEmulator"],
            ["Test-KmsConnection"] = ["Test-KmsConnection server", "Test-KmsConnection server -Quiet"],
            ["Test-KmsHealth"] = ["Test-KmsHealth server", "Test-KmsHealth server -Quiet"],
            ["Assert-KmsHealth"] = ["Assert-KmsHealth server"],
            ["Test-KmsConfiguration"] = ["Test-KmsConfiguration -KeyDirectory /keys", "Test-KmsConfiguration -KeyDirectory /keys -Quiet"],
            ["Compare-KmsConfiguration"] = ["Compare-KmsConfiguration -Connection server -KeyDirectory /elsewhere"],
            ["Get-KmsConfiguration"] = ["Get-KmsConfiguration server"],
            ["Set-KmsConfiguration"] = ["Stop-KmsService server -Force; Set-KmsConfiguration -Connection server -KeyDirectory (Get-KmsConfiguration server).KeyDirectory -PassThru"],
            ["Update-KmsConfiguration"] = ["Update-KmsConfiguration -Connection server -CacheTtlSeconds 77 -PassThru"],
            ["Start-KmsService"] = ["Start-KmsService server -PassThru"],
            ["Stop-KmsService"] = ["Stop-KmsService server -Force -PassThru; Start-KmsService server"],
            ["Restart-KmsService"] = ["Restart-KmsService server -Force -Wait -PassThru"],
            ["Reset-KmsService"] = ["Reset-KmsService -Connection server -KeyDirectory (Get-KmsConfiguration server).KeyDirectory -Force -PassThru"],
            ["Wait-KmsService"] = ["Wait-KmsService server"],
            ["Clear-KmsCache"] = ["Clear-KmsCache server -PassThru"],
            ["Get-KmsKeyImpact"] = ["Get-KmsKeyImpact app -Connection server"],
            ["Get-KmsBucketEncryption"] = ["Get-KmsBucketEncryption photos -Connection server"],
            ["Set-KmsBucketEncryption"] = ["Set-KmsBucketEncryption photos SseS3 -PassThru -Connection server"],
            ["Remove-KmsBucketEncryption"] = ["Remove-KmsBucketEncryption photos -Force -Connection server"],
            ["Resolve-KmsError"] = ["Resolve-KmsError -Message 'Vault is sealed'"],
            ["Test-KmsVault"] = ["Test-KmsVault http://127.0.0.1:1 VaultKv2", "Test-KmsVault http://127.0.0.1:1 VaultKv2 -Quiet"],
            ["Export-KmsSupportBundle"] = ["param($path) Export-KmsSupportBundle \"$path/../b.zip\" -Force"],
            ["Get-KmsBackup"] = ["Get-KmsBackup server"],
            ["Backup-KmsKeyStore"] = ["Backup-KmsKeyStore server"],
            ["Test-KmsRestore"] = ["$id = (Backup-KmsKeyStore server).BackupId; Test-KmsRestore $id -Connection server", "Test-KmsRestore nope -Quiet -Connection server"],
            ["Stop-KmsRestore"] =
            [
                "param($path) $null = [IO.Directory]::CreateDirectory(\"$path-half/.restore-staging\"); " +
                "Stop-KmsRestore -KeyDirectory \"$path-half\" -Force -PassThru",
            ],
            ["Restore-KmsKeyStore"] =
            [
                "$id = (Backup-KmsKeyStore server).BackupId; $keys = (Get-KmsBackup server).TargetKeyDirectory; Stop-KmsService server -Force; " +
                "[IO.Directory]::GetFileSystemEntries($keys) | ForEach-Object { [IO.File]::Delete($_) }; " +
                "Restore-KmsKeyStore $id -ConfirmBackupId $id -ConflictPolicy RestoreIntoEmptyTarget -Force -Connection server; Start-KmsService server",
            ],
        };
        session.Require(ServerSession.Start);
        foreach (Type type in _module.CommandTypes)
        {
            Type[] declared = [.. type.GetCustomAttributes<OutputTypeAttribute>().SelectMany(attribute => attribute.Type).Select(output => output.Type)];
            if (!scripts.TryGetValue(NameOf(type), out string[]? samples))
            {
                // A key directory cannot rotate; what is emitted elsewhere has to be declared all the same.
                Assert.Equal("Invoke-KmsKeyRotation", NameOf(type));
                Assert.Equal(["KmsKey"], declared.Select(output => output.Name));
                continue;
            }

            session.Require("param($path, $key) Connect-Kms $path -MasterKey $key -Name test", session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));
            HashSet<Type> emitted = [.. samples.SelectMany(sample => session.Require(sample, session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText))).Select(item => item.BaseObject.GetType())];
            Assert.Equal(
                $"{NameOf(type)}: {string.Join(", ", declared.Select(output => output.FullName).Order(StringComparer.Ordinal))}",
                $"{NameOf(type)}: {string.Join(", ", emitted.Select(output => output.FullName).Order(StringComparer.Ordinal))}");
        }
    }

    [Fact]
    public void No_parameter_takes_a_secret_as_clear_text() => Assert.All(AllParameters(), parameter =>
    {
        Type type = parameter.PropertyType;
        bool harmless = type == typeof(SwitchParameter) || type == typeof(SecureString) || type == typeof(PSCredential) || type.IsValueType;
        Assert.True(harmless || !SecretName().IsMatch(NotSecretName().Replace(parameter.Name, string.Empty)), $"{parameter.ReflectedType?.Name} -{parameter.Name}");
    });

    [Fact]
    public void Master_keys_are_secure_strings()
    {
        PropertyInfo[] masterKeys = [.. AllParameters().Where(parameter => parameter.Name == "MasterKey")];
        Assert.NotEmpty(masterKeys);
        Assert.All(masterKeys, parameter => Assert.Equal(typeof(SecureString), parameter.PropertyType));
    }

    [Fact]
    public void Parameters_have_singular_names_in_Pascal_case() => Assert.All(AllParameters(), parameter =>
    {
        string name = $"{parameter.ReflectedType?.Name} -{parameter.Name}";
        Assert.True(PascalCase().IsMatch(parameter.Name), name);

        // "InDays" and "Seconds" are units, "Aws" is a name, and numbers count what they are called.
        bool isOne = !parameter.Name.EndsWith('s') || Unit().IsMatch(parameter.Name) || parameter.PropertyType == typeof(SwitchParameter) || parameter.PropertyType == typeof(long?);
        Assert.True(isOne, name);
    });

    [Fact]
    public void Exactly_these_files_ship()
    {
        string[] root =
        [
            "LICENSE", "RustFs.Kms.Format.ps1xml", "RustFs.Kms.PowerShell.dll", "RustFs.Kms.PowerShell.pdb", "RustFs.Kms.Types.ps1xml", "RustFs.Kms.cdx.json",
            "RustFs.Kms.dll", "RustFs.Kms.pdb", "RustFs.Kms.psd1", "THIRD-PARTY-NOTICES.txt", "icon.png",
        ];
        string[] library = ["AWSSDK.Core.dll", "AWSSDK.S3.dll", "BouncyCastle.Cryptography.dll", "RustFs.Kms.Backends.dll", "RustFs.Kms.Backends.pdb"];
        Assert.Equal(root, NamesIn(StagedModule.Folder));
        Assert.Equal(library, NamesIn(StagedFiles.Library));
        Assert.Empty(Directory.EnumerateDirectories(StagedFiles.Library));
        Assert.Subset(new HashSet<string?> { "lib", "en-US" }, Directory.EnumerateDirectories(StagedModule.Folder).Select(Path.GetFileName).ToHashSet());
    }

    [Fact]
    public void The_cmdlets_refer_to_the_seam_and_to_no_package()
    {
        string[] foreign = [.. StagedFiles.ReferencesOf(StagedFiles.Cmdlets).Where(name => !IsRuntime(name)).Order(StringComparer.Ordinal)];
        Assert.Equal(["RustFs.Kms", "RustFs.Kms.Backends", "System.Management.Automation"], foreign);
    }

    [Fact]
    public void The_contracts_refer_to_the_runtime_only() =>
        Assert.All(StagedFiles.ReferencesOf(StagedFiles.Contracts), name => Assert.True(IsRuntime(name), name));

    [Fact]
    public void Nothing_public_in_the_cmdlets_mentions_an_engine_or_a_package()
    {
        const BindingFlags Visible = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        Type[] mentioned = [.. _module.Assembly.GetExportedTypes()
            .SelectMany(type => type.GetMembers(Visible).Where(IsVisible).SelectMany(TypesOf).Concat(type.GetInterfaces()).Append(type.BaseType))
            .OfType<Type>()
            .SelectMany(Flatten)
            .Distinct()];
        string[] assemblies = [.. mentioned.Select(type => type.Assembly.GetName().Name!).Where(name => !IsRuntime(name)).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["RustFs.Kms", "RustFs.Kms.PowerShell", "System.Management.Automation"], assemblies);
    }

    [Theory]
    [InlineData("AssemblyLoadContext", "ModuleLifecycle.cs")]
    [InlineData("ErrorCategory", "ErrorRecords.cs")]
    public void One_file_alone_names_it(string word, string file)
    {
        string[] projects = ["RustFs.Kms", "RustFs.Kms.Backends", "RustFs.Kms.PowerShell"];
        Assert.Equal(
            [file],
            projects.SelectMany(StagedFiles.SourcesOf).Where(path => File.ReadAllText(path).Contains(word, StringComparison.Ordinal)).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Importing_loads_nothing_of_the_library_and_the_first_use_does()
    {
        const string List = "[AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { -not $_.IsDynamic } | ForEach-Object { $_.Location }";
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.StartProgram(
            "dotnet",
            [
                "exec", ConsoleProcess.AssemblyPath, "-NoBanner", "-Command",
                $"Set-StrictMode -Version Latest; {List}; 'then'; try {{ Connect-Kms /nowhere/at/all -NoMasterKey }} catch {{ }}; {List}; exit 0",
            ]));

        Assert.Equal((0, string.Empty), (exitCode, error));
        string[] parts = output.Split($"then{Environment.NewLine}");
        Assert.Contains(StagedFiles.Cmdlets, parts[0], StringComparison.Ordinal);
        Assert.DoesNotContain(StagedFiles.Library, parts[0], StringComparison.Ordinal);
        Assert.DoesNotContain(NamesIn(StagedFiles.Library), name => name.EndsWith(".dll", StringComparison.Ordinal) && parts[0].Contains(name, StringComparison.Ordinal));
        Assert.Contains(Path.Combine(StagedFiles.Library, "RustFs.Kms.Backends.dll"), parts[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Strict_mode_finds_nothing_in_the_import_the_cmdlets_and_the_views()
    {
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { ImportModule = false });
        using var session = new KmsSession("app");
        HostRun run = host.RunText(
            "param($manifest, $directory, $key) Set-StrictMode -Version Latest; Import-Module $manifest; Connect-Kms $directory -MasterKey $key; " +
            "Get-KmsKey; New-KmsDataKey app; Get-KmsStatus; Test-KmsKeyStore; Test-KmsKey app, nope",
            StagedFiles.Manifest, session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));
        Assert.Empty(run.Errors);
        foreach (string script in (string[])["Get-KmsKey", "New-KmsDataKey app", "Get-KmsStatus", "Test-KmsKeyStore", "Test-KmsKey app, nope"])
        {
            // A script block of a view that fails leaves an empty cell and no error; the rows must not be empty.
            Assert.True(host.RunText(script).Text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Length >= 3, script);
        }

        Assert.Contains("app", host.RunText("Get-KmsKey").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_constrained_language_mode_the_module_imports_and_reads()
    {
        // In a process of its own: once any runspace was constrained, the engine distrusts arguments in all of them.
        using var session = new KmsSession("app");
        string masterKey = session.PathOf("master-key");
        File.WriteAllText(masterKey, KmsSession.MasterKeyText);
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.StartProgram(
            "dotnet",
            [
                "exec", ConsoleProcess.AssemblyPath, "-NoBanner", "-Command",
                "Remove-Module RustFs.Kms; $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; " +
                $"Import-Module '{StagedFiles.Manifest}'; Connect-Kms '{session.KeyDirectory}' -MasterKeyFile '{masterKey}' | Out-Null; " +
                "Get-KmsKey -Tag @{ name = 'app' } | ForEach-Object { \"$_ is $($_.State)\" }; \"mode $($ExecutionContext.SessionState.LanguageMode)\"",
            ]));

        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.Contains("mode ConstrainedLanguage", output, StringComparison.Ordinal);
        Assert.Contains("app is Enabled", output, StringComparison.Ordinal);
    }

    private static string VerbOf(Type type) => type.GetCustomAttribute<CmdletAttribute>()!.VerbName;

    private static string NameOf(Type type) => $"{VerbOf(type)}-{type.GetCustomAttribute<CmdletAttribute>()!.NounName}";

    private static string[] NamesIn(string folder) =>
        [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static bool IsRuntime(string name) =>
        name is "mscorlib" or "netstandard" || name.StartsWith("Microsoft.Win32.", StringComparison.Ordinal) ||
        (name.StartsWith("System", StringComparison.Ordinal) && name != "System.Management.Automation");

    private static PropertyInfo[] ParametersOf(Type type) =>
        [.. type.GetProperties().Where(property => property.GetCustomAttributes<ParameterAttribute>().Any())];

    private PropertyInfo[] AllParameters() => [.. _module.CommandTypes.SelectMany(ParametersOf)];

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        _ => false, // properties and events are seen through their methods
    };

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodInfo method => [method.ReturnType, .. method.GetParameters().Select(parameter => parameter.ParameterType)],
        ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        FieldInfo field => [field.FieldType],
        _ => [],
    };

    private static IEnumerable<Type> Flatten(Type type) =>
        type.HasElementType ? Flatten(type.GetElementType()!) : [type, .. type.GetGenericArguments().SelectMany(Flatten)];

    [GeneratedRegex("Key|Secret|Password|Passphrase|Token|Plaintext|Credential")]
    private static partial Regex SecretName();

    // Ids of keys, where keys are, the name of a tag; the name of a secret, and where on a server one is.
    [GeneratedRegex("KeyId$|KeyDirectory$|KeyFile$|^TagKey$|^SecretName$|^SecretIdFile$|^TokenFile$|^KeyPathPrefix$")]
    private static partial Regex NotSecretName();

    [GeneratedRegex("InDays$|Seconds$|Address$")]
    private static partial Regex Unit();

    [GeneratedRegex("^([A-Z][a-z0-9]+)+$")]
    private static partial Regex PascalCase();

    /// <summary>One import for the tests that only look.</summary>
    public sealed class ImportedModule : IDisposable
    {
        public ImportedModule()
        {
            Host = ModuleHost.Create(new ModuleHostOptions { ImportModule = false });
            Import = Host.Import(StagedModule.Folder);
            Info = (PSModuleInfo)Host.Run("Get-Module RustFs.Kms").Output.Single().BaseObject;
            Assembly = Info.ExportedCmdlets.Values.First().ImplementingType.Assembly;
            Type[] all = [.. Assembly.GetTypes().Where(type => type.GetCustomAttribute<CmdletAttribute>() is not null)];
            SecondTypes = [.. all.Where(type => all.Contains(type.BaseType))];
            CommandTypes = [.. all.Except(SecondTypes)];
        }

        internal ModuleHost Host { get; }

        internal HostRun Import { get; }

        internal PSModuleInfo Info { get; }

        internal Assembly Assembly { get; }

        /// <summary>The cmdlets, each once.</summary>
        internal Type[] CommandTypes { get; }

        /// <summary>The cmdlets that are second names of others.</summary>
        internal Type[] SecondTypes { get; }

        public void Dispose() => Host.Dispose();
    }
}
