#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# what is imported of nft and iptables decides as they do, packet by packet
source "$(dirname "$0")/lib.sh"

node=$TIERWALL_LAB-node
peer=$TIERWALL_LAB-peer
bpffs=$work/bpf
frames=$here/import.py

in_node()
{
	nsenter --net="/run/netns/$node" -- "$@"
}

node_tierwall()
{
	in_node "$TIERWALL" --bpffs "$bpffs" -i import "$@"
}

network_up()
{
	ip netns add "$node"
	ip netns add "$peer"
	ip -n "$node" link add eth0 address 02:00:00:00:00:01 type veth \
		peer name eth0 address 02:00:00:00:00:02 netns "$peer"
	ip -n "$node" link add eth1 type veth peer name eth1-peer
	ip -n "$node" link add eth2 type veth peer name eth2-peer
	nsenter --net="/run/netns/$peer" -- ethtool -K eth0 gro on >/dev/null
	ip -n "$node" addr add 203.0.113.1/24 dev eth0
	ip -n "$node" addr add 2001:db8:f::1/64 dev eth0 nodad
	in_node sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
	ip -n "$node" link set lo up
	ip -n "$node" link set eth0 up
	ip -n "$peer" link set eth0 up
	ip -n "$node" route add default via 203.0.113.2
	ip -n "$node" -6 route add default via 2001:db8:f::2
	ip -n "$node" neigh add 203.0.113.2 lladdr 02:00:00:00:00:02 dev eth0
	ip -n "$node" neigh add 2001:db8:f::2 lladdr 02:00:00:00:00:02 dev eth0
	nsenter --net="/run/netns/$peer" -- sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	mkdir "$bpffs"
	mount -t bpf bpf "$bpffs"
}

network_down()
{
	node_tierwall unload >/dev/null 2>&1 || true
	umount "$bpffs" 2>/dev/null || true
	ip netns del "$node" 2>/dev/null || true
	ip netns del "$peer" 2>/dev/null || true
}

# What still gets through is counted behind all other rules: by a counter a probe sees
# whether its frame came there.
counter_up()
{
	in_node nft -f - <<-'COUNTER'
		table inet seen {
			counter came { }
			chain input {
				type filter hook input priority 300;
				iifname "eth0" counter name came
			}
		}
	COUNTER
}

# verdicts: of all probes, one a line.
verdicts()
{
	/usr/bin/python3 "$frames" "/run/netns/$node" "/run/netns/$peer"
}

# decides_alike LISTING FORMAT LOAD...: the rules loaded, asked, dumped, imported, asked again.
decides_alike()
{
	local name=$1 format=$2 status=0
	shift 2
	in_node nft flush ruleset
	expect "$name: loaded" in_node "$@"
	"dump_$format" >"$work/$name.dump"
	counter_up
	verdicts >"$work/$name.theirs"
	in_node nft flush ruleset
	in_node "$TIERWALL" import "$format" "$work/$name.dump" >"$work/$name.conf" \
		2>"$work/$name.messages" || status=$?
	same "$name: all of it is imported" "$status" 0
	echo "interface eth0" >>"$work/$name.conf"
	expect "$name: tierwall takes it" node_tierwall apply --check "$work/$name.conf"
	expect "$name: and applies it" node_tierwall apply "$work/$name.conf"
	counter_up
	verdicts >"$work/$name.ours"
	node_tierwall unload >/dev/null
	if diff "$work/$name.theirs" "$work/$name.ours" >"$work/$name.diff"; then
		ok "$name: $(lines "$work/$name.ours") packets, the same verdicts" \
			"($(grep -c accept "$work/$name.ours") accepted)"
	else
		fail "$name: other verdicts than $format's (<)"
		sed 's/^/        /' "$work/$name.diff"
	fi
}

dump_nft()
{
	in_node nft list ruleset
}

dump_iptables()
{
	in_node "$save"
}

clean_up()
{
	network_down
	rm -rf "$work"
}

