#!/usr/bin/env bash
# Makes the containers of base/: needs qemu-img and python3.
set -euo pipefail
cd "$(dirname "$0")/base"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
truncate -s 192K "$work/disk"
printf 'the begin' | dd of="$work/disk" conv=notrunc status=none
printf 'the middle' | dd of="$work/disk" bs=1K seek=77 conv=notrunc status=none
printf 'the end' | dd of="$work/disk" bs=1K seek=191 conv=notrunc status=none
make() { # NAME FORMAT OPTIONS...
  qemu-img convert -S 512 -f raw -O "$2" "${@:3}" "$work/disk" "$work/$1"
  python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read(), 9))' <"$work/$1" >"$1.zlib"
}
make disk.vhd vpc -o force_size=on
make disk.vhdx vhdx -o block_size=1M
make disk.qcow2 qcow2 -o cluster_size=512
make subclusters.qcow2 qcow2 -o extended_l2=on,cluster_size=16K
make packed.qcow2 qcow2 -c -o cluster_size=4K
make disk.vdi vdi
make disk.vmdk vmdk
make packed.vmdk vmdk -o subformat=streamOptimized
ls -l ./*.zlib
