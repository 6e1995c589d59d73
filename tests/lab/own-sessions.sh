#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# attach while sessions of the node itself are open, with host { default drop }
# They live, to the node and from it, over TCP and UDP; new ones to it are refused, new
# ones from it are not.
source "$(dirname "$0")/lib.sh"

port=7007
sessions=()

answer_on()
{
	in_host "$1" /usr/bin/python3 "$here/sessions.py" answer $port \
		</dev/null 2>"$work/error-answer-$1" &
	disown # the lab ends it
}

# hold NAME HOST PROTOCOL ADDRESS: one session, in the background.
hold()
{
	in_host "$2" /usr/bin/python3 "$here/sessions.py" hold "$3" "$4" $port \
		"$work/session-$1" </dev/null 2>"$work/error-$1" &
	disown
	sessions+=("$1")
}

answered()
{
	(($(lines "$work/session-$1") >= $2))
}

# lives NAME: three more answers within 4 s.
lives()
{
	[[ -e $work/session-$1 ]] &&
		eventually 4 answered "$1" $(($(lines "$work/session-$1") + 3))
}

all_live()
{
	local name
	for name in "${sessions[@]}"; do
		expect "$1: the session $name lives" lives "$name"
	done
}

# answers HOST PROTOCOL ADDRESS: a new session gets its first answer within 3 s.
answers()
{
	local pid status=0
	rm -f "$work/session-probe"
	nsenter --net="/run/netns/$TIERWALL_LAB-$1" -- /usr/bin/python3 "$here/sessions.py" \
		hold "$2" "$3" "$port" "$work/session-probe" </dev/null 2>/dev/null &
	pid=$!
	disown
	eventually 3 test -s "$work/session-probe" || status=1
	kill "$pid" 2>/dev/null || true
	return "$status"
}

refused()
{
	! answers "$@"
}

lab_up --without-tierwall --without-servers
answer_on gateway
answer_on web1
answer_on client
sleep 0.5
hold to-node-4 client tcp 198.51.100.1
hold to-node-6 client tcp 2001:db8:100::1
hold from-node-tcp-4 gateway tcp 192.0.2.11
hold from-node-tcp-6 gateway tcp 2001:db8:1::11
hold from-node-udp-4 gateway udp 198.51.100.10
hold from-node-udp-6 gateway udp 2001:db8:100::10
sleep 1
all_live "before"
expect "a new session to the node works before" answers client tcp 198.51.100.1

expect "apply attaches" tierwall apply "$example"
all_live "after attach"
expect "a new TCP session to the node is refused" refused client tcp 198.51.100.1
expect "a new TCP session to the node is refused, IPv6" refused client tcp 2001:db8:100::1
expect "UDP to the node is refused" refused client udp 198.51.100.1
expect "ping to the node, which a rule accepts, works" \
	in_host client ping -c 1 -W 2 198.51.100.1
expect "a new TCP session from the node works" answers gateway tcp 192.0.2.11
expect "a new TCP session from the node works, IPv6" answers gateway tcp 2001:db8:1::11
expect "UDP from the node works" answers gateway udp 198.51.100.10
expect "UDP from the node works, IPv6" answers gateway udp 2001:db8:100::10
between "packets dropped by the default of host" "$(counter .host.default.packets)" 3 1000000

copy_example other.conf
sed -i 's/# ping$/# renamed/' "$work/other.conf"
expect "another configuration" tierwall apply "$work/other.conf"
all_live "after a change of rules"
expect "detach" tierwall unload
expect "a new session to the node works again" answers client tcp 198.51.100.1
all_live "after unload"
finish
