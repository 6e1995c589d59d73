#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# trace of words, of a frame and of a capture file says the same of the same packet
TIERWALL=${TIERWALL_SANITIZED:-${TIERWALL:-}}
source "$(dirname "$0")/lib.sh"

# The frame that the words stand for, as the kernel would get it.
frame_of()
{
	tierwall -j trace "$@" | jq -r .packet.hex
}

# little NUMBER...: each as four bytes, the lowest first, in hexadecimal.
little()
{
	local number
	for number in "$@"; do
		printf '%02x%02x%02x%02x' $((number & 255)) $((number >> 8 & 255)) \
			$((number >> 16 & 255)) $((number >> 24 & 255))
	done
}

# capture FRAME...: a capture file of frames in hexadecimal.
capture()
{
	local frame digits bytes='' at
	digits=$(little 0xa1b2c3d4 0x00040002 0 0 65535 1)
	for frame in "$@"; do
		digits+=$(little 1 0 $((${#frame} / 2)) $((${#frame} / 2)))$frame
	done
	for ((at = 0; at < ${#digits}; at += 2)); do
		bytes+="\\x${digits:at:2}"
	done
	printf '%b' "$bytes"
}

without_packet()
{
	jq -c 'del(.packet, .frame)'
}

counted()
{
	tierwall -j stats | jq -c '.tiers, .guard.rules'
}

small_lab
cat >"$work/small.conf" <<'CONF'
interface web1
guard { drop from 198.51.100.66 }
tier web {
    server web1 192.0.2.11
    firewall { accept tcp to port 443; default drop }
}
CONF
expect "apply" tierwall apply "$work/small.conf"
accepted=(tcp 198.51.100.7 192.0.2.11:443)
frame=$(frame_of "${accepted[@]}")
before=$(counted)

same "a frame is judged as its words are" \
	"$(tierwall -j trace frame "$frame" in web1 | without_packet)" \
	"$(tierwall -j trace "${accepted[@]}" | without_packet)"
same "the packet that leaves" "$(tierwall -j trace frame "$frame" | jq -r .packet.hex)" "$frame"

refused=${frame/c6336407/c6336442}
capture "$frame" "$refused" "$frame" >"$work/three.pcap"
same "a capture file has a verdict for each packet" \
	"$(tierwall -j trace pcap "$work/three.pcap" in web1 | jq -r '"\(.frame) \(.verdict)"' | xargs)" \
	"1 pass 2 drop 3 pass"
same "in words, a line each" \
	"$(tierwall trace pcap "$work/three.pcap" | sed -n 2p)" \
	"2: tcp 198.51.100.66:40000 > 192.0.2.11:443 syn length 40: drop, blocked, by guard rule 1 \`drop from 198.51.100.66\`"
same "nothing was counted" "$(counted)" "$before"

head -c 150 "$work/three.pcap" >"$work/cut.pcap"
status=0
tierwall trace pcap "$work/cut.pcap" >"$work/cut" 2>&1 || status=$?
same "a file that is cut off is refused behind its last whole packet" "$status" 1
expect "and says so" grep -q 'damaged behind packet 1$' "$work/cut"
status=0
tierwall trace frame 0200 2>"$work/short" || status=$?
same "a frame shorter than Ethernet is refused" "$status" 1
expect "unload" tierwall unload
finish
