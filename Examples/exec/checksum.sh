#!/bin/sh
# Handler for jobs whose payload is the path of a file, such as "/etc/hostname": answers its size and SHA-256.
set -eu
path=$(sed 's/^"//; s/"$//')

case $path in
/*) ;;
*) echo "not an absolute path: $path" >&2; exit 65 ;; # another attempt would not help
esac
if [ ! -e "$path" ]; then
    echo '{"level": "warning", "message": "not there yet", "retry_after_ms": 60000}' >&2
    exit 75 # try later, and spend no attempt
fi

echo "attempt $JOB_ATTEMPT of $JOB_MAX_ATTEMPTS: $path" >&2 # a log line
sum=$(sha256sum <"$path")
printf '{"bytes": %d, "sha256": "%s"}\n' "$(wc -c <"$path")" "${sum%% *}"
