#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# apply of files with mistakes
# Each is refused with exit 1 and a place, and the running state is as before.
TIERWALL=${TIERWALL_SANITIZED:-${TIERWALL:-}}
source "$(dirname "$0")/lib.sh"

file=$work/wrong.conf

# inner_maps MAP: the ids that a map of maps holds, in words of a little-endian machine.
inner_maps()
{
	local id
	for id in $(bpftool map dump pinned "$run/bpf/tierwall/lab/maps/$1" |
		awk '$1 == "key:" { print $10 $9 $8 $7 }'); do
		echo $((16#$id))
	done
}

# What runs: the configuration, the state, and which policy is live.
running()
{
	tierwall show config
	tierwall -j show status
	inner_maps policy
}

# The contents of the maps that a configuration makes, byte for byte.
map_contents()
{
	local id
	for id in $(inner_maps policy) $(inner_maps sets); do
		echo "map $id $(bpftool map dump id "$id" | md5sum)"
	done
	bpftool map dump pinned "$run/bpf/tierwall/lab/maps/devices"
}

# refused FILE: exit 1, the first line has FILE:LINE:COLUMN, and nothing has changed.
refused()
{
	local status=0
	tierwall apply "$1" >"$work/out" 2>"$work/err" || status=$?
	if ((status != 1)); then
		echo "exit $status instead of 1"
		head -c 300 "$work/err"
		return 1
	fi
	if ! head -n 1 "$work/err" | grep -qE "^tierwall: $1:[0-9]+:[0-9]+: ."; then
		echo "no FILE:LINE:COLUMN in:"
		head -c 300 "$work/err"
		return 1
	fi
	if [[ -s $work/out ]]; then
		echo "words on stdout"
		return 1
	fi
	running >"$work/after"
	cmp "$work/before" "$work/after"
}

# Positions of the example that lie within a block, a hundred of them evenly.
places_within_blocks()
{
	awk '{
		line = $0
		for (i = 1; i <= length(line); i++) {
			c = substr(line, i, 1)
			if (c == "#")
				break
			depth += (c == "{") - (c == "}")
			if (depth > 0)
				print at + i
		}
		at += length(line) + 1
	}' "$example" |
		awk '{ all[NR] = $1 } END { for (i = 1; i <= 100; i++) print all[int(NR * i / 100)] }'
}

truncated_anywhere()
{
	local place
	for place in $(places_within_blocks); do
		head -c "$place" "$example" >"$file"
		refused "$file" || { echo "truncated at byte $place" && return 1; }
	done
}

random_bytes()
{
	local n
	for ((n = 1; n <= 50; n++)); do
		# One that begins with a comment could be a comment to its end, and right.
		tr -d '#' </dev/urandom | head -c $((n * 37)) >"$file"
		refused "$file" || { echo "random bytes, $((n * 37)) of them" && return 1; }
	done
}

random_byte_within()
{
	local place
	for place in $(places_within_blocks); do
		cp "$example" "$file"
		printf '\001' | dd of="$file" bs=1 seek=$((place - 1)) conv=notrunc status=none
		refused "$file" || { echo "a control character at byte $place" && return 1; }
	done
}

# written TEXT: as the whole file, with printf's escapes.
written()
{
	printf '%b' "$1" >"$file"
	refused "$file"
}

# example_with TEXT: behind the example.
example_with()
{
	cat "$example" - <<<"$1" >"$file"
	refused "$file"
}

# repeat TIMES TEXT
repeat()
{
	awk -v times="$1" -v text="$2" 'BEGIN { while (times--) printf "%s", text }'
}

huge()
{
	{
		cat "$example"
		repeat 1300000 $'# a comment that goes on and on\n'
		echo 'nonsense here'
	} >"$file"
	refused "$file"
}

huge_line()
{
	{
		printf 'set s { '
		repeat 300000 '192.0.2.1,'
		echo 'x }'
	} >"$file"
	refused "$file"
}

deep()
{
	{
		printf 'tier t { firewall { accept from '
		repeat 100000 '{'
	} >"$file"
	refused "$file"
}

deep_blocks()
{
	repeat 100000 $'guard {\n' >"$file"
	refused "$file"
}

carriage_returns()
{
	sed 's/$/\r/' "$example" >"$file"
	refused "$file"
}

included_mistake()
{
	local status=0
	copy_example "including.conf"
	echo '192.0.2.300' >>"$work/blocked.netset"
	tierwall apply "$work/including.conf" 2>"$work/err" || status=$?
	cat "$work/err"
	((status == 1)) && grep -q "blocked.netset:[0-9]*:1: " "$work/err"
	running | cmp "$work/before" -
}

missing_file()
{
	local status=0
	tierwall apply "$work/none.conf" || status=$?
	((status == 1 || status == 2)) && running | cmp "$work/before" -
}

lab_up --without-servers
cp "$(dirname "$example")/blocked.netset" "$work/"
running >"$work/before"
map_contents >"$work/maps-before"
expect "truncated at a hundred places" truncated_anywhere
expect "a control character at a hundred places" random_byte_within
expect "fifty files of random bytes" random_bytes
expect "empty" written ''
expect "one zero byte" written '\0000'
expect "a megabyte of zero bytes" eval "head -c 1000000 /dev/zero >$file && refused $file"
expect "not UTF-8" written 'set s { 192.0.2.1 }\nset \0377\0376 { 192.0.2.1 }\n'
expect "not UTF-8 where a word is expected" written '\0303\0050\n'
expect "lines that end in CRLF" carriage_returns
expect "40 MB of comments and a mistake" huge
expect "a line of 3 MB" huge_line
expect "100,000 opened lists" deep
expect "100,000 opened blocks" deep_blocks
expect "an unknown word" example_with 'balance www'
expect "an unknown word in a block" example_with 'tier t { servers a 192.0.2.99 }'
expect "an unknown tier" example_with 'service s { listen 203.0.113.99 tcp port 80; tier nowhere }'
expect "an unknown set" example_with 'tier t { firewall { drop from @nowhere } }'
expect "an unknown device" example_with 'interface nowhere0'
expect "a name twice" example_with 'tier web { server x 192.0.2.99 }'
expect "an address twice" example_with 'tier t { server x 192.0.2.11 }'
expect "a listen twice" example_with 'service s { listen 203.0.113.10 tcp port 443; tier web }'
expect "not an address" example_with 'set s { 192.0.2.256 }'
expect "not a port" example_with 'tier t { firewall { accept tcp to port 65536 } }'
expect "a block that does not end" example_with 'tier t {'
expect "a block that ends twice" example_with 'tier t { } }'
expect "a mistake in an included file" included_mistake
expect "a file that is not there" missing_file
map_contents >"$work/maps-after"
between "maps looked at" "$(grep -c '^map ' "$work/maps-before")" 3 1000
expect "the maps are as before, byte for byte" cmp "$work/maps-before" "$work/maps-after"
expect "the example itself is still accepted" tierwall apply "$example"
finish
