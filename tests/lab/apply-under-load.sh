#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# apply of two different files in turn, 200 times, under load
# No request fails, and no packet is judged by a mixture of the two.
#
# A says: accept whom @judged holds, drop the others, and @judged holds the good ones.
# B says: drop whom @judged holds, accept the others, and @judged holds the bad one.
# Either way the good are served and the bad is not.  The rules of one with the set of
# the other would do the opposite.
source "$(dirname "$0")/lib.sh"

good4=198.51.100.10 good6=2001:db8:100::10
bad4=198.51.100.200 bad6=2001:db8:100::bad
times=200

# variant JUDGED RULES: the example with another firewall for the web tier, and without
# its list of blocked addresses, so that the bad one gets as far as that.
variant()
{
	awk -v judged="$1" -v rules="$2" '
		/^set blocked/ { print "set judged { " judged " }"; next }
		/drop from @blocked/ { next }
		/^tier web/ { web = 1 }
		web && /firewall \{/ { print "\tfirewall {\n" rules; skip = 1; next }
		skip && /\}/ { skip = web = 0 }
		!skip' "$example"
}

# pings ADDRESS SOURCE: many small ones in the background, until pings_end.
pings()
{
	nsenter --net="/run/netns/$TIERWALL_LAB-client" -- \
		ping -q -i 0.002 -W 1 -I "$2" "$1" >"$work/ping-$2" &
	pingers+=($!)
}

pings_end()
{
	kill -INT "${pingers[@]}"
	wait "${pingers[@]}" || true
}

# received SOURCE, sent SOURCE: from ping's last lines.
received()
{
	sed -n 's/.* \([0-9]*\) received.*/\1/p' "$work/ping-$1"
}

sent()
{
	sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p' "$work/ping-$1"
}

variant '198.51.100.0/25, 2001:db8:100::/120' \
	$'\t\taccept from @judged\n\t\taccept from @app\n\t\tdefault drop' >"$work/a.conf"
variant '198.51.100.128/25, 2001:db8:100::bad' \
	$'\t\tdrop from @judged\n\t\tdefault accept' >"$work/b.conf"

lab_up --config "$work/a.conf"
expect "B passes the check" tierwall apply "$work/b.conf" --check

pingers=()
load_begin
pings 192.0.2.11 $good4
pings 192.0.2.12 $bad4
pings 2001:db8:1::11 $good6
pings 2001:db8:1::12 $bad6
refused=0 begun=$SECONDS
for ((n = 0; n < times; n++)); do
	file=$work/a.conf
	((n % 2)) || file=$work/b.conf
	tierwall apply "$file" >"$work/apply.log" 2>&1 || refused=$((refused + 1))
done
took=$((SECONDS - begun))
pings_end
load_end

same "$times times apply, in $took s, all done" $refused 0
none_failed "requests meanwhile" "$work/load"
for source in $good4 $good6; do
	# The last may be on its way when ping ends.
	between "pings from $source that were not answered" \
		$(($(sent "$source") - $(received "$source"))) 0 1
	between "pings from $source" "$(sent "$source")" 100 10000000
done
for source in $bad4 $bad6; do
	same "pings from $source, none answered" "$(received "$source")" 0
	between "pings from $source" "$(sent "$source")" 100 10000000
done
expect "show config says what was applied last" tierwall diff "$work/a.conf"
same "generations and pins do not pile up" \
	"$(find "$run/bpf/tierwall" -maxdepth 1 -mindepth 1 | wc -l)" 1
finish
