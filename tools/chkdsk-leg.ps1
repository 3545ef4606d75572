# NOT YET RUN: no Windows was at hand. Volumes that linksmith made and edited, judged by Windows itself.
#
#   tools\chkdsk-leg.ps1 -Exe target\debug\linksmith.exe        (as administrator; the letter V: has to be free)
#
# A fixed VHD gets a partition by diskpart and a volume by `linksmith format`; the links are made in the file, then
# it is mounted. chkdsk must find nothing, dir and fsutil must show what linksmith shows, and links that Windows
# makes must pass `linksmith check`. With the volume live come the roads that need an administrator: the $Reparse
# index, and a change of the raw volume, which is locked and dismounted for it.
param([Parameter(Mandatory)][string]$Exe, [string]$Folder = (Join-Path $env:TEMP 'linksmith-chkdsk'))
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

$Exe = (Resolve-Path -LiteralPath $Exe).Path
New-Item -ItemType Directory -Force -Path $Folder | Out-Null
$vhd = Join-Path $Folder 'disk.vhd'

function Invoke-Program {
    param([string]$Program, [string[]]$Arguments)
    $lines = & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program $Arguments ended with $LASTEXITCODE`n$($lines -join "`n")" }
    $lines
}

function Write-Step {
    param([string]$Text)
    Write-Host "== $Text"
}

# The first partition of a new disk in $vhd: its first sector and how many there are.
function New-PartitionedDisk {
    $script = Join-Path $Folder 'diskpart.txt'
    Set-Content -LiteralPath $script -Encoding Ascii -Value @(
        "create vdisk file=`"$vhd`" maximum=96 type=fixed", 'attach vdisk', 'convert mbr',
        'create partition primary id=07', 'detach vdisk')
    Invoke-Program diskpart @('/s', $script) | Out-Host
    $sector = New-Object byte[] 512
    $stream = [System.IO.File]::OpenRead($vhd)
    try { [void]$stream.Read($sector, 0, 512) } finally { $stream.Dispose() }
    @{ Start = [BitConverter]::ToUInt32($sector, 0x1BE + 8); Count = [BitConverter]::ToUInt32($sector, 0x1BE + 12) }
}

function Copy-IntoPartition {
    param([string]$Image, [hashtable]$Partition)
    $from = [System.IO.File]::OpenRead($Image)
    $to = [System.IO.File]::OpenWrite($vhd)
    try { $to.Position = [long]$Partition.Start * 512; $from.CopyTo($to) } finally { $from.Dispose(); $to.Dispose() }
}

# Every kind of link, and enough names for indexes of several levels.
function Edit-Volume {
    $script = @('@echo off', 'md real', 'echo fifteen bytes .>real.txt', 'mklink /J junction real', 'mklink /D dirlink real',
        'mklink filelink real.txt', 'mklink /H hard.txt real.txt', 'mklink /D gone nowhere', 'md many')
    $script += 0..999 | ForEach-Object { "mklink /D many\link$_ ..\real >nul" }
    $script += 0..999 | Where-Object { $_ % 3 -eq 0 } | ForEach-Object { "rd many\link$_" }
    $script += 0..499 | ForEach-Object { "mklink /H many\name$_ real.txt >nul" }
    $file = Join-Path $Folder 'edit.cmd'
    Set-Content -LiteralPath $file -Encoding Ascii -Value $script
    Invoke-Program $Exe @('--drive', "V=$vhd", 'shell', $file) | Out-Host
}

function Mount-Volume {
    $disk = Mount-DiskImage -ImagePath $vhd -StorageType VHD -PassThru | Get-DiskImage | Get-Disk
    if ($disk.IsOffline) { $disk | Set-Disk -IsOffline $false }
    $partition = $disk | Get-Partition | Select-Object -First 1
    if ($partition.DriveLetter -ne 'V') { $partition | Set-Partition -NewDriveLetter V }
}

function Dismount-Volume { Dismount-DiskImage -ImagePath $vhd | Out-Null }

function Assert-Sound {
    # With /f the volume is dismounted and looked at in peace; 0 is "no errors found", 1 "found and fixed".
    Invoke-Program chkdsk @('V:') | Out-Host
    Invoke-Program chkdsk @('V:', '/f', '/x') | Out-Host
}

function Assert-Same {
    param([string]$What, [string[]]$Ours, [string[]]$Theirs)
    # What is free changes as soon as a volume is mounted.
    $of = { param($lines) $lines | Where-Object { $_ -notmatch 'bytes free' } }
    $differences = Compare-Object -SyncWindow 0 @(& $of $Ours) @(& $of $Theirs)
    if ($differences) { throw "$What differs:`n$($differences | Out-String)" }
}

$queries = @{ 'dir' = @('dir', '/al', 'V:\'); 'junction' = @('fsutil', 'reparsepoint', 'query', 'V:\junction')
    'dirlink' = @('fsutil', 'reparsepoint', 'query', 'V:\dirlink'); 'filelink' = @('fsutil', 'reparsepoint', 'query', 'V:\filelink') }

Write-Step 'a disk, a volume, links'
Remove-Item -LiteralPath $vhd -Force -ErrorAction SilentlyContinue
$partition = New-PartitionedDisk
$image = Join-Path $Folder 'volume.img'
Remove-Item -LiteralPath $image -Force -ErrorAction SilentlyContinue
Invoke-Program $Exe @('format', $image, '--size', "$([long]$partition.Count * 512)", '--label', 'LINKSMITH') | Out-Host
Copy-IntoPartition $image $partition
Edit-Volume
$ours = @{}
foreach ($name in $queries.Keys) { $ours[$name] = Invoke-Program $Exe (@('--drive', "V=$vhd,ro") + $queries[$name]) }

Write-Step 'chkdsk, dir and fsutil on what linksmith wrote'
Mount-Volume
try {
    Assert-Sound
    foreach ($name in $queries.Keys) {
        $theirs = Invoke-Program cmd (@('/d', '/c') + $queries[$name])
        Assert-Same $name $ours[$name] $theirs
    }

    Write-Step 'the live volume: the $Reparse index, and links of Windows'' own'
    $said = & $Exe find --unfollowed --explain V:\ 2>&1
    $roads = @($said | Where-Object { "$_" -match '\$Reparse index: ' })
    if ($roads.Count -ne 1) { throw "find took another road: $said" }
    $found = @($said | Where-Object { "$_" -notmatch '^linksmith: ' }).Count
    $walked = @(Get-ChildItem -LiteralPath V:\ -Recurse -Force -Attributes ReparsePoint -ErrorAction SilentlyContinue).Count
    if ($found -ne $walked) { throw "the index gives $found reparse points, a walk $walked" }
    Invoke-Program cmd @('/d', '/c', 'mklink', '/J', 'V:\theirs', 'V:\real') | Out-Host
    Invoke-Program cmd @('/d', '/c', 'mklink', '/D', 'V:\theirs_too', 'real') | Out-Host

    Write-Step 'a change of the raw volume'
    Invoke-Program $Exe @('--drive', 'X=\\.\V:', 'mklink', '/J', 'X:\raw', 'X:\real') | Out-Host
    Assert-Sound
    Invoke-Program cmd @('/d', '/c', 'dir', '/al', 'V:\raw*') | Out-Host
}
finally { Dismount-Volume }

Write-Step 'linksmith on what Windows wrote'
Invoke-Program $Exe @('check', $vhd) | Out-Host
Invoke-Program $Exe @('--drive', "V=$vhd,ro", 'show', 'V:\theirs', 'V:\theirs_too') | Out-Host
Write-Step 'sound'
