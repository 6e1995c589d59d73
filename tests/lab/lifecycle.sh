#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# load, attach, detach, unload; a new program under load; what is not supported
source "$(dirname "$0")/lib.sh"

# What is attached in the gateway, one device a line.
attached()
{
	in_host gateway ip -o link show | grep -oE '^[0-9]+: [a-z0-9]+@.* xdp[a-z]*' |
		sed 's/^[0-9]*: \([a-z0-9]*\)@.*/\1/' || true
}

# exits STATUS WORDS...
exits()
{
	local wanted=$1 status=0
	shift
	tierwall "$@" || status=$?
	((status == wanted))
}

# later WORDS...: exit 1 and the words of a feature to come.
later()
{
	local status=0 said
	said=$(tierwall "$@" 2>&1 >/dev/null) || status=$?
	echo "exit $status: $said"
	((status == 1)) && [[ $said == *"not yet supported"* ]]
}

programs()
{
	bpftool prog list | grep -cE 'name xdp(_trace)? ' || true
}

programs_as_before()
{
	(($(programs) == programs_before))
}

programs_before=$(programs)
copy_example later.conf
lab_up --without-tierwall
same "nothing is attached" "$(attached)" ""
expect "load" tierwall load
expect "the program is pinned" test -e "$run/bpf/tierwall/lab/xdp"
same "nothing is attached yet" "$(attached)" ""
expect "attach two devices" tierwall attach client web1
same "they are attached" "$(attached | sort | xargs)" "client web1"
expect "detach one" tierwall detach web1
same "one is left" "$(attached)" client
expect "attach in generic mode" tierwall attach web1 mode generic
same "two are attached" "$(attached | sort | xargs)" "client web1"
expect "unload" tierwall unload
same "nothing is attached" "$(attached)" ""
same "no pin is left" "$(find "$run/bpf/tierwall" -mindepth 1 2>/dev/null)" ""
expect "no program is left" eventually 5 programs_as_before
expect "without pins, stats is refused" eval '! tierwall stats'
expect "attach loads by itself" tierwall attach client
expect "unload again" tierwall unload

expect "apply loads and attaches" tierwall apply "$example"
load_begin
for n in 1 2 3 4 5 6 7 8 9 10; do
	tierwall load >"$work/load.log" 2>&1 || fail "load number $n"
	sleep 0.2
done
load_end
none_failed "requests while the program was replaced ten times" "$work/load"
expect "the configuration is the same" tierwall diff "$example"

tierwall show config >"$work/shown.conf"
expect "show config is accepted, and changes nothing" tierwall diff "$work/shown.conf"
expect "apply --check of it" tierwall apply "$work/shown.conf" --check

expect "no command" eval '! exits 0'
expect "an unknown command" exits 1 frobnicate
expect "an unknown option" exits 1 --frobnicate stats
expect "an unknown instance" eval '! tierwall -i nobody stats'
expect "an unknown tier" exits 1 server drain nowhere web1
expect "an unknown server" exits 1 server drain web nobody
expect "an unknown set" exits 1 set add nowhere 192.0.2.1
expect "a rule number out of range" exits 1 rule del web 99
expect "run" later run
finish
