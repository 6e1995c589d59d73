#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# what the firewalls stop, and servers that come and go under load
source "$(dirname "$0")/lib.sh"

# stops WHAT COUNTER HOST ADDRESS PORT: no answer, and the counter moved.
stops()
{
	local what=$1 before after
	before=$(counter "$2")
	expect "$what gets no answer" no_answer "${@:3}"
	after=$(counter "$2")
	between "$what is counted" $((after - before)) 1 20
}

rule()
{
	echo ".tiers[] | select(.name == \"$1\").rules[$(($2 - 1))].packets"
}

default_of()
{
	echo ".tiers[] | select(.name == \"$1\").default.packets"
}

# trace_says WHAT PACKET WANTED: verdict and reason of a trace.
trace_says()
{
	local words said
	read -ra words <<<"$2"
	said=$(tierwall -j trace "${words[@]}" | jq -r '"\(.verdict) \(.reason)"' || true)
	same "trace: $1" "$said" "$3"
}

# served_only_by FILE SERVER
served_only_by()
{
	! grep -vE " $2 app[12]\$" "$1"
}

state_of()
{
	counter ".services[] | select(.name == \"www\").servers[] | select(.name == \"$1\").state"
}

lab_up
trace_says "a client to an app server" "tcp 198.51.100.10:40000 192.0.2.71:8080" "drop default"
trace_says "a client to the database" "tcp 198.51.100.10:40000 192.0.2.131:3306" "drop default"
trace_says "a web server to the database" "tcp 192.0.2.11:40000 192.0.2.131:3306" "drop rule"
trace_says "a blocked client to the service" "tcp 198.51.100.200:40000 203.0.113.10:443" \
	"drop blocked"
stops "a client to an app server" "$(default_of app)" client 192.0.2.71 8080
stops "a client to an app server, IPv6" "$(default_of app)" client 2001:db8:2::11 8080
stops "a client to the app service" "$(default_of app)" client 203.0.113.20 8080
stops "a client to the database" "$(default_of db)" client 192.0.2.131 3306
stops "a client to the database, IPv6" "$(default_of db)" client 2001:db8:3::11 3306
stops "a web server to the database" "$(rule db 1)" web1 192.0.2.131 3306
stops "a web server to the database service" "$(rule db 1)" web1 203.0.113.30 3306
stops "a web server to the other's ssh" "$(default_of web)" web1 192.0.2.12 22
stops "a client to the node" .host.default.packets client 198.51.100.1 22
expect "a client to a web server works" connects client 192.0.2.11 8443
expect "ping from the office to a web server works" in_host client ping -c 1 -W 2 192.0.2.11
expect "ping to the database does not" eval \
	'! in_host client ping -c 1 -W 1 192.0.2.131'

blocked_before=$(counter .drops.blocked.packets)
expect "a blocked client gets no answer" eval "! in_host client curl -sS --max-time 2 \
	--interface 198.51.100.200 --insecure https://203.0.113.10/"
between "and is counted" $(($(counter .drops.blocked.packets) - blocked_before)) 1 20
expect "the set lets it go" tierwall set del blocked 198.51.100.200
expect "now it is answered" in_host client curl -sS --max-time 5 \
	--interface 198.51.100.200 --insecure https://203.0.113.10/
expect "the set blocks it again" tierwall set add blocked 198.51.100.200

load_begin
expect "drain web1" tierwall server drain web web1
same "its state" "$(state_of web1)" '"drain"'
sleep 1
lab requests 100 both >"$work/drained"
none_failed "requests with web1 drained" "$work/drained"
expect "all are served by web2" served_only_by "$work/drained" web2
expect "web1 down, once it has no flows" tierwall server down web web1
same "its state" "$(state_of web1)" '"down"'
lab requests 100 both >"$work/down"
none_failed "requests with web1 down" "$work/down"
expect "all are served by web2" served_only_by "$work/down" web2
expect "web1 is taken out" tierwall server del web web1
lab requests 100 both >"$work/without"
none_failed "requests without web1" "$work/without"
expect "web1 is put in again" \
	tierwall server add web web1 192.0.2.11 2001:db8:1::11 weight 1
sleep 1
lab requests 200 both >"$work/again"
none_failed "requests with web1 again" "$work/again"
between "web1 serves again" "$(grep -c ' web1 ' "$work/again")" 60 140
expect "a rule is added" tierwall rule add app at 1 drop tcp from 192.0.2.12 to port 9999
expect "a rule is deleted" tierwall rule del app 1
load_end
none_failed "requests while servers and rules came and went" "$work/load"
expect "apply makes it what the file says" tierwall apply "$example"
finish