network_up
cat >"$work/rules.nft" <<'EOT'
table inet filter {
	set office { type ipv4_addr; flags interval; elements = { 198.51.100.0/25, 192.0.2.9 }; }
	map by_port { type inet_service : verdict; elements = { 25 : goto mail, 53 : accept, 69 : drop }; }
	chain mail {
		ip saddr 192.0.2.0/24 drop
		tcp dport 25 accept
	}
	chain early {
		type filter hook prerouting priority raw; policy accept;
		ip saddr 10.66.0.0/16 drop
		tcp flags & (fin | syn) == fin | syn drop
	}
	chain first {
		type filter hook input priority -10; policy accept;
		ip saddr 10.77.0.0/16 accept
		udp dport 5060 drop
	}
	chain input {
		type filter hook input priority filter; policy drop;
		iif lo accept
		ct state established,related accept
		tcp dport vmap @by_port
		udp dport 53 accept
		ip saddr @office tcp dport { 22, 8000-8100 } accept
		ip saddr != @office tcp dport 8443 reject with tcp reset
		tcp dport 8443 accept
		icmp type { echo-request, destination-unreachable } accept
		icmpv6 type echo-request accept
		iifname "eth1" tcp dport 2049 accept
		ip ttl < 5 drop
		udp dport 5000-5100 meta length 28-60 accept
		ip dscp ef udp dport 6000 accept
		tcp dport 443 tcp flags & (fin|syn|rst|ack) == syn accept
		ip6 saddr 2001:db8:10::/48 tcp dport 22 accept
		ip protocol gre accept
		tcp sport 20 tcp dport 1024-65535 accept
	}
}
EOT
decides_alike nft nft nft -f "$work/rules.nft"

cat >"$work/rules.iptables" <<'EOT'
*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -s 10.66.0.0/16 -j DROP
-A PREROUTING -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP
COMMIT
*mangle
:INPUT ACCEPT [0:0]
-A INPUT -s 10.77.0.0/16 -j ACCEPT
-A INPUT -p udp -m udp --dport 5060 -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:OFFICE - [0:0]
:MAIL - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 25 -j MAIL
-A INPUT -s 198.51.100.0/25 -j OFFICE
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT ! -s 198.51.100.0/25 -p tcp -m tcp --dport 8443 -j REJECT --reject-with tcp-reset
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -i eth1 -p tcp -m tcp --dport 2049 -j ACCEPT
-A INPUT -m ttl --ttl-lt 5 -j DROP
-A INPUT -p udp -m udp --dport 5000:5100 -m length --length 28:60 -j ACCEPT
-A INPUT -p udp -m udp --dport 6000 -m dscp --dscp 0x2e -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT
-A INPUT -m iprange --src-range 192.0.2.9-192.0.2.20 -p tcp -m multiport --dports 22,8000:8100 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p gre -j ACCEPT
-A MAIL -s 192.0.2.9/32 -j RETURN
-A MAIL -s 192.0.2.0/24 -j DROP
-A MAIL -j ACCEPT
-A OFFICE -p udp -j RETURN
-A OFFICE -p tcp -m tcp --dport 22 -j ACCEPT
-A OFFICE -p tcp -m tcp --dport 8443 -j ACCEPT
COMMIT
EOT
# status COMMAND...: what it exits with
status()
{
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo $status
}

same "what comes through a pipe is the same but for its name" \
	"$("$TIERWALL" import nft - <"$work/nft.dump" 2>/dev/null | tail -n +2)" \
	"$(sed -e 1d -e '$d' "$work/nft.conf")"
same "a file that is not there: exit" "$(status "$TIERWALL" import nft "$work/none")" 2
same "a program that is not known: exit" "$(status "$TIERWALL" import pf "$work/nft.dump")" 1
same "a file of another kind: exit" "$(status "$TIERWALL" import nft "$here/import.py")" 1

save=iptables-nft-save
decides_alike iptables-nft iptables iptables-nft-restore "$work/rules.iptables"
save=iptables-legacy-save
if in_node iptables-legacy-save >/dev/null 2>&1; then
	decides_alike iptables-legacy iptables iptables-legacy-restore "$work/rules.iptables"
	in_node iptables-legacy -P INPUT ACCEPT
fi
finish
