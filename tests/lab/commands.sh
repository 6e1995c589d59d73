#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# every command that changes the running state, and what the state is after it
TIERWALL=${TIERWALL_SANITIZED:-${TIERWALL:-}}
source "$(dirname "$0")/lib.sh"

config()
{
	tierwall show config | grep -v '^hash-key'
}

# has TEXT / has_not TEXT: the running configuration has (not) that line.
has()
{
	config | sed 's/^ *//' | grep -qxF -- "$1"
}

has_not()
{
	! has "$1"
}

# refused WORDS...: exit 1, something said, and the state as it was.
refused()
{
	local before status=0
	before=$(tierwall show config; tierwall -j show sets)
	tierwall "$@" >"$work/refused" 2>&1 || status=$?
	((status == 1)) && [[ -s $work/refused ]] &&
		[[ $before == "$(tierwall show config; tierwall -j show sets)" ]]
}

# verdict REASON WORDS...: what trace says of a packet.
verdict()
{
	local wanted=$1
	shift
	[[ $(tierwall -j trace "$@" | jq -r '.reason // .verdict') == "$wanted" ]]
}

entries()
{
	tierwall -j show sets | jq --arg set "$1" '.[] | select(.name == $set).entries'
}

round_trip()
{
	tierwall show config >"$work/shown.conf"
	tierwall apply "$work/shown.conf"
	tierwall show config | cmp - "$work/shown.conf"
	tierwall diff "$work/shown.conf"
}

small_lab
cat >"$work/small.conf" <<'CONF'
interface web1
set office { 198.51.100.0/24, 2001:db8:10::/48 }
set blocked { }
guard { drop from @blocked }
tier web {
    server web1 192.0.2.11 2001:db8:1::11
    server web2 192.0.2.12
    firewall { accept tcp from @office to port 22; default drop }
}
service www { listen 203.0.113.10 tcp port 443; tier web; port 8443 }
CONF
expect "apply" tierwall apply "$work/small.conf"
expect "what is shown can be applied and changes nothing" round_trip

expect "a packet that no rule accepts" verdict default tcp 198.51.100.7 192.0.2.11:8443
expect "rule add at the end" tierwall rule add web accept tcp to port 8443
expect "it decides" verdict pass tcp 198.51.100.7 192.0.2.11:8443
expect "rule add at 1" tierwall rule add web at 1 drop tcp from 198.51.100.7 to port 8443
expect "it comes first" verdict rule tcp 198.51.100.7 192.0.2.11:8443
expect "rule add to one server" tierwall rule add web/web2 accept udp to port 53
expect "only there" verdict pass udp 198.51.100.7 192.0.2.12:53
expect "not at its neighbour" verdict default udp 198.51.100.7 192.0.2.11:53
expect "rule del" tierwall rule del web 1
expect "the next one decides" verdict pass tcp 198.51.100.7 192.0.2.11:8443
expect "rule add to host makes a host block" tierwall rule add host accept tcp to port 22
expect "with its default" verdict default tcp 198.51.100.7 192.0.2.1:23
expect "a rule beyond the end is refused" refused rule add web at 9 accept udp
expect "a rule of nobody is refused" refused rule add mail accept udp
expect "a rule with a mistake is refused" refused rule add web accept tcp to prot 80
expect "a rule with an unknown set is refused" refused rule add web accept from @nobody
expect "a rule that is not there is not deleted" refused rule del web 9

ip -n "$TIERWALL_LAB-gateway" address add 198.18.0.1/24 dev web1
expect "host's rules hold for a new address at once" verdict default tcp 198.51.100.7 198.18.0.1:23
expect "its neighbour is no host of ours" verdict pass tcp 198.51.100.7 198.18.0.9:23
ip -n "$TIERWALL_LAB-gateway" address del 198.18.0.1/24 dev web1
expect "nor is it, once it is gone" verdict pass tcp 198.51.100.7 198.18.0.1:23

