#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kill -9 of tierwall in the midst of whatever it does
# Traffic goes on, rules hold, and the next command works.
source "$(dirname "$0")/lib.sh"

# killed TIMES WORDS...: begun as often, and killed after 0 to 39 ms.
killed()
{
	local n times=$1 pid
	shift
	for ((n = 0; n < times; n++)); do
		"${tierwall_command[@]}" "$@" >/dev/null 2>&1 &
		pid=$!
		sleep "0.0$((n % 40 / 10))$((n % 10))"
		kill -KILL $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
	done
}

# The rules hold: what may pass does, what may not does not.
rules_hold()
{
	connects client 192.0.2.11 8443 &&
		no_answer client 192.0.2.71 8080 &&
		no_answer web1 192.0.2.131 3306
}

lab_up
copy_example other.conf
sed -i 's/^tier db/set more { 192.0.2.200, 2001:db8::\/48 }\n&/; s/# web-asks-app/# renamed/' \
	"$work/other.conf"
awk 'BEGIN { for (i = 0; i < 20000; i++) print "10.77." int(i / 256) "." i % 256 }' \
	>"$work/many.netset"
load_begin
killed 80 apply "$work/other.conf"
expect "apply was killed 80 times: rules hold" rules_hold
killed 80 apply "$example"
expect "apply back was killed 80 times: rules hold" rules_hold
expect "the next apply works" tierwall apply "$example"
expect "and it is what runs" tierwall diff "$example"
killed 40 set add blocked 192.0.2.222
killed 40 set del blocked 192.0.2.222
killed 40 set add blocked 192.0.2.224/27 192.0.2.223 2001:db8:bad::/48 for 1h
killed 40 set load blocked "$work/many.netset"
killed 40 server set web web2 weight 2
killed 40 rule add app at 1 drop from 192.0.2.221
killed 40 -j stats
killed 20 trace tcp 198.51.100.10:40000 203.0.113.10:443
expect "set, server, rule, stats and trace were killed: rules hold" rules_hold
expect "set add works" tierwall set add blocked 192.0.2.222
expect "set load works" tierwall set load blocked "$work/many.netset"
same "and the set has what the file has" \
	"$(tierwall show sets blocked | grep -v ' for ' | sort | md5sum)" \
	"$(sort "$work/many.netset" | md5sum)"
expect "apply works" tierwall apply "$example"
expect "and it is what runs" tierwall diff "$example"
same "no process of tierwall is left" "$(pgrep -af "$TIERWALL --bpffs $run/bpf" || true)" ""
load_end
none_failed "requests meanwhile" "$work/load"
expect "the folder of pins has no scraps: a load clears them" tierwall load
same "one folder of pins" "$(find "$run/bpf/tierwall" -maxdepth 1 -mindepth 1 | wc -l)" 1
finish
