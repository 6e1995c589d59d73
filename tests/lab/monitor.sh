#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# drops and logged packets of real traffic, seen by several monitors, and by tshark
source "$(dirname "$0")/lib.sh"

# listen NAME WORDS...: a monitor in the background; its lines go to $work/NAME.
listen()
{
	"${tierwall_command[@]}" "${@:2}" >"$work/$1" 2>"$work/$1.words" &
	monitors[$1]=$!
}

# slots_are BITS: where monitors listen, as the data path sees it.
slots_are()
{
	(($(bpftool -j map dump pinned "$run/bpf/tierwall/lab/maps/listening" |
		jq '.[0].formatted.value.slots // 0') == $1))
}

end_of()
{
	kill -"$2" "${monitors[$1]}"
	status=0
	wait "${monitors[$1]}" 2>/dev/null || status=$?
	unset "monitors[$1]"
}

# has FILE WORDS: one of its lines, within 5 s.
has()
{
	eventually 5 grep -qF -- "$2" "$work/$1"
}

captured()
{
	tshark -r "$work/capture" -T fields -E separator='|' \
		-e frame.interface_name -e frame.comment -e ip.src -e ip.dst -e tcp.dstport 2>/dev/null
}

is_captured()
{
	captured | grep -qF -- "$1"
}

declare -A monitors
lab_up
copy_example monitored.conf
sed -i 's/accept tcp to port 8443/accept log tcp to port 8443/' "$work/monitored.conf"
expect "a rule logs" tierwall apply "$work/monitored.conf"

listen text monitor
listen json -j monitor drops default
listen logs monitor log web
listen capture monitor --pcapng - --snap 100
expect "four monitors listen" eventually 10 slots_are 15
same "a fifth is refused" "$(tierwall monitor --for 1s 2>&1 || echo "status $?")" \
	"tierwall: 4 monitors listen already, and there is no room for more: end one
status 1"
expect "a client to the database gets no answer" no_answer client 192.0.2.131 3306
expect "a client to a web server gets one" connects client 192.0.2.11 8443

refused='drop default: db "default drop", tcp 198.51.100.10:'
expect "text tells of the drop" has text "$refused"
expect "with its destination, flags and device" \
	grep -qE '> 192\.0\.2\.131:3306 syn length [0-9]+ in client$' "$work/text"
expect "text tells of what is logged" has text 'accept: web 1 "accept log tcp to port 8443" # https'
expect "a monitor of the log, too" has logs 'accept: web 1 "accept log tcp to port 8443" # https'
same "but of no drop" "$(grep -c '^.* drop' "$work/logs" || true)" 0
same "JSON has the same" "$(jq -r 'select(.destination_port == 3306) |
	"\(.event) \(.reason) \(.list) \(.rule) \(.source) \(.destination) \(.device)"' \
	"$work/json" | sort -u)" \
	"drop default db default drop 198.51.100.10 192.0.2.131 client"
same "JSON has only what was asked for" \
	"$(jq -r .reason "$work/json" | sort -u)" default

connects client 192.0.2.12 8443 # the first packets of two flows, no more
same "one line for each flow" "$(grep -c 'accept log' "$work/logs" || true)" 2
end_of logs INT
same "^C ends a monitor" "$status" 0
same "which says nothing" "$(cat "$work/logs.words")" ""

end_of json KILL
expect "a client to an app server gets no answer" no_answer client 192.0.2.71 8080
expect "the others go on" has text '> 192.0.2.71:8080 syn'
sleep 4 # its last breath is over
listen late monitor drops
listen later monitor drops --count 1
expect "the slots of the ended and the killed are used again" eventually 10 slots_are 15
expect "IPv6 gets no answer" no_answer client 2001:db8:2::11 8080
expect "the late ones see it" has late '> [2001:db8:2::11]:8080 syn'
expect "the late ones see it" has later '> [2001:db8:2::11]:8080 syn'
status=0
wait "${monitors[later]}" || status=$?
same "--count ends by itself" "$status $(lines "$work/later")" "0 1"

end_of capture INT
same "^C ends a capture" "$status" 0
expect "tshark reads it" tshark -r "$work/capture"
expect "with the rule as comment" \
	is_captured 'client|drop default: db "default drop"|198.51.100.10|192.0.2.131|3306'
expect "and what is logged" \
	is_captured 'client|accept: web 1 "accept log tcp to port 8443" # https|198.51.100.10|192.0.2.11|8443'

status=0
tierwall monitor --for 20s 2>"$work/pipe" | head -n 0 || status=$?
same "a reader that goes away ends a monitor in silence" "$status$(cat "$work/pipe")" 0
expect "unload" tierwall unload
status=0
wait "${monitors[text]}" || status=$?
same "ends monitors" "$status" 2
expect "with a word" grep -q 'was unloaded' "$work/text.words"
wait
finish
