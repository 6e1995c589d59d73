#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# routes and neighbours that change under traffic are followed within milliseconds
source "$(dirname "$0")/lib.sh"

server=192.0.2.11 service=203.0.113.5
most=50 # ms; the data path asks the kernel again after 10

# host NAME ADDRESS: behind a veth of that name in the gateway
host()
{
	local ns=$TIERWALL_LAB-$1
	ip netns add "$ns"
	ip -n "$ns" link set lo up
	ip -n "$TIERWALL_LAB-gateway" link add "$1" type veth peer name eth0 netns "$ns"
	ip -n "$TIERWALL_LAB-gateway" link set "$1" up
	ip -n "$ns" address add "$2" dev eth0
	ip -n "$ns" link set eth0 up
	in_host "$1" ethtool -K eth0 gro on tx off >/dev/null
	ip -n "$ns" route add default dev eth0
	in_host "$1" bash -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter'
}

mac_of()
{
	ip -n "$TIERWALL_LAB-$1" -j link show "$2" | jq -r '.[0].address'
}

# neighbour DEVICE ADDRESS MAC
neighbour()
{
	ip -n "$TIERWALL_LAB-gateway" neighbour replace "$2" lladdr "$3" dev "$1" nud permanent
}

# asking SECONDS: in the background, into $work/said
asking()
{
	in_host client python3 "$here/links.py" ask $service 53 "$1" >"$work/said" &
	ask=$!
	sleep 0.7
}

# followed WHAT FROM TO: since $changed, when the command that changed it was done
followed()
{
	wait "$ask"
	soon "$1" "$(awk -v from="$2" -v to="$3" '$1 == from && $2 == to {print $3; exit}' "$work/said")"
}

# soon WHAT TIME
soon()
{
	if [[ $2 ]]; then
		between "$1: ms until followed" \
			"$(awk -v when="$2" -v changed="$changed" 'BEGIN {printf "%d", (when - changed) * 1000}')" \
			-200 $most
	else
		fail "$1: never followed: $(xargs <"$work/said")"
	fi
}

small_lab
host client 198.51.100.10/24
host app1 $server/24
host app2 $server/24
gateway=(ip -n "$TIERWALL_LAB-gateway")
"${gateway[@]}" address add 198.51.100.1/24 dev client
"${gateway[@]}" route add $server/32 dev app1
for name in app1 app2; do
	ip -n "$TIERWALL_LAB-$name" neighbour add 198.51.100.10 lladdr \
		"$(mac_of gateway $name)" dev eth0
	neighbour $name $server "$(mac_of $name eth0)"
	in_host $name python3 "$here/links.py" answer $server 5353 $name &
	answerers+=("$!")
done
neighbour client 198.51.100.10 \
	"$(mac_of client eth0)"
ip -n "$TIERWALL_LAB-client" neighbour add $service lladdr \
	"$(mac_of gateway client)" dev eth0
cat >"$work/links.conf" <<EOF
interface client { mode native }
interface app1 { mode native }
interface app2 { mode native }
tier dns { server only $server; firewall { accept udp to port 5353; default drop } }
service dns { listen $service udp port 53; tier dns; forward nat; port 5353 }
EOF
expect "apply" tierwall apply "$work/links.conf"
sleep 0.3

asking 2
"${gateway[@]}" route replace $server/32 dev app2
changed=$EPOCHREALTIME
followed "a route to another device" app1 app2
asking 2
"${gateway[@]}" route replace $server/32 dev app1
changed=$EPOCHREALTIME
followed "and back" app2 app1

# (that forgets the neighbours of the device that it is changed on)
asking 2
ip -n "$TIERWALL_LAB-app1" link set eth0 address 02:00:00:00:00:77
ip -n "$TIERWALL_LAB-app1" neighbour replace 198.51.100.10 lladdr "$(mac_of gateway app1)" dev eth0
neighbour app1 $server 02:00:00:00:00:77
changed=$EPOCHREALTIME
wait "$ask"
between "its frames were lost meanwhile: ms" "$(awk '$1 == "silent" {print $2}' "$work/said")" 1 2000
soon "a neighbour with another address" "$(awk '$1 == "silent" {print $3}' "$work/said")"

# Requests go out by app1; what the server there answers takes the way of app2 home.
ip link add name home netns "$TIERWALL_LAB-app1" type veth peer name second netns "$TIERWALL_LAB-gateway"
"${gateway[@]}" link set second up
ip -n "$TIERWALL_LAB-app1" link set home up
in_host app1 ethtool -K home gro on tx off >/dev/null
ip -n "$TIERWALL_LAB-app1" neighbour add 198.51.100.10 lladdr "$(mac_of gateway second)" dev home
ip -n "$TIERWALL_LAB-app1" route replace default dev home
expect "attach to the way back" tierwall attach second mode native
asking 2
wait "$ask"
share=$(awk '$1 == "answered" {print int($2 * 100 / $3)}' "$work/said")
between "an asymmetric way: percent answered" "$share" 99 100
kill "${answerers[@]}"
wait "${answerers[@]}" 2>/dev/null || true
finish
