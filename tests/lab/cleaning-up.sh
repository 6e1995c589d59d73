#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# the lab and the demo leave nothing behind, whatever happens
source "$(dirname "$0")/lib.sh"

# fails_clean WHAT COMMAND...: it fails, and nothing is left.
fails_clean()
{
	local what=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		fail "$what: it should have failed"
	else
		same "$what: nothing is left" "$(left_over)" ""
	fi
	lab down # for the next one
}

# ends_clean WHAT COMMAND...: as fails_clean, but a fast machine may be done before.
ends_clean()
{
	local what=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		lab down
	fi
	same "$what: nothing is left" "$(left_over)" ""
	lab down # for the next one
}

# interrupted SECONDS SIGNAL COMMAND...
interrupted()
{
	timeout --signal="$2" "$1" "${@:3}"
}

fails_clean "lab up without an executable" env TIERWALL=/nonexistent "$top/scripts/lab" up
fails_clean "lab up where apply fails" env TIERWALL=/bin/false "$top/scripts/lab" up
echo nonsense >"$work/wrong.conf"
fails_clean "lab up with a wrong file" "$top/scripts/lab" up --config "$work/wrong.conf"
fails_clean "lab up, interrupted at once" interrupted 0.1 INT "$top/scripts/lab" up
fails_clean "lab up, ended at once" interrupted 0.1 TERM "$top/scripts/lab" up
for when in 0.5 1 1.5 2 3; do
	ends_clean "lab up, interrupted after $when s" interrupted $when INT "$top/scripts/lab" up
	ends_clean "lab up, ended after $when s" interrupted $when TERM "$top/scripts/lab" up
done

lab_up
expect "status" lab status
lab up >"$work/output" 2>&1 || true
expect "a second lab up of the same name is refused" grep -q 'there already' "$work/output"
kill -KILL "$(<"$run/web1/nginx.pid")" "$(<"$run/db2/mariadb.pid")"
expect "status with dead servers" lab status
expect "lab down with dead servers" lab down
same "nothing is left" "$(left_over)" ""
expect "lab down once more does no harm" lab down

expect "demo" "$top/scripts/demo"
same "demo: nothing is left" "$(left_over)" ""
fails_clean "demo, interrupted" interrupted 9 INT "$top/scripts/demo"
finish