expect "set add" tierwall set add blocked 203.0.113.66 2001:db8:bad::/48
same "two entries" "$(entries blocked)" 2
expect "in force at once" verdict blocked tcp 203.0.113.66 192.0.2.11:8443
expect "for IPv6, too" verdict blocked tcp 2001:db8:bad::1 '[2001:db8:1::11]:8443'
expect "an entry twice is one" tierwall set add blocked 203.0.113.66 203.0.113.66/32
same "still two" "$(entries blocked)" 2
expect "a prefix around it is another" tierwall set add blocked 203.0.113.0/24
same "three" "$(entries blocked)" 3
expect "set del" tierwall set del blocked 203.0.113.66
expect "the prefix around it still holds" verdict blocked tcp 203.0.113.66 192.0.2.11:8443
expect "a bad entry among good ones changes nothing" refused set add blocked 192.0.2.7 192.0.2.300
expect "a tier's set follows its servers only" refused set add web 192.0.2.13
printf '# list\n198.51.100.128/25\n2001:db8:66::/48\n192.0.2.200\n' >"$work/list.netset"
expect "set load" tierwall set load blocked "$work/list.netset"
same "it has the file's entries" "$(tierwall show sets blocked | sort | xargs)" \
	"$(grep -v '#' "$work/list.netset" | sort | xargs)"
expect "and they decide" verdict blocked tcp 198.51.100.200 192.0.2.11:8443
expect "and those of before no more" verdict pass tcp 203.0.113.66 192.0.2.11:8443
printf '192.0.2.1\nnonsense\n' >"$work/bad.netset"
expect "a file with a bad line changes nothing" refused set load blocked "$work/bad.netset"
expect "it names the line" grep -q 'bad.netset:2:1' "$work/refused"
expect "other edits keep the entries" tierwall rule add web accept udp to port 123
same "three entries" "$(entries blocked)" 3
expect "what is shown can be applied with sets, too" round_trip
expect "set flush" tierwall set flush blocked
same "no entries" "$(entries blocked)" 0
expect "and nothing is blocked" verdict pass tcp 198.51.100.200 192.0.2.11:8443
expect "an unknown set is refused" refused set add nobody 192.0.2.1

expect "set add for a time" tierwall set add blocked 203.0.113.9 2001:db8:9::/48 for 10m
expect "what remains is shown" grep -Eqx '203\.0\.113\.9 for (10m|9m5[0-9]s)' \
	<(tierwall show sets blocked)
expect "and in JSON" jq -e '.expires_in["2001:db8:9::/48"] | . > 590 and . <= 600' \
	<(tierwall -j show sets blocked)
same "two entries" "$(entries blocked)" 2
expect "it blocks" verdict blocked tcp 203.0.113.9 192.0.2.11:8443
expect "added again it is refreshed" grep -q '1 refreshed' \
	<(tierwall set add blocked 203.0.113.9 for 1h)
expect "to the new time" grep -Eqx '203\.0\.113\.9 for (1h|59m5[0-9]s)' <(tierwall show sets blocked)
expect "what is shown is no difference" round_trip
expect "another entry, for good" tierwall set add blocked 203.0.113.10
expect "set add for a time of that" grep -q 'there already, for good' \
	<(tierwall set add blocked 203.0.113.10 for 5s)
expect "a file replaces what is for good only" tierwall set load blocked "$work/list.netset"
same "its three and two that expire" "$(entries blocked)" 5
tierwall show config | sed '/^set blocked {/,/}/c set blocked { }' >"$work/emptied.conf"
expect "an apply of a file without them keeps those that expire" tierwall apply "$work/emptied.conf"
same "the file has none, two expire" "$(entries blocked)" 2
expect "an update of the program keeps them, too" tierwall load
expect "it still blocks" verdict blocked tcp 203.0.113.9 192.0.2.11:8443
expect "set add without a time" grep -q '1 now for good' <(tierwall set add blocked 203.0.113.9)
expect "an entry for a second" tierwall set add blocked 203.0.113.11 for 1s
sleep 4
same "it is not counted any more" "$(entries blocked)" 2
expect "and blocks nothing" verdict pass tcp 203.0.113.11 192.0.2.11:8443
expect "a bad time is refused" refused set add blocked 192.0.2.1 for ever
expect "set flush takes those that expire, too" tierwall set flush blocked
same "no entries are left" "$(entries blocked)" 0

