#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --confirm TIME: whatever dies or is killed meanwhile, the old state is back in time
# Measured by packets, by what show config says and by what is attached.
source "$(dirname "$0")/lib.sh"

# The state before lets the client ping the gateway, and leaves db1 alone.  On trial:
# nobody may ping, db1 is attached, web1 no longer is.
grep -v '^interface db1' "$example" >"$work/before.conf"
cp "$(dirname "$example")/blocked.netset" "$work/"
sed '/^host {/,/^}/d; /^interface web1/d' "$example" >"$work/tried.conf"
echo 'host { default drop }' >>"$work/tried.conf"

attached()
{
	in_host gateway ip -o link show | grep -oE '^[0-9]+: [a-z0-9]+@.* xdp[a-z]*' |
		sed 's/^[0-9]*: \([a-z0-9]*\)@.*/\1/' | sort | xargs
}

# pings HOST: does the gateway answer it?
pings()
{
	local address=198.51.100.1
	[[ $1 == client ]] || address=${ports[$1]}
	in_host "$1" ping -nqc1 -W1 "$address" >/dev/null 2>&1
}

no_ping()
{
	! in_host "$1" ping -nqc1 -W0.2 "${ports[$1]}" >/dev/null 2>&1
}

now_ms()
{
	date +%s%3N
}

# The processes that watch over a trial, by what they were called with.
guardians()
{
	pgrep -f "$run/bpf -i lab (apply|attach) .*--confirm" || true
}

no_guardian()
{
	[[ ! $(guardians) ]]
}

is_before()
{
	tierwall diff "$work/before.conf" && [[ $(attached) == "$devices_before" ]]
}

# tried SECONDS [COMMAND...]: puts the other state on trial, by way of that command.
tried()
{
	local seconds=$1
	shift
	"$@" "${tierwall_command[@]}" apply "$work/tried.conf" --confirm "$seconds"
	begun=$(now_ms)
}

# back_in_time WHAT SECONDS: after that long, and not before, packets are judged as before.
back_in_time()
{
	local after
	{ no_ping client && pings web1; } || fail "$1: what is on trial is not live"
	while ! in_host client ping -nqc1 -W0.1 198.51.100.1 >/dev/null 2>&1; do
		(($(now_ms) - begun < 10000)) || break
	done
	after=$(($(now_ms) - begun))
	between "$1: old state by packets after ms" $after $(($2 * 1000 - 300)) $(($2 * 1000 + 1000))
	while ! in_host db1 ping -nqc1 -W0.1 "${ports[db1]}" >/dev/null 2>&1; do
		(($(now_ms) - begun < 10000)) || break
	done
	after=$(($(now_ms) - begun))
	between "$1: db1 is left alone again after ms" $after 0 $(($2 * 1000 + 1000))
}

# says TEXT WORDS...: exit 1 and these words.
says()
{
	local text=$1 status=0 said
	shift
	said=$(tierwall "$@" 2>&1 </dev/null) || status=$?
	echo "exit $status: $said"
	((status == 1)) && [[ $said == *"$text"* ]]
}

lab_up --without-servers --config "$work/before.conf"
declare -A ports
for host in client web1 db1; do
	ports[$host]=$(in_host "$host" ip -4 route show default | grep -oE 'via [0-9.]+' | cut -c5-)
done
devices_before=$(attached)
expect "before: the client pings" pings client
expect "before: db1 pings" pings db1

before_it=$(now_ms)
tried 2
between "apply --confirm returns at once, after ms" $((begun - before_it)) 0 1000
same "what is on trial is attached, and nothing is detached" "$(attached)" \
	"$(xargs -n1 <<<"$devices_before db1" | sort | xargs)"
expect "db1 may not ping now" no_ping db1
expect "another apply is refused" says "on trial" apply "$work/before.conf"
expect "a rule is refused" says "on trial" rule add host accept udp
expect "attach and detach are refused" says "on trial" detach client
expect "status tells it" grep -q "on trial *goes back in [12] s" <<<"$(tierwall show status)"
same "so does its JSON" "$(tierwall -j show | jq '.trial.seconds <= 2')" true
back_in_time "nothing dies" 2
sleep 0.3
same "the guardian has detached db1" "$(attached)" "$devices_before"
expect "show config is as before" is_before
expect "confirm comes too late, and is told" says "went back" confirm

