@{
    RootModule        = 'Linksmith.psm1'
    ModuleVersion     = '0.1.0'
    GUID              = 'f1f6c1a7-6f0e-4b0c-9a55-0d2c7a4e11b6'
    Author            = 'The linksmith developers'
    Copyright         = '(c) The linksmith developers. MIT or Apache-2.0.'
    Description       = 'Links for PowerShell: makes, shows, finds and removes symbolic links, hard links and junctions.'
    PowerShellVersion = '5.1'
    FunctionsToExport = @('New-Symlink', 'New-Hardlink', 'New-Junction', 'Get-Link', 'Find-Link',
                          'Get-HardLinkName', 'Set-LinkTarget', 'Remove-Link', 'mklink')
    CmdletsToExport   = @()
    VariablesToExport = @()
    AliasesToExport   = @()
    PrivateData       = @{ PSData = @{ Tags = @('symlink', 'junction', 'hardlink', 'NTFS', 'reparse') } }
}
