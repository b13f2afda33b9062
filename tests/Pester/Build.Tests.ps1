BeforeAll {
    . $PSScriptRoot/common.ps1
    $build = Join-Path $RepositoryRoot 'build.ps1'
    $version = (Import-PowerShellDataFile (Join-Path $RepositoryRoot 'RustFs.Kms.psd1')).ModuleVersion

    # A checkout with a package that this test made up: what is published is what lies there.
    $checkout = New-Item (Join-Path $TestDrive 'checkout/out') -ItemType Directory
    Copy-Item $build, (Join-Path $RepositoryRoot 'RustFs.Kms.psd1') $checkout.Parent
    $package = Join-Path $checkout "RustFs.Kms.$version.nupkg"
    [IO.File]::WriteAllBytes($package, [byte[]](1..200))
    $publish = Join-Path $checkout.Parent 'build.ps1'
    function Write-ChangeLog([string] $When) {
        Set-Content (Join-Path $checkout.Parent 'CHANGELOG.md') "# Changelog`n`n## $version ($When)`n`nText."
    }

    Write-ChangeLog '2026-12-01'
}

Describe 'build.ps1 -Task Publish' {
    It 'copies the package into a folder, byte for byte, and only without -WhatIf' {
        $feed = New-Item (Join-Path $TestDrive 'feed') -ItemType Directory
        & $publish -Task Publish -NuGetSource $feed -WhatIf
        Get-ChildItem $feed | Should -BeNullOrEmpty
        & $publish -Task Publish -NuGetSource $feed | Should -Match "Published RustFs.Kms.$version.nupkg"
        (Get-FileHash (Join-Path $feed "RustFs.Kms.$version.nupkg")).Hash | Should -Be (Get-FileHash $package).Hash
    }

    It 'sends it to a feed with the key in a header' {
        # HttpListener picks no free port by itself.
        do {
            $port = Get-Random -Minimum 20000 -Maximum 40000
            $listener = [Net.HttpListener]::new()
            $listener.Prefixes.Add("http://127.0.0.1:$port/")
            try { $listener.Start() } catch [Net.HttpListenerException] { $listener.Close() }
        } until ($listener.IsListening)

        $feed = Start-ThreadJob {
            param($listener, $port)
            $requests = foreach ($number in 1, 2) {
                $context = $listener.GetContext()
                $body = [IO.MemoryStream]::new()
                $context.Request.InputStream.CopyTo($body)
                [pscustomobject]@{
                    Line = "$($context.Request.HttpMethod) $($context.Request.Url.PathAndQuery)"
                    Key = $context.Request.Headers['X-NuGet-ApiKey']
                    Body = [Convert]::ToHexString($body.ToArray())
                }
                $answer = [Text.Encoding]::UTF8.GetBytes("{""version"":""3.0.0"",""resources"":[{""@id"":""http://127.0.0.1:$port/push"",""@type"":""PackagePublish/2.0.0""}]}")
                $context.Response.ContentType = 'application/json'
                $context.Response.OutputStream.Write($answer, 0, $answer.Length)
                $context.Response.Close()
            }
            $requests
        } -ArgumentList $listener, $port
        try {
            $env:RUSTFS_KMS_PUBLISH_KEY = 'feed-key'
            & $publish -Task Publish -NuGetSource "http://127.0.0.1:$port/index.json" | Should -Match 'Published'
            $requests = $feed | Receive-Job -Wait
        }
        finally {
            Remove-Item env:RUSTFS_KMS_PUBLISH_KEY -ErrorAction Ignore
            $listener.Close()
            $feed | Remove-Job -Force
        }

        $requests.Line | Should -Be 'GET /index.json', 'PUT /push'
        $requests.Key | Should -Be $null, 'feed-key'
        $requests[1].Body | Should -Match ([Convert]::ToHexString([byte[]](1..200)))
    }

    It 'refuses <Case>' -ForEach @(
        @{ Case = 'no target'; Arguments = @{}; Says = 'Say where' }
        @{ Case = 'two targets'; Arguments = @{ Repository = 'a'; NuGetSource = 'b' }; Says = 'Say where' }
        @{ Case = 'to send a key in clear'; Arguments = @{ NuGetSource = 'http://feed.example.com/index.json'; Confirm = $false }; Says = 'in clear' }
        @{ Case = 'to publish without a key'; Arguments = @{ Repository = 'PSGallery' }; Says = '-ApiKey|Publish-PSResource' }
    ) {
        { & $publish -Task Publish @Arguments } | Should -Throw -PassThru | ForEach-Object { $_.Exception.Message | Should -Match $Says }
    }

    It 'refuses a version that the change log calls not released, and a package that was not made' {
        Write-ChangeLog 'not yet released'
        { & $publish -Task Publish -Repository PSGallery } | Should -Throw '*not yet released*'
        Write-ChangeLog '2026-12-01'
        Remove-Item $package
        { & $publish -Task Publish -Repository PSGallery } | Should -Throw '*-Task Package*'
    }
}

Describe 'build.ps1 -Task Sign' {
    It 'says where it can be done' -Skip:$IsWindows {
        { & $build -Task Sign -ModulePath $ModulePath -CertificateThumbprint ('0' * 40) } | Should -Throw '*Windows*'
    }
}
