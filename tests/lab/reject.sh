#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# reject: real sockets hear at once that they are refused, and their kernels believe it
source "$(dirname "$0")/lib.sh"

port=7007
sessions=()

# refused HOST PROTOCOL ADDRESS PORT [BYTES]
refused()
{
	in_host "$1" /usr/bin/python3 "$here/refused.py" "${@:2}"
}

# ping_says ADDRESS WORDS
ping_says()
{
	local said
	said=$(in_host client ping -c 1 -W 2 "$1" || true)
	grep -F "$2" <<<"$said" || { echo "$said"; return 1; }
}

# Sums that the kernels of the hosts found wrong.
bad_sums()
{
	local host
	for host in client web1; do
		in_host "$host" cat /proc/net/snmp | awk '
			/^(Tcp|Icmp|Ip|Udp): [A-Z]/ { split($0, name); next }
			{ for (i = 2; i <= NF; i++)
				if (name[i] ~ /Csum|InHdrErrors|^InErrs$/) sum += $i }
			END { print sum + 0 }'
		# shellcheck disable=SC2016 # awk expands it
		in_host "$host" awk '/Csum|Icmp6InErrors|Ip6InHdrErrors/ { sum += $2 }
			END { print sum + 0 }' /proc/net/snmp6
	done | paste -sd+ | bc
}

lab_up --without-servers
in_host app1 /usr/bin/python3 "$here/sessions.py" answer $port \
	</dev/null 2>"$work/error-answer" &
disown # the lab ends it
copy_example reject.conf
sed -i -e 's/default drop/default reject/' \
	-e 's/accept tcp from @web to port 8080/accept tcp to port 7007/' \
	-e 's/^guard {.*/guard { reject tcp to port 25; reject udp to port 1900/' \
	"$work/reject.conf"
expect "apply" tierwall apply "$work/reject.conf"
bad_before=$(bad_sums)
for protocol in tcp udp; do
	expect "$protocol to the node" refused client $protocol 198.51.100.1 9
	expect "$protocol to the node, IPv6" refused client $protocol 2001:db8:100::1 9
	expect "$protocol to a server" refused client $protocol 192.0.2.71 22
	expect "$protocol to a server, IPv6" refused client $protocol 2001:db8:2::11 22
	expect "$protocol between tiers" refused web1 $protocol 192.0.2.72 22
	expect "$protocol between tiers, IPv6" refused web1 $protocol 2001:db8:2::12 22
done
expect "tcp to a service" refused client tcp 203.0.113.20 8080
expect "tcp to a service, IPv6" refused client tcp 2001:db8:ffff::20 8080
expect "tcp, by guard" refused client tcp 192.0.2.11 25
expect "udp, by guard, IPv6" refused client udp 2001:db8:1::11 1900
for bytes in 0 1 3 519 521 1200 1400; do
	expect "a datagram of $bytes bytes" refused client udp 192.0.2.71 9 $bytes
	expect "a datagram of $bytes bytes, IPv6" refused client udp 2001:db8:2::11 9 $bytes
done
expect "ping hears of it" ping_says 192.0.2.131 "Destination Port Unreachable"
expect "ping hears of it, IPv6" ping_says 2001:db8:3::11 "Port unreachable"
same "no kernel found a checksum wrong" "$(bad_sums)" "$bad_before"
between "answers are counted" "$(counter .answers.sent)" 30 1000
same "none was suppressed" "$(counter .answers.suppressed)" 0

touch "$work/lives"
for address in 192.0.2.71 2001:db8:2::11; do
	{
		in_host client /usr/bin/python3 "$here/refused.py" session $address $port \
			"$work/lives" 2>&1 && echo "as it should"
	} >"$work/session-$address" &
	sessions+=($!)
done
sleep 1
rm "$work/lives"
expect "a rule rejects what lives" \
	tierwall rule add app at 1 reject tcp to port $port
wait "${sessions[@]}" || true
for address in 192.0.2.71 2001:db8:2::11; do
	same "the session to $address is reset" "$(<"$work/session-$address")" "as it should"
done

tierwall rule add app at 1 drop tcp to port 23
expect "what is dropped still gets no answer" no_answer client 192.0.2.71 23
flood=$(counter .answers.suppressed)
# shellcheck disable=SC2016 # the inner shell expands it
expect "a flood" in_host client bash -c \
	'exec 3>/dev/udp/192.0.2.71/9; for i in {1..2000}; do echo x >&3; done 2>/dev/null; true'
between "of it most is not answered" $(($(counter .answers.suppressed) - flood)) 500 2000
finish
