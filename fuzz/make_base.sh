#!/usr/bin/env bash
# Makes base/links.img.zlib: needs mkntfs, ntfs-3g, setfattr, python3, root and /dev/fuse.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'umount "$work/mnt" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/mnt"
truncate -s 2M "$work/img"
mkntfs -F -f -q -c 512 -L Fuzz "$work/img" 2>/dev/null
ntfs-3g -o compression "$work/img" "$work/mnt"
rp() { python3 ../crates/testkit/fixtures/rp.py "$@"; }
(
  mnt=$work/mnt
  mkdir "$mnt/dir" "$mnt/packed" "$mnt/junction"
  for i in $(seq 60); do : > "$mnt/dir/name_number_$i"; done
  echo text > "$mnt/file"
  for i in $(seq 12); do ln "$mnt/file" "$mnt/dir/second_name_$i"; done
  setfattr -n system.ntfs_dos_name -v 'LONG~1' "$mnt/dir/name_number_1"
  setfattr -h -n system.ntfs_reparse_data -v "$(rp junction 'C:\dir')" "$mnt/junction"
  : > "$mnt/symlink"
  setfattr -h -n system.ntfs_reparse_data -v "$(rp relative 'file')" "$mnt/symlink"
  setfattr -n system.ntfs_object_id -v 0x00112233445566778899aabbccddeeff "$mnt/file"
  setfattr -n system.ntfs_attrib_be -v 0x00000810 "$mnt/packed"
  for i in $(seq 800); do echo "line $i"; done > "$mnt/packed/text"
  truncate -s 100000 "$mnt/sparse"; echo end >> "$mnt/sparse"
)
umount "$work/mnt"; sleep 1
mkdir -p base
# $UpCase counts upwards, which does not pack: it is left out, and put in again when the image is unpacked.
python3 -c '
import struct, sys, zlib
image = bytearray(sys.stdin.buffer.read())
start = image.index(struct.pack("<96H", *range(96)))
image[start : start + 0x20000] = bytes(0x20000)
sys.stdout.buffer.write(zlib.compress(image, 9))' < "$work/img" > base/links.img.zlib
ls -l base/links.img.zlib
