<#
.SYNOPSIS
    The health of many RustFS servers at once, as one table. A server that does not answer is a row like any other.

.DESCRIPTION
    Reads a file with one server in each line, "name, endpoint" ('#' starts a comment), connects to all of them without waiting for any,
    and examines all of them at the same time. Exits with 1 when one is not healthy.

    Without -Path it shows itself: it starts 19 emulators, writes them and a port on which nothing listens into a file, and reads that. One
    of the emulators is not configured, and one is stopped.

.PARAMETER Path
    The file with the servers.

.PARAMETER Credential
    Who asks, on every server. Without it: the environment, as for Connect-Kms.

.EXAMPLE
    dotnet run --project src/RustFs.Kms.Console -- examples/fleet.ps1

.EXAMPLE
    ./examples/fleet.ps1 -Path servers.csv
#>
[CmdletBinding()]
param(
    [string] $Path,

    [pscredential] $Credential
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# A port on which nothing listens: it was free a moment ago.
function Get-DeadEndpoint {
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    "http://127.0.0.1:$port"
}

# Nineteen emulators and one server that is down, written to a file. All take one credential.
function Initialize-SampleFleet([string] $File, [pscredential] $For) {
    $lines = foreach ($number in 1..19) {
        $emulator = Start-KmsEmulator -Credential $For -Running:($number -ne 7)
        "node$('{0:00}' -f $number), $($emulator.Endpoint)"
        if ($number -ne 7) {
            $emulator | Connect-Kms -Name prepare -NoDefault | Initialize-SampleKey -Stop:($number -eq 13)
        }
    }

    [IO.File]::WriteAllLines($File, @('# name, endpoint', $lines, "node20, $(Get-DeadEndpoint)").ForEach({ $_ }))
}

# The key that everybody uses, on a KMS that is then stopped or left running.
filter Initialize-SampleKey([switch] $Stop) {
    $null = New-KmsKey app -Connection $_
    Update-KmsConfiguration -DefaultKeyId app -Connection $_
    if ($Stop) {
        Stop-KmsService $_ -Force
    }

    Disconnect-Kms $_
}

# The servers of a file.
function Read-Fleet([string] $File) {
    foreach ($line in [IO.File]::ReadAllLines($File)) {
        $text = $line.Split('#')[0].Trim()
        if ($text) {
            $name, $endpoint = $text.Split(',', 2).Trim()
            [pscustomobject]@{ Name = $name; Endpoint = $endpoint }
        }
    }
}

# One row for each server, out of the rows of all its checks.
function Get-Verdict([string[]] $Name, [object[]] $Row) {
    foreach ($each in $Name) {
        $own = @($Row | Where-Object Connection -EQ $each)
        $failed = @($own | Where-Object Result -EQ 'Failed')
        [pscustomobject]@{
            Server = $each
            Health = if ($failed -or -not $own) { 'NOT HEALTHY' } elseif ($own.Result -contains 'Warning') { 'warnings' } else { 'healthy' }
            Passed = @($own | Where-Object Result -EQ 'Passed').Count
            Reason = if ($failed) { "$($failed[0].Check): $($failed[0].Evidence)" } elseif (-not $own) { 'It was not examined.' } else { '' }
        }
    }
}

$sample = $null
try {
    if (-not $Path) {
        $Path = $sample = [IO.Path]::GetTempFileName()
        $secret = [securestring]::new()
        [guid]::NewGuid().ToString('n').ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
        $Credential = [pscredential]::new('fleet', $secret)
        Initialize-SampleFleet $Path $Credential
    }

    $who = if ($Credential) { @{ Credential = $Credential } } else { @{} }
    $fleet = @(Read-Fleet $Path)
    $connections = @($fleet | ForEach-Object { Connect-Kms -Endpoint $_.Endpoint -Name $_.Name -NoDefault -NoTest @who })

    $watch = [Diagnostics.Stopwatch]::StartNew()
    $rows = @(Test-KmsHealth -Connection $connections)
    $watch.Stop()

    $verdicts = @(Get-Verdict $fleet.Name $rows)
    $verdicts | Out-Host
    $bad = @($verdicts | Where-Object Health -EQ 'NOT HEALTHY')
    $Host.UI.WriteLine("$($verdicts.Count) servers in $([int]$watch.ElapsedMilliseconds) ms, $($bad.Count) of them not healthy.")
    $connections | Disconnect-Kms
    if ($sample) {
        # The three that were made so. Anything else is a fault of this script or of the module.
        if (($bad.Server -join ' ') -ne 'node07 node13 node20') {
            throw "Expected node07, node13 and node20 not to be healthy, and found: $($bad.Server -join ' ')"
        }
    }
    elseif ($bad) {
        exit 1
    }
}
finally {
    if ($sample) {
        Stop-KmsEmulator
        [IO.File]::Delete($sample)
    }
}
