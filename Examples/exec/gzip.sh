#!/bin/sh
# Handler for jobs whose payload is the path of a file, such as "/etc/hostname": compresses it into the folder that is the
# script's only argument, and answers where. A second run writes the same file again, whole or not at all.
set -eu
folder=$1
path=$(sed 's/^"//; s/"$//')

case $path in
*\\*) echo "a path with escapes: $path" >&2; exit 65 ;; # this script does not know JSON that well
/*) ;;
*) echo "not an absolute path: $path" >&2; exit 65 ;; # another attempt would not help
esac

gzip -nc -- "$path" >"$folder/$JOB_ID.part"
mv -- "$folder/$JOB_ID.part" "$folder/$JOB_ID.gz"
printf '"%s"\n' "$folder/$JOB_ID.gz"
