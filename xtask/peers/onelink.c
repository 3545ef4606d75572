/* onelink: one more name for a file of an NTFS image through libntfs-3g.
 * usage: onelink IMG EXISTING NEW      both are names in the root directory
 * Build (Debian: ntfs-3g-dev): gcc -O2 -I/usr/include/ntfs-3g onelink.c -o onelink -lntfs-3g
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <ntfs-3g/types.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/volume.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/dir.h>

static void die(const char *what) {
    fprintf(stderr, "onelink: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int units(const char *text, ntfschar *out) {
    int n = 0;
    for (; *text; text++) out[n++] = cpu_to_le16((unsigned char)*text);
    return n;
}

int main(int argc, char **argv) {
    ntfschar name[256];
    if (argc != 4) return 2;
    ntfs_volume *volume = ntfs_mount(argv[1], 0);
    if (!volume) die("mount");
    ntfs_inode *file = ntfs_pathname_to_inode(volume, NULL, argv[2]);
    if (!file) die(argv[2]);
    ntfs_inode *root = ntfs_inode_open(volume, FILE_root);
    if (!root) die("root");
    int length = units(argv[3], name);
    if (ntfs_link(file, root, name, length)) die("link");
    if (ntfs_inode_close(file) || ntfs_inode_close(root)) die("close");
    if (ntfs_umount(volume, FALSE)) die("umount");
    return 0;
}
