#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# what doctor finds on devices and what attach says of them, and that the commands mend it
source "$(dirname "$0")/lib.sh"

in_gateway()
{
	in_host gateway "$@"
}

# add_veth NAME WORDS...: with its other end far-NAME
add_veth()
{
	in_gateway ip link add "$1" "${@:2}" type veth peer name "far-$1"
	in_gateway ip link set "$1" up
	in_gateway ip link set "far-$1" up
}

# finding DEVICE SUBJECT: the first such that doctor has, as `level: command`
finding()
{
	local found
	found=$(tierwall -j doctor "$1" || true)
	jq -r --arg about "${3:-$1}" --arg subject "$2" \
		'[.findings[] | select(.about == $about and .subject == $subject)][0]
		| "\(.level): \(.command // "")"' <<<"$found"
}

exits()
{
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	((status == wanted))
}

# says PATTERN WORDS...: refused with status 1 or 2, in such words
says()
{
	local said status=0
	said=$(tierwall "${@:2}" 2>&1) || status=$?
	echo "exit $status: $said"
	((status)) && [[ $said == *$1* ]]
}

small_lab
same "nothing loaded: the kernel takes the program" "$(finding web1 program kernel)" "ok: "
expect "a veth is looked at before anything is loaded" exits 1 tierwall doctor web1
expect "tierwall attach" tierwall attach web1 mode native
same "attached natively" "$(finding web1 program)" "ok: "
same "its other end takes no frames" "$(finding web1 sending)" "problem: ethtool -K peer1 gro on"
same "and leaves checksums unfinished" "$(finding web1 checksum)" \
	"warning: ethtool -K peer1 tx off"
expect "a problem is exit 1" exits 1 tierwall doctor web1
in_gateway ethtool -K peer1 gro on
in_gateway ethtool -K peer1 tx off >/dev/null
same "it takes frames then" "$(finding web1 sending)" "ok: "
same "and finishes checksums" "$(finding web1 checksum)" "ok: "
expect "nothing wrong is exit 0" tierwall doctor web1
expect "all of the instance's devices" eval 'tierwall doctor | grep -q ^web1'
in_gateway ip link set web1 down
same "down" "$(finding web1 link)" "problem: ip link set dev web1 up"
in_gateway ip link set web1 up
same "no such device" "$(finding eth9 link)" "problem: ip -br link    # lists them"

add_veth few
in_gateway ip link add wide numtxqueues 4 numrxqueues 4 type veth peer name far-wide \
	numtxqueues 4 numrxqueues 4
in_gateway ip link set wide up
in_gateway ip link set far-wide up
in_gateway ethtool -L wide rx 1 >/dev/null
same "fewer queues than the other end sends on" "$(finding wide queues)" \
	"problem: ethtool -L wide rx 4"
expect "attach says so, with numbers" says \
	"wide: it receives on 1 queue, and its other end far-wide sends on 4: \`ethtool -L wide rx 4\`" \
	attach wide mode native
expect "and what the kernel says" says "XDP expects number of rx queues not less than" \
	attach wide mode native
in_gateway ethtool -L wide rx 4 >/dev/null
expect "mended, it attaches" tierwall attach wide mode native
same "queues" "$(finding wide queues)" "ok: "

# (VLANs and bonds, which not every kernel has: tests/kernel)
in_gateway ip link add link few name few.7 type macvlan
expect "a device on another: attach below it" says "\`tierwall attach few\`" attach few.7 mode native
same "doctor says the same" "$(finding few.7 kind)" "warning: tierwall attach few"
expect "auto takes generic mode, and says why" eval \
	'tierwall attach few.7 2>&1 | grep -q "it is a macvlan device on few"'
same "doctor sees it attached" "$(finding few.7 program)" "warning: "
tierwall detach few.7

in_gateway ip link add br0 type bridge
in_gateway ip link set far-few master br0
expect "a bridge: attach to its ports" says "\`tierwall attach far-few\`" attach br0 mode native
same "doctor of a bridge" "$(finding br0 kind)" "warning: tierwall attach far-few"

in_gateway ip tuntap add tap0 mode tap
same "a tap has native XDP" "$(finding tap0 driver)" "ok: "

in_gateway bpftool net attach xdpdrv pinned "$run/bpf/tierwall/lab/xdp" dev few
id=$(in_gateway ip -j -d link show few | jq '.[0].xdp.prog.id')
expect "another program is named" says "few has another XDP program (id $id, xdp)" attach few
same "doctor says how to remove it" "$(finding few program)" \
	"problem: ip link set dev few xdp off"
in_gateway ip link set dev few xdp off
expect "and so it is" tierwall attach few mode native
other=$(nsenter --net="/run/netns/$TIERWALL_LAB-gateway" -- \
	"$TIERWALL" --bpffs "$run/bpf" -i other -j doctor few || true)
link=$(jq -r '.findings[] | select(.subject == "program" and .about == "few").command' <<<"$other")
expect "another instance is told of its link" grep -qE '^bpftool link detach id [0-9]+$' <<<"$link"
read -ra removal <<<"${link:-false}"
expect "and that one lets go" "${removal[@]}"
same "nothing is attached there" "$(finding few program)" "problem: tierwall attach few"

cat >"$work/l2.conf" <<'EOF'
interface web1
tier near { server here 192.0.2.1; server there 192.0.2.9; firewall { default accept } }
service s { listen 203.0.113.5 tcp port 80; tier near; forward l2 }
EOF
in_gateway bash -c 'echo 0 >/proc/sys/net/ipv4/conf/web1/forwarding'
expect "apply of a service with l2" tierwall apply "$work/l2.conf"
same "it needs forwarding" "$(finding web1 routing)" \
	"problem: echo 1 >/proc/sys/net/ipv4/conf/web1/forwarding"
same "this node is a server, without the address" "$(finding web1 address s)" \
	"problem: ip address add 203.0.113.5/32 dev lo"
same "it would answer ARP" "$(finding web1 arp s)" \
	"problem: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"
in_gateway ip address add 203.0.113.5/32 dev lo
in_gateway bash -c 'echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
	echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce
	echo 1 >/proc/sys/net/ipv4/conf/web1/forwarding'
same "mended: the address" "$(finding web1 address s)" "ok: "
same "mended: ARP" "$(finding web1 arp s)" "ok: "
same "mended: forwarding" "$(finding web1 routing)" "ok: "
expect "the other server's needs are said" eval \
	'tierwall doctor | grep -q "check .*there: each has to have 203.0.113.5 on lo"'
finish