tried 2
expect "confirm in time" tierwall confirm
sleep 2.5
expect "it stays" tierwall diff "$work/tried.conf"
same "what left is detached" "$(attached)" "$(sed -n 's/^interface \([a-z0-9]*\).*/\1/p' \
	"$work/tried.conf" | sort | xargs)"
expect "its guardian has gone" eventually 3 no_guardian
expect "nothing is left to confirm" says "nothing is on trial" confirm
expect "apply what was before" tierwall apply "$work/before.conf"

tried 30
expect "confirm --back goes back now" tierwall confirm --back
expect "all is as before" is_before
expect "its guardian has gone" eventually 3 no_guardian

# -- what may die ------------------------------------------------------------------------
tried 2
xargs -r kill -KILL <<<"$(guardians)"
back_in_time "every process is killed" 2
same "nobody has detached db1" "$(attached | grep -c db1)" 1
tierwall show config >/dev/null
same "the next command does, even show" "$(attached)" "$devices_before"
expect "show config is as before" is_before

# script(1) is the terminal: its death closes it, in the face of a shell that waits.
script -qfc "bash -c '${tierwall_command[*]} apply $work/tried.conf --confirm 2; sleep 60'" \
	/dev/null >"$work/terminal" 2>&1 </dev/null &
terminal=$!
eventually 5 grep -q "on trial" "$work/terminal" || fail "nothing is on trial"
begun=$(now_ms)
kill -KILL $terminal
wait $terminal 2>/dev/null || true
back_in_time "the terminal closes" 2
sleep 0.3
expect "all is as before" is_before

# The wall clock jumps by hours at every look at it; the other one is shifted by ten hours.
cat >"$work/clock.c" <<'C'
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static long jumps;
int clock_gettime(clockid_t which, struct timespec *now)
{
	int result = syscall(SYS_clock_gettime, which, now);
	if (which == CLOCK_REALTIME)
		now->tv_sec += 7200 * ++jumps;
	return result;
}
time_t time(time_t *out)
{
	time_t now = syscall(SYS_time, 0) + 7200 * ++jumps;
	if (out)
		*out = now;
	return now;
}
C
gcc -shared -fPIC -o "$work/clock.so" "$work/clock.c"
tried 2 env LD_PRELOAD="$work/clock.so"
back_in_time "the clock changes by hours" 2
sleep 0.3
expect "all is as before" is_before
tried 2 unshare --time --monotonic 36000 --boottime 36000 --fork
back_in_time "in a time namespace" 2
sleep 0.3
expect "all is as before" is_before

for ((n = 0; n < 30; n++)); do
	"${tierwall_command[@]}" apply "$work/tried.conf" --confirm 20 >/dev/null 2>&1 &
	pid=$!
	sleep "0.0$((n * 3 / 10))$((n * 3 % 10))"
	kill -KILL $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	tierwall confirm --back >/dev/null 2>&1 || true
	is_before >/dev/null 2>&1 || break
done
same "killed 30 times on its way in: it goes back each time" $n 30

# -- attach, sets, save, unload --------------------------------------------------------------
expect "attach --confirm" tierwall attach db1 --confirm 1
expect "db1 may not ping now" no_ping db1
sleep 2
same "db1 is detached again" "$(attached)" "$devices_before"
expect "and no line of the configuration" is_before
tried 30
expect "save writes what is not on trial" tierwall save "$work/saved.conf"
expect "set add works meanwhile" tierwall set add blocked 198.51.100.10
tierwall confirm --back
expect "and holds in what is gone back to" no_ping client
same "which counts it, too" "$(tierwall -j show sets | jq '.[] | select(.name == "blocked").entries')" \
	"$(tierwall show sets blocked | wc -l)"
expect "set del" tierwall set del blocked 198.51.100.10
expect "the saved file is the state before" tierwall diff "$work/saved.conf"
tried 30
expect "unload ends a trial" tierwall unload
expect "its guardian has gone" eventually 3 no_guardian
finish
