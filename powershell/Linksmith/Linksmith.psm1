# Linksmith for PowerShell: thin functions over the linksmith command.
# Each runs `linksmith VERB --json` and gives its objects, or its errors as PowerShell errors.
# The program is the one called linksmith on PATH, or what $env:LINKSMITH_EXE names.

Set-StrictMode -Version 2.0

function Invoke-Linksmith {
    param([Parameter(Mandatory)][string[]]$Arguments)
    $exe = if ($env:LINKSMITH_EXE) { $env:LINKSMITH_EXE } else { 'linksmith' }
    $before = $null
    # A host without a console (ISE, a service) has no encoding to set, and none to put back.
    try { $before = [Console]::OutputEncoding; [Console]::OutputEncoding = [System.Text.Encoding]::UTF8 } catch { }
    try {
        $lines = & {
            # A line on standard error is an object to read, whatever the caller wants done about errors.
            $ErrorActionPreference = 'Continue'
            $PSNativeCommandUseErrorActionPreference = $false
            & $exe --json @Arguments 2>&1
        }
        $code = $LASTEXITCODE
    }
    finally { if ($null -ne $before) { try { [Console]::OutputEncoding = $before } catch { } } }
    foreach ($line in $lines) {
        $text = "$line"
        if ([string]::IsNullOrWhiteSpace($text)) { continue }
        try { $item = $text | ConvertFrom-Json -ErrorAction Stop }
        catch { Write-Error -Message $text -ErrorId 'Linksmith' -TargetObject $Arguments; continue }
        if ($item.PSObject.Properties['error']) { Write-LinksmithError $item $code }
        elseif ($item.PSObject.Properties['warning']) { Write-Warning (Add-Hint $item.warning $item) }
        else { $item.PSObject.TypeNames.Insert(0, 'Linksmith.Link'); $item }
    }
}

function Add-Hint {
    param([string]$Text, $Item)
    if ($Item.PSObject.Properties['hint'] -and $Item.hint) { "$Text`nhint: $($Item.hint)" } else { $Text }
}

function Write-LinksmithError {
    param($Item, [int]$ExitCode)
    $category = switch ($ExitCode) {
        2 { 'InvalidArgument' }
        3 { 'ObjectNotFound' }
        4 { 'ResourceExists' }
        5 { 'PermissionDenied' }
        6 { 'NotImplemented' }
        8 { 'InvalidOperation' }
        10 { 'ResourceUnavailable' }
        default { 'NotSpecified' }
    }
    $target = if ($Item.PSObject.Properties['path']) { $Item.path } else { $null }
    Write-Error -Message (Add-Hint $Item.error $Item) -Category $category -ErrorId "Linksmith.$ExitCode" -TargetObject $target
}

# PowerShell's own idea of a path (drives of its own, its current location) as the system's. Windows PowerShell
# quotes an argument that ends in `\` so that programs read a quote there, so that one goes; but never a root's.
function Resolve-LinkPath {
    param([string]$Path)
    $full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
    $short = $full.TrimEnd('\')
    if ($short -match '^(.:)?$' -or $short -match '^\\\\[^\\]+\\[^\\]+$') { $full } else { $short }
}

# Whether a target says by itself where it is: from a root, a drive of the system or one of PowerShell's own.
function Test-Absolute {
    param([string]$Path)
    $drive = $null
    [System.IO.Path]::IsPathRooted($Path) -or $ExecutionContext.SessionState.Path.IsPSAbsolute($Path, [ref]$drive)
}

# What the module promises before anything is made: the target is there and is of the right kind, the
# place is free or may be replaced. -Force never removes a real file or directory.
function Assert-LinkRequest {
    param([string]$Link, [string]$Target, [switch]$Force, [ValidateSet('any', 'file', 'dir')][string]$Wants)
    if (-not (Test-Path -LiteralPath $Target)) { throw "Target does not exist.`nTarget: $Target" }
    $isDir = Test-Path -LiteralPath $Target -PathType Container
    if ($Wants -eq 'file' -and $isDir) {
        throw "The target is a directory. Hard links cannot be created for directories.`nTarget: $Target"
    }
    if ($Wants -eq 'dir' -and -not $isDir) {
        throw "The target is a file. Junctions cannot be created for files.`nTarget: $Target"
    }
    if (-not $Force -and $null -ne (Get-Item -LiteralPath $Link -Force -ErrorAction SilentlyContinue)) {
        throw "A file or directory already exists at the link path.`nLink: $Link"
    }
}

function New-LinkOfKind {
    param([string]$Verb, [string]$Wants, [string]$Link, [string]$Target, [switch]$Force, $Cmdlet)
    $linkPath = Resolve-LinkPath $Link
    # A relative symbolic link target is kept as it was typed; it is looked at from the link's folder.
    $seen = if ((Test-Absolute $Target) -or $Verb -ne 'soft') { Resolve-LinkPath $Target }
            else { Join-Path (Split-Path -Parent $linkPath) $Target }
    Assert-LinkRequest -Link $linkPath -Target $seen -Force:$Force -Wants $Wants
    # A drive of PowerShell's own means nothing to the system.
    $typed = $Verb -eq 'soft' -and ([System.IO.Path]::IsPathRooted($Target) -or -not (Test-Absolute $Target))
    $stored = if ($typed) { $Target } else { $seen }
    if (-not $Cmdlet.ShouldProcess($linkPath, "make a $Verb link to $stored")) { return }
    $arguments = @($Verb)
    if ($Force) { $arguments += '--force' }
    Invoke-Linksmith ($arguments + @('--', $linkPath, $stored))
}

<#
.SYNOPSIS
Makes a symbolic link; a file or a directory one, as the target is.
#>
function New-Symlink {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][string]$Link, [Parameter(Mandatory, Position = 1)][string]$Target,
          [Parameter(Position = 2)][switch]$Force)
    New-LinkOfKind -Verb soft -Wants any -Link $Link -Target $Target -Force:$Force -Cmdlet $PSCmdlet
}

