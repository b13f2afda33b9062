# What every prelude has. See ../README.md.

function global:New-Secret([string] $Text) {
    $secret = [securestring]::new()
    $Text.ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
    , $secret
}

function global:New-TextFile([string] $Path, [string] $Text = 'What must not be lost.') {
    $full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($full))
    [IO.File]::WriteAllText($full, $Text)
    $full
}

function global:New-SecretFile([string] $Path, [string] $Text) {
    $full = New-TextFile $Path $Text
    if (-not $IsWindows) {
        [IO.File]::SetUnixFileMode($full, [IO.UnixFileMode] 'UserRead, UserWrite')
    }
}

function global:Copy-ExampleFolder([string] $From, [string] $To) {
    $paths = $ExecutionContext.SessionState.Path
    $target = [IO.Directory]::CreateDirectory($paths.GetUnresolvedProviderPathFromPSPath($To)).FullName
    foreach ($file in [IO.Directory]::GetFiles($paths.GetUnresolvedProviderPathFromPSPath($From))) {
        [IO.File]::Copy($file, [IO.Path]::Combine($target, [IO.Path]::GetFileName($file)))
    }
}

# The keys that examples name.
function global:Add-ExampleKey([string] $Connection) {
    $null = 'app', 'app2', 'old', 'other' | New-KmsKey -Connection $Connection
    Disable-KmsKey old -Connection $Connection -Confirm:$false
}

function global:Use-KeyDirectory([string] $Name = 'local') {
    $null = Connect-Kms ./keys -MasterKeyFile ./master.key -Create -Name $Name `
        -BackupDirectory ./backups -BackupKeyFile ./backup.key -BackupKeyId kek-1
    Add-ExampleKey $Name
}

function global:Use-Server(
    [string] $Name = 'server',
    [string] $HostName = 'rustfs.example.com',
    [string] $ApiGeneration = 'Current',
    [switch] $Unconfigured,
    [switch] $NoConnection
) {
    # It takes unsigned requests too, so that its buckets need no client of S3.
    $emulator = Start-KmsEmulator -Credential $admin -ApiGeneration $ApiGeneration -Running:(-not $Unconfigured) -AllowAnonymous -WarningAction Ignore
    $address = $world.Serve($HostName, $emulator.Endpoint)
    $client = [Net.Http.HttpClient]::new()
    foreach ($bucket in 'photos', 'logs') {
        $null = $client.PutAsync("$($emulator.Endpoint)$bucket", $null).GetAwaiter().GetResult().EnsureSuccessStatusCode()
    }

    $client.Dispose()
    $null = Connect-Kms -Endpoint $address -Credential $admin -Name $Name
    if (-not $Unconfigured) {
        Add-ExampleKey $Name
    }

    if ($NoConnection) {
        Disconnect-Kms $Name
    }
}

function global:Use-Vault {
    $world.ServeVault()
}

# What a person answers.
function global:Read-Host([string] $Prompt, [switch] $AsSecureString, [switch] $MaskInput) {
    if ($AsSecureString) { , (New-Secret 'an answer that nobody guesses') } else { 'yes' }
}

function global:Get-Credential([string] $UserName) {
    $admin
}

$global:admin = [pscredential]::new('admin', (New-Secret 'example-secret-key'))
$global:masterKey = New-Secret 'example-master-key'
$global:passphrase = New-Secret 'correct horse battery staple'
New-SecretFile ./master.key 'example-master-key'
New-SecretFile ./backup.key ([Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32)))
$null = [IO.Directory]::CreateDirectory($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath('./backups'))

# The servers of the examples are behind a proxy that knows their names, and have certificates of a private authority. Where the
# parameters lead to a key directory, or to an open connection, these have no place: the engine binds nothing then.
$authority = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath('./ca.pem')
foreach ($command in @('Connect-Kms', 'Test-KmsConnection', 'Test-KmsVault' | Where-Object { $world.Proxy })) {
    foreach ($default in @{ Proxy = $world.Proxy; CaCertificate = $authority }.GetEnumerator()) {
        $value = $default.Value
        $PSDefaultParameterValues["${command}:$($default.Key)"] = {
            param($state)
            $bound = @($state.BoundParameters) + @($state.BoundPositionalParameters)
            $named = $bound -contains 'Endpoint' -or $bound -contains 'ProfileName' -or $bound -contains 'SecretName'
            $byEnvironment = $command -eq 'Connect-Kms' -and $bound -notcontains 'KeyDirectory' -and $env:RUSTFS_KMS_ENDPOINT
            if ($named -or $byEnvironment -or $command -eq 'Test-KmsVault') {
                $value
            }
        }.GetNewClosure()
    }
}
