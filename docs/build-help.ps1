<#
.SYNOPSIS
    Brings the pages in docs/ up to the cmdlets of the staged module, and makes the MAML help in en-US/ from them.

.DESCRIPTION
    A page has two halves. What a person wrote (synopsis, description, examples, the text of each parameter, notes, links, default values)
    stays as it is. What the module knows (syntax, aliases, parameters and their properties, types of input and output) is taken from the
    module, through Microsoft.PowerShell.PlatyPS. What is new in the module gets a placeholder in double braces, which the tests refuse;
    what is gone from it loses its place in the page. The order of the pages and every byte of the output depend on nothing else.

    A cmdlet whose second name is a cmdlet too has one page. In the MAML it has two entries, the second made of the first.

    Build the module first: dotnet build.

.PARAMETER CheckOnly
    Writes nothing, and ends in an error when a file would change.

.EXAMPLE
    ./docs/build-help.ps1
#>
[CmdletBinding()]
param(
    [switch] $CheckOnly
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$repository = Split-Path $PSScriptRoot
$manifest = Join-Path $repository 'out/RustFs.Kms/RustFs.Kms.psd1'
$mamlName = 'RustFs.Kms.PowerShell.dll-Help.xml' # of the root module's assembly: where Get-Help looks
$mamlFile = Join-Path $repository "en-US/$mamlName"
$changed = [Collections.Generic.List[string]]::new()

# The blocks below headings of a level, by heading, in order; what is before the first has the name ''. Code is no heading.
function Read-Block([string] $Text, [int] $Level) {
    $blocks = [ordered] @{ '' = [Collections.Generic.List[string]]::new() }
    $mark = '#' * $Level + ' '
    $name = ''
    $isCode = $false
    foreach ($line in $Text.Split("`n")) {
        if ($line.StartsWith('```')) {
            $isCode = -not $isCode
        }

        if (-not $isCode -and $line.StartsWith($mark)) {
            $name = $line.Substring($mark.Length).Trim()
            $blocks[$name] = [Collections.Generic.List[string]]::new()
        }
        else {
            $blocks[$name].Add($line)
        }
    }

    $texts = [ordered] @{}
    foreach ($key in $blocks.Keys) {
        $texts[$key] = ($blocks[$key] -join "`n").Trim("`n")
    }

    $texts
}

# A parameter: its text as it was, its properties as the module has them. Two of them only people know.
function Join-Parameter([string] $Old, [string] $New) {
    $fence = '```yaml'
    $text, $properties = $Old -split $fence, 2
    $freshProperties = ($New -split $fence, 2)[1]
    foreach ($name in 'DefaultValue', 'SupportsWildcards') {
        if ($properties -match "(?m)^${name}: (.*)`$") {
            $value = $Matches[1]
            $freshProperties = [regex]::Replace($freshProperties, "(?m)^${name}: .*`$", { "${name}: $value" })
        }
    }

    $text.TrimEnd() + "`n`n$fence" + $freshProperties
}

# Blocks of the module's names and order; with the texts that they had, where they were there before.
function Join-Block([string] $Old, [string] $New, [scriptblock] $Merge) {
    $had = Read-Block $Old 3
    $has = Read-Block $New 3
    $parts = foreach ($name in @($has.Keys) -ne '') {
        $text = if (-not $had.Contains($name)) { $has[$name] } elseif ($Merge) { & $Merge $had[$name] $has[$name] } else { $had[$name] }
        "### $name`n`n$text"
    }

    $parts -join "`n`n"
}

# The forms of a command, as the engine says them, in lines of at most 100 columns. (PlatyPS forgets parts of some.)
function Get-Syntax([Management.Automation.CmdletInfo] $Command) {
    $forms = foreach ($set in $Command.ParameterSets) {
        $mark = if ($set.IsDefault -and $set.Name -ne '__AllParameterSets') { ' (Default)' }
        $lines = [Collections.Generic.List[string]]::new()
        $line = $Command.Name
        foreach ($part in [regex]::Matches("$set", '\[\[-[^\]]+\] <.+?>\](?= |$)|\[[^\]]+?<[^>]+>\](?= |$)|\[[^\]]+\](?: <[^>]+>)?(?= |$)|-\w+(?: <[^>]+>)?(?= |$)')) {
            if ($line.Length + 1 + $part.Length -gt 100) {
                $lines.Add($line)
                $line = ''
            }

            $line += " $($part.Value)"
        }

        $lines.Add($line)
        @("### $($set.Name)$mark", '', '```', ($lines -join "`n"), '```') -join "`n"
    }

    $forms -join "`n`n"
}

# What a command without any says in the place of types.
function Get-None([string] $Old, [string] $Text) {
    $had = Read-Block $Old 3
    "### None`n`n$(if ($had.Contains('None')) { $had['None'] } else { $Text })"
}

function Join-Page([string] $Old, [string] $New, [Management.Automation.CmdletInfo] $Command) {
    $had = Read-Block $Old 2
    $page = Read-Block $New 2
    foreach ($name in 'SYNOPSIS', 'DESCRIPTION', 'EXAMPLES', 'NOTES', 'RELATED LINKS') {
        $page[$name] = $had[$name]
    }

    $page['SYNTAX'] = Get-Syntax $Command
    $aliases = @(Get-Alias -Definition $Command.Name -ErrorAction Ignore | ForEach-Object { "- $($_.Name)" })
    $page['ALIASES'] = if ($secondNames.Contains($Command.Name)) { "This cmdlet has a second name, which no other module has:`n`n- $($secondNames[$Command.Name])" }
        elseif ($aliases) { "This cmdlet has the following aliases:`n`n" + ($aliases -join "`n") } else { 'This cmdlet has no aliases.' }
    $common = (Read-Block $page['PARAMETERS'] 3)['CommonParameters']
    $page['PARAMETERS'] = Join-Block $had['PARAMETERS'] $page['PARAMETERS'] {
        param($before, $after)
        if ($after -eq $common) { $after } else { Join-Parameter $before $after }
    }
    $page['INPUTS'] = if ($page['INPUTS'].Contains('### ')) { Join-Block $had['INPUTS'] $page['INPUTS'] }
        else { Get-None $had['INPUTS'] 'This cmdlet takes no input from the pipeline.' }
    $page['OUTPUTS'] = if ($Command.OutputType.Count -gt 0) { Join-Block $had['OUTPUTS'] $page['OUTPUTS'] }
        else { Get-None $had['OUTPUTS'] 'This cmdlet returns nothing.' }

    $lines = [Collections.Generic.List[string]]::new()
    $lines.Add($page[''])
    foreach ($name in 'SYNOPSIS', 'SYNTAX', 'ALIASES', 'DESCRIPTION', 'EXAMPLES', 'PARAMETERS', 'INPUTS', 'OUTPUTS', 'NOTES', 'RELATED LINKS') {
        $lines.Add("## $name")
        $lines.Add($page[$name])
    }

    # The date is that of the last change, so that a day that passes changes nothing.
    $text = ($lines -join "`n`n") + "`n"
    $date = [regex]'(?m)^ms\.date: .*$'
    $undated = $date.Replace($text, '')
    if ($undated -ceq $date.Replace($Old, '')) { $Old } else { $text }
}

# Markdown as a person reads it in a console: no marks, links as their text.
function ConvertTo-PlainText([string] $Markdown) {
    $text = $Markdown -replace '\[([^\]]+)\]\([^)]+\)', '$1' -replace '\*\*', '' -replace '`', ''
    $text -replace '\\([\\*_<>\[\]#|])', '$1'
}

# Paragraphs: lines that belong together become one, which the console breaks where it ends; an item of a list is one of its own.
function ConvertTo-Paragraph([string] $Markdown) {
    foreach ($block in $Markdown.Trim() -split "\n{2,}") {
        if ($block.Trim()) {
            foreach ($item in $block.Trim("`n") -split "\n(?=\s*- )") {
                (ConvertTo-PlainText ($item -replace '\s*\n\s*', ' ')).Trim()
            }
        }
    }
}

function Write-Paragraph([Xml.XmlElement] $Parent, [string[]] $Text) {
    while ($Parent.HasChildNodes) {
        $null = $Parent.RemoveChild($Parent.FirstChild)
    }

    foreach ($paragraph in $Text) {
        $element = $Parent.OwnerDocument.CreateElement('maml', 'para', 'http://schemas.microsoft.com/maml/2004/10')
        $element.InnerText = $paragraph
        $null = $Parent.AppendChild($element)
    }
}

# An example: the code in code, everything after it as remarks. (PlatyPS leaves both, as Markdown, in the introduction.)
function Write-Example([Xml.XmlElement] $Element, [string] $Title, [string] $Markdown, [Xml.XmlNamespaceManager] $Names) {
    $parts = [regex]::Matches($Markdown, '(?ms)^```(?<kind>\w*)\n(?<code>.*?)\n```$|(?<text>(?:(?!^```).)+)')
    $code = $null
    $remarks = foreach ($part in $parts) {
        if ($part.Groups['text'].Success) {
            ConvertTo-Paragraph $part.Groups['text'].Value
        }
        elseif ($null -eq $code -and $part.Groups['kind'].Value -eq 'powershell') {
            $code = $part.Groups['code'].Value
        }
        else {
            $part.Groups['code'].Value
        }
    }

    $Element.SelectSingleNode('maml:title', $Names).InnerText = "--------- $(ConvertTo-PlainText $Title) ---------"
    Write-Paragraph $Element.SelectSingleNode('maml:introduction', $Names) @()
    $Element.SelectSingleNode('dev:code', $Names).InnerText = "$code"
    Write-Paragraph $Element.SelectSingleNode('dev:remarks', $Names) @($remarks)
}

# What a page says, into the MAML that PlatyPS made of it.
function Merge-Command([Xml.XmlElement] $Command, [string] $Page, [Xml.XmlNamespaceManager] $Names) {
    $sections = Read-Block $Page 2
    Write-Paragraph $Command.SelectSingleNode('command:details/maml:description', $Names) @(ConvertTo-Paragraph $sections['SYNOPSIS'])
    Write-Paragraph $Command.SelectSingleNode('maml:description', $Names) @(ConvertTo-Paragraph $sections['DESCRIPTION'])
    Write-Paragraph $Command.SelectSingleNode('maml:alertSet/maml:alert', $Names) @(ConvertTo-Paragraph $sections['NOTES'])

    $parameters = Read-Block $sections['PARAMETERS'] 3
    $pipelineInput = @{}
    foreach ($parameter in $Command.SelectNodes('command:parameters/command:parameter', $Names)) {
        $name = $parameter.SelectSingleNode('maml:name', $Names).InnerText
        $text, $properties = $parameters["-$name"] -split '```yaml', 2
        Write-Paragraph $parameter.SelectSingleNode('maml:description', $Names) @(ConvertTo-Paragraph $text)
        $pipelineInput[$name] = $parameter.GetAttribute('pipelineInput')
        if ($properties -match "(?m)^SupportsWildcards: true") {
            $parameter.SetAttribute('globbing', 'true')
        }

        if ($properties -match "(?m)^DefaultValue: '?([^'\n]+)'?`$") {
            $default = $parameter.OwnerDocument.CreateElement('dev', 'defaultValue', $Names.LookupNamespace('dev'))
            $default.InnerText = $Matches[1]
            $null = $parameter.AppendChild($default)
        }
    }

    foreach ($parameter in $Command.SelectNodes('command:syntax/command:syntaxItem/command:parameter', $Names)) {
        $parameter.SetAttribute('pipelineInput', $pipelineInput[$parameter.SelectSingleNode('maml:name', $Names).InnerText])
    }

    foreach ($pair in @('INPUTS', 'command:inputTypes/command:inputType'), @('OUTPUTS', 'command:returnValues/command:returnValue')) {
        $types = Read-Block $sections[$pair[0]] 3
        foreach ($type in $Command.SelectNodes($pair[1], $Names)) {
            Write-Paragraph $type.SelectSingleNode('maml:description', $Names) @(ConvertTo-Paragraph $types[$type.SelectSingleNode('dev:type/maml:name', $Names).InnerText])
        }
    }

    $examples = Read-Block $sections['EXAMPLES'] 3
    $titles = @($examples.Keys | Where-Object { $_ })
    $elements = @($Command.SelectNodes('command:examples/command:example', $Names))
    for ($index = 0; $index -lt $elements.Count; $index++) {
        Write-Example $elements[$index] $titles[$index] $examples[$titles[$index]] $Names
    }

    # Files beside the page mean nothing to whoever has the module only; an empty address is none.
    foreach ($link in @($Command.SelectNodes('command:relatedLinks/maml:navigationLink', $Names))) {
        $uri = $link.SelectSingleNode('maml:uri', $Names)
        if ($link.SelectSingleNode('maml:linkText', $Names).InnerText -eq 'Online Version' -and -not $uri.InnerText) {
            $null = $link.ParentNode.RemoveChild($link)
        }
        elseif ($uri.InnerText -notmatch '^https?:') {
            $uri.InnerText = ''
        }
    }
}

# The entry of a cmdlet's second name: the cmdlet's own, with the second name of each cmdlet that has one.
function Add-SecondName([Xml.XmlElement] $Command, [string] $Name, [Xml.XmlNamespaceManager] $Names) {
    $second = $Command.CloneNode($true)
    foreach ($text in @($second.SelectNodes('.//text()'))) {
        $text.Value = [regex]::Replace($text.Value, '\b[A-Z]\w+-Kms\w*', { param($match) $secondNames[$match.Value] ?? $match.Value })
    }

    $second.SelectSingleNode('command:details/command:noun', $Names).InnerText = $Name.Split('-')[1]
    $null = $Command.ParentNode.InsertAfter($second, $Command)
}

function Write-Result([string] $Path, [string] $Text) {
    $before = if (Test-Path $Path) { [IO.File]::ReadAllText($Path).ReplaceLineEndings("`n") }
    if ($before -cne $Text) {
        $changed.Add([IO.Path]::GetRelativePath($repository, $Path))
        if (-not $CheckOnly) {
            [IO.File]::WriteAllText($Path, $Text, [Text.UTF8Encoding]::new($false))
        }
    }
}

function Read-Text([string] $Path) {
    [IO.File]::ReadAllText($Path).ReplaceLineEndings("`n")
}

if (-not (Test-Path $manifest)) {
    throw "The module is not staged at $manifest. Run: dotnet build"
}

if (-not (Get-Module -ListAvailable Microsoft.PowerShell.PlatyPS)) {
    throw 'Microsoft.PowerShell.PlatyPS is not installed, and makes the help. Run: Install-PSResource Microsoft.PowerShell.PlatyPS'
}

Import-Module Microsoft.PowerShell.PlatyPS
$module = Import-Module $manifest -Force -PassThru
$cmdlets = $module.ExportedCmdlets
$secondNames = @{}
foreach ($cmdlet in $cmdlets.Values) {
    foreach ($second in $cmdlets.Values | Where-Object { $_.ImplementingType.BaseType -eq $cmdlet.ImplementingType }) {
        $secondNames[$cmdlet.Name] = $second.Name
    }
}

$work = Join-Path ([IO.Path]::GetTempPath()) "rustfs-kms-help-$([Guid]::NewGuid().ToString('N'))"
$null = New-Item -ItemType Directory $work
try {
    # The pages.
    $fresh = Join-Path $work $module.Name
    & {
        Set-StrictMode -Off # PlatyPS 1.0 is not written for it
        $null = New-MarkdownCommandHelp -ModuleInfo $module -OutputFolder $work -Force
        $null = Get-ChildItem $fresh -Filter *.md | Update-MarkdownCommandHelp -NoBackup
    }

    $pages = [ordered] @{}
    foreach ($command in @($cmdlets.Keys | Where-Object { $_ -notin $secondNames.Values } | Sort-Object -CaseSensitive)) {
        $path = Join-Path $PSScriptRoot "$command.md"
        $new = Read-Text (Join-Path $fresh "$command.md")
        $old = if (Test-Path $path) { Read-Text $path } else { $new }
        $pages[$command] = Join-Page $old $new $cmdlets[$command]
        Write-Result $path $pages[$command]
        [IO.File]::WriteAllText((Join-Path $fresh "$command.md"), $pages[$command])
    }

    foreach ($stale in Get-ChildItem $PSScriptRoot -Filter '*-Kms*.md' | Where-Object { -not $pages.Contains($_.BaseName) }) {
        $changed.Add("docs/$($stale.Name)")
        if (-not $CheckOnly) {
            Remove-Item $stale.FullName
        }
    }

    # The module's page: a table of the synopses below what people wrote, which ends at its first group.
    $modulePage = Join-Path $PSScriptRoot "$($module.Name).md"
    $text = Read-Text $modulePage
    foreach ($command in $pages.Keys) {
        $synopsis = (Read-Block $pages[$command] 2)['SYNOPSIS'] -replace '\s*\n\s*', ' '
        $entry = "### [$command]($command.md)`n`n"
        $text = if ($text.Contains($entry)) {
            [regex]::Replace($text, '(?m)(' + [regex]::Escape($entry) + ')[^\n]+', { param($match) $match.Groups[1].Value + $synopsis })
        }
        else {
            $text.TrimEnd() + "`n`n$entry$synopsis`n"
        }
    }

    Write-Result $modulePage $text

    # The MAML.
    & {
        Set-StrictMode -Off
        $help = foreach ($command in $pages.Keys) { Import-MarkdownCommandHelp (Join-Path $fresh "$command.md") }
        $null = Export-MamlCommandHelp -CommandHelp $help -OutputFolder (Join-Path $work 'maml') -Force
    }

    $maml = [Xml.XmlDocument]::new()
    $maml.Load((Get-ChildItem $work -Recurse -Filter $mamlName).FullName)
    $names = [Xml.XmlNamespaceManager]::new($maml.NameTable)
    $names.AddNamespace('maml', 'http://schemas.microsoft.com/maml/2004/10')
    $names.AddNamespace('command', 'http://schemas.microsoft.com/maml/dev/command/2004/10')
    $names.AddNamespace('dev', 'http://schemas.microsoft.com/maml/dev/2004/10')
    foreach ($element in @($maml.SelectNodes('/*/command:command', $names))) {
        $name = $element.SelectSingleNode('command:details/command:name', $names).InnerText
        Merge-Command $element $pages[$name] $names
        if ($secondNames.Contains($name)) {
            Add-SecondName $element $secondNames[$name] $names
        }
    }

    $settings = [Xml.XmlWriterSettings]::new()
    $settings.Indent = $true
    $settings.NewLineChars = "`n"
    $settings.Encoding = [Text.UTF8Encoding]::new($false)
    $stream = [IO.MemoryStream]::new()
    $writer = [Xml.XmlWriter]::Create($stream, $settings)
    $maml.Save($writer)
    $writer.Dispose()
    Write-Result $mamlFile ([Text.Encoding]::UTF8.GetString($stream.ToArray()).ReplaceLineEndings("`n") + "`n")
}
finally {
    Remove-Item $work -Recurse -Force
}

$changed
if ($CheckOnly -and $changed.Count -gt 0) {
    throw "The help is not what the module and the pages say. Run: build.ps1 -Task Help. It would change: $($changed -join ', ')"
}
