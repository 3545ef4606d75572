@md symlink_test
@cd symlink_test
@md real_dir
@echo hello, world!>real_file.txt
mklink symlink_dir real_dir
@del symlink_dir
mklink /D symlink_dir real_dir
mklink /J junction_dir real_dir
mklink symlink_file.txt real_file.txt
mklink /H hardlink_file.txt real_file.txt
dir
@del hardlink_file.txt
@rd junction_dir
fsutil hardlink create hardlink_file.txt real_file.txt
junction -nobanner junction_dir real_dir
dir