awk 'BEGIN { for (i = 0; i < 300000; i++) printf "10.%d.%d.%d/%d\n", i / 65536, i / 256 % 256,
	i % 256, i % 64 ? 32 : 26 }' >"$work/large.netset"
expect "a large file" tierwall set load blocked "$work/large.netset"
same "has all of its entries" "$(entries blocked)" 300000
expect "an edit of it" tierwall set add blocked 11.0.0.0/8 192.0.2.199
expect "counts" verdict blocked tcp 11.255.0.1 192.0.2.11:8443
sed '7d; s,^10\.1\.1\.1/,10.200.1.1/,' "$work/large.netset" >"$work/larger.netset"
expect "nearly the same file" tierwall set load blocked "$work/larger.netset"
same "one less" "$(entries blocked)" 299999
expect "and what was not in it is gone" verdict pass tcp 11.255.0.1 192.0.2.11:8443
expect "and what was not there before has come" verdict blocked tcp 10.200.1.1 192.0.2.11:8443
expect "set flush of a large set" tierwall set flush blocked

expect "server add" tierwall server add web web3 192.0.2.13 weight 3
expect "it is there" has "server web3 192.0.2.13 weight 3"
expect "its tier's firewall holds for it" verdict pass tcp 198.51.100.7 192.0.2.13:8443
expect "server set" tierwall server set web web3 weight 7
expect "server drain" tierwall server drain web web1
expect "server down" tierwall server down web web2
expect "the states are shown" has "server web3 192.0.2.13 weight 7"
expect "drain is a state" has "server web1 192.0.2.11 2001:db8:1::11 state drain"
same "the only server that is up gets the flow" \
	"$(tierwall -j trace tcp 198.51.100.7 203.0.113.10:443 in web1 | jq -r .server)" web3
expect "server drain of the last" tierwall server drain web web3
expect "no server" verdict no-server tcp 198.51.100.7 203.0.113.10:443
expect "server up" tierwall server up web web1
expect "server del" tierwall server del web web3
expect "it is gone" verdict pass tcp 198.51.100.7 192.0.2.13:9
expect "a server twice is refused" refused server add web web1 192.0.2.99
expect "an address twice is refused" refused server add web web9 192.0.2.11
expect "an unknown server is refused" refused server drain web web9
expect "a bad weight is refused" refused server set web web1 weight 70000

expect "service add" tierwall service add dns listen 203.0.113.53 udp port 53 tier web forward l2
expect "it is there" has "forward l2"
expect "service del" tierwall service del dns
expect "it is gone" has_not "forward l2"
expect "a service of no tier is refused" \
	refused service add x listen 203.0.113.54 udp port 53 tier mail
expect "an address that another service has is refused" \
	refused service add x listen 203.0.113.10 tcp port 443 tier web

expect "attach of a device with a dot in its name" tierwall attach eth0.100
expect "it becomes a line of the configuration" has "interface eth0.100"
same "both are attached" \
	"$(tierwall -j show status | jq -r '.devices[].device // .devices[].name' | sort | xargs)" \
	"eth0.100 web1"
expect "attach twice is done already" tierwall attach eth0.100
expect "detach" tierwall detach eth0.100
expect "and it is no line any more" has_not "interface eth0.100"
expect "detach twice is refused" refused detach eth0.100
expect "a device that is not there is refused" refused attach eth9
expect "loopback is refused" refused attach lo

expect "counters of what stays go on" tierwall apply "$work/small.conf"
expect "not yet: run" refused run
expect "and it says so" grep -q 'not yet supported' "$work/refused"
expect "unload" tierwall unload
finish