<#
.SYNOPSIS
Gives a file another name on the same volume.
#>
function New-Hardlink {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][string]$Link, [Parameter(Mandatory, Position = 1)][string]$Target,
          [Parameter(Position = 2)][switch]$Force)
    New-LinkOfKind -Verb hard -Wants file -Link $Link -Target $Target -Force:$Force -Cmdlet $PSCmdlet
}

<#
.SYNOPSIS
Makes a junction to a directory on a local volume.
#>
function New-Junction {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][string]$Link, [Parameter(Mandatory, Position = 1)][string]$Target,
          [Parameter(Position = 2)][switch]$Force)
    New-LinkOfKind -Verb junction -Wants dir -Link $Link -Target $Target -Force:$Force -Cmdlet $PSCmdlet
}

<#
.SYNOPSIS
What each path is: kind, stored names, where it leads, status.
#>
function Get-Link {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)]
          [Alias('FullName', 'PSPath')][string[]]$Path)
    process { foreach ($p in $Path) { Invoke-Linksmith @('show', '--', (Resolve-LinkPath $p)) } }
}

<#
.SYNOPSIS
Every link below a folder, without following any.
#>
function Find-Link {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]]$Root = '.', [string]$Kind, [string]$Status, [switch]$Broken,
          [string]$To, [string]$Name)
    $arguments = @('find')
    if ($Kind) { $arguments += '--kind', $Kind }
    if ($Status) { $arguments += '--status', $Status }
    if ($Broken) { $arguments += '--broken' }
    if ($To) { $arguments += '--to', (Resolve-LinkPath $To) }
    if ($Name) { $arguments += '--name', $Name }
    Invoke-Linksmith ($arguments + @('--') + @($Root | ForEach-Object { Resolve-LinkPath $_ }))
}

<#
.SYNOPSIS
Every name of a file.
#>
function Get-HardLinkName {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)][Alias('FullName')][string]$Path)
    process { Invoke-Linksmith @('names', '--', (Resolve-LinkPath $Path)) }
}

<#
.SYNOPSIS
Changes where a link leads; its times and security stay.
#>
function Set-LinkTarget {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)][string]$Link, [Parameter(Mandatory, Position = 1)][string]$Target)
    $linkPath = Resolve-LinkPath $Link
    if ($PSCmdlet.ShouldProcess($linkPath, "lead to $Target")) { Invoke-Linksmith @('retarget', '--', $linkPath, $Target) }
}

<#
.SYNOPSIS
Removes links; never what they lead to, never a real file's last name.
#>
function Remove-Link {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Path')]
    param([Parameter(Mandatory, Position = 0, ParameterSetName = 'Path', ValueFromPipeline, ValueFromPipelineByPropertyName)]
          [Alias('PSPath')][string[]]$Path,
          # What Get-ChildItem gives. As a string it may be its name alone, which is another entry elsewhere.
          [Parameter(Mandatory, ParameterSetName = 'Item', ValueFromPipeline)][System.IO.FileSystemInfo]$InputObject)
    process {
        $paths = if ($PSCmdlet.ParameterSetName -eq 'Item') { @($InputObject.FullName) } else { $Path }
        foreach ($p in $paths) {
            $full = Resolve-LinkPath $p
            if ($PSCmdlet.ShouldProcess($full, 'remove the link')) { Invoke-Linksmith @('remove', '--', $full) }
        }
    }
}

<#
.SYNOPSIS
cmd's mklink, with its switches: mklink [/D | /H | /J] Link Target
#>
function mklink {
    $exe = if ($env:LINKSMITH_EXE) { $env:LINKSMITH_EXE } else { 'linksmith' }
    & $exe mklink @args
}

# What is exported stands in Linksmith.psd1.
