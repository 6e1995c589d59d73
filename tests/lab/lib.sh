# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the end-to-end tests share.  A test sources this, brings up a lab of its own with
# lab_up, says ok or fail for each thing that it looked at, and ends with finish, which
# takes the lab down, sees whether anything is left, and prints the closing line.  A test
# that dies on the way is cleaned up after in the same way, and has failed.
set -eEuo pipefail

here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../.." && pwd)
export TIERWALL=${TIERWALL:-$top/build/tierwall}
TIERWALL_LAB=check-$(basename "$0" .sh)-$$
export TIERWALL_LAB
# What a sanitizer finds must not look like a refusal.
unset SSH_CONNECTION # no test is typed over it
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1
run=/run/tierwall-lab-$TIERWALL_LAB
work=$(mktemp -d)
example=$top/scripts/share/examples/three-tiers.conf
passed=0 failed=0

ok()
{
	passed=$((passed + 1))
	echo "  ok    $*"
}

fail()
{
	failed=$((failed + 1))
	echo "  FAIL  $*"
}

# expect WHAT COMMAND...: ok where the command succeeds.  What it prints is shown where not.
expect()
{
	local what=$1 said
	shift
	if said=$("$@" 2>&1); then
		ok "$what"
	else
		fail "$what (status $?)"
		tail -n 10 <<<"$said" | sed 's/^/        /'
	fi
}

# same WHAT GOT WANTED
same()
{
	if [[ $2 == "$3" ]]; then
		ok "$1"
	else
		fail "$1: got '${2:0:300}', not '${3:0:300}'"
	fi
}

# between WHAT GOT LOWEST HIGHEST
between()
{
	if (($2 >= $3 && $2 <= $4)); then
		ok "$1 ($2)"
	else
		fail "$1: $2 is not between $3 and $4"
	fi
}

# -- the lab ------------------------------------------------------------------------

lab()
{
	"$top/scripts/lab" "$@"
}

lab_up()
{
	if ! lab up "$@"; then
		fail "lab up $*"
		finish
	fi
}

in_host()
{
	nsenter --net="/run/netns/$TIERWALL_LAB-$1" -- "${@:2}"
}

# The gateway's tierwall.  (Directly, so that in the background $! is its process.)
tierwall_command=(nsenter --net="/run/netns/$TIERWALL_LAB-gateway" --
	"$TIERWALL" --bpffs "$run/bpf" -i lab)
tierwall()
{
	"${tierwall_command[@]}" "$@"
}

# counter PATH: a number of `stats -j`, by jq; 0 where the key is absent.
counter()
{
	tierwall -j stats | jq "($1) // 0"
}

# connects HOST ADDRESS PORT: whether TCP gets through within 2 s; 124 says no answer.
connects()
{
	in_host "$1" timeout 2 bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null
}

# no_answer HOST ADDRESS PORT: TCP gets neither through nor refused.
no_answer()
{
	local status=0
	connects "$@" || status=$?
	((status == 124))
}

# eventually SECONDS COMMAND...
eventually()
{
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

# -- requests -------------------------------------------------------------------------

# good FILE: how many of its requests (see `scripts/lab requests`) went well.
good()
{
	grep -cE '^200 0 [^ ]+ [0-9]+ 1 web[12] app[12]$' "$1" || true
}

lines()
{
	cat "$@" | wc -l
}

# none_failed WHAT FILE
none_failed()
{
	local all
	all=$(lines "$2")
	if ((all > 0 && $(good "$2") == all)); then
		ok "$1: $all requests, none failed"
	else
		fail "$1: $((all - $(good "$2"))) of $all requests failed"
		grep -vE '^200 0 ' "$2" | sort | uniq -c | sort -rn | head -5 | sed 's/^/        /'
	fi
}

# Requests in the background, without a pause, until load_end.
load_begin()
{
	rm -f "$work/load_ends"
	: >"$work/load"
	while [[ ! -e $work/load_ends ]]; do
		lab requests 200 both >>"$work/load"
	done &
	load=$!
	eventually 20 load_flows || fail "load does not begin"
}

load_flows()
{
	(($(lines "$work/load") > 0))
}

load_end()
{
	touch "$work/load_ends"
	wait "$load" || true
	unset load
}

# -- configurations ---------------------------------------------------------------------

# The example and its set, to be changed, in $work.
copy_example()
{
	cp "$example" "$work/$1"
	cp "$(dirname "$example")/blocked.netset" "$work/"
}

# -- the end ------------------------------------------------------------------------------

# What the machine would be left with, one a line.  The lab's processes name its folder in
# their words, or have files open in it.
left_over()
{
	ip netns list | grep -F "$TIERWALL_LAB" | sed 's/^/namespace /'
	grep -F "$TIERWALL_LAB" /proc/self/mountinfo | sed 's/^/mount /'
	find "$run" /sys/fs/bpf/tierwall/lab -maxdepth 0 2>/dev/null
	pgrep -af "$run" | sed 's/^/process /'
	find /proc/[0-9]*/fd -lname "$run/*" 2>/dev/null | sed 's/^/open file /'
	true
}

clean_up()
{
	if [[ ${load:-} ]]; then
		load_end
	fi
	lab down || true
	rm -rf "$work"
}

finish()
{
	local left
	trap - EXIT INT TERM
	clean_up
	left=$(left_over)
	same "nothing is left" "$left" ""
	echo "$passed passed, $failed failed"
	exit $((failed > 0))
}

died()
{
	local status=$?
	fail "the test ended before its end (status $status, ${last_error:-no command failed})"
	finish
}
trap 'last_error=${BASH_SOURCE[0]##*/}:$LINENO' ERR
trap died EXIT
trap 'exit 130' INT TERM

echo "$(basename "$0" .sh): $(sed -n '3s/^# //p' "$0")"

# A gateway alone: no servers, no services of others.
small_lab()
{
	mkdir -p "$run/bpf"
	mount -t bpf "tierwall-lab-$TIERWALL_LAB" "$run/bpf"
	ip netns add "$TIERWALL_LAB-gateway"
	ip -n "$TIERWALL_LAB-gateway" link set lo up
	in_host gateway bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' # as what has tiers does
	ip -n "$TIERWALL_LAB-gateway" link add web1 type veth peer name peer1
	ip -n "$TIERWALL_LAB-gateway" link add eth0.100 type veth peer name peer2
	ip -n "$TIERWALL_LAB-gateway" address add 192.0.2.1/24 dev web1
	for device in web1 peer1 eth0.100 peer2; do
		ip -n "$TIERWALL_LAB-gateway" link set "$device" up
	done
}
