#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# a change that would end the connection it is typed over, by SSH_CONNECTION
# Asked on a terminal, refused without one, done with --force.
source "$(dirname "$0")/lib.sh"

port=7007
sed "s/^host {/&\n\taccept tcp from 198.51.100.0\/24 to port $port/" "$example" >"$work/open.conf"
cp "$example" "$work/shut.conf"
cp "$(dirname "$example")/blocked.netset" "$work/"

# over CONNECTION WORDS...: typed over this connection, with no terminal.
over()
{
	local connection=$1
	shift
	SSH_CONNECTION=$connection tierwall "$@" </dev/null
}

# refused TEXT CONNECTION WORDS...: exit 1, these words, and nothing has changed.
refused()
{
	local text=$1 status=0 said before
	shift
	before=$(tierwall show config)
	said=$(over "$@" 2>&1) || status=$?
	echo "exit $status: $said"
	((status == 1)) && [[ $said == *"$text"* ]] && [[ $(tierwall show config) == "$before" ]]
}

# answered ANSWER WORDS...: on a terminal, which gets that answer.
answered()
{
	local answer=$1
	shift
	SSH_CONNECTION="$here_from" script -qec "${tierwall_command[*]} $*" /dev/null <<<"$answer"
}

# not_told CONNECTION WORDS...: done, without a word of SSH.
not_told()
{
	local said
	said=$(over "$@" 2>&1) && echo "$said" && [[ $said != *SSH* ]]
}

here_from="198.51.100.10 40000 198.51.100.1 $port"
here_from6="2001:db8:100::10 40000 2001:db8:100::1 $port"
lab_up --without-servers --config "$work/open.conf"

expect "what accepts the connection is applied" not_told "$here_from" apply "$work/open.conf"
expect "what ends it is refused" refused "would end the connection" "$here_from" \
	apply "$work/shut.conf"
expect "with the rule that does" refused "default drop" "$here_from" apply "$work/shut.conf"
expect "as an IPv4 address in an IPv6 one" refused "would end" \
	"::ffff:198.51.100.10 40000 ::ffff:198.51.100.1 $port" apply "$work/shut.conf"
expect "over IPv6" refused "would end" "$here_from6" apply "$work/open.conf"
expect "a link-local address with its zone" refused "comes in by web1" \
	"fe80::2%web1 40000 fe80::1%web1 $port" apply "$work/open.conf"
expect "with --confirm, too" refused "would end" "$here_from" apply "$work/shut.conf" --confirm 9
expect "with --force it goes on, and warns" grep -q "would end" \
	<<<"$(over "$here_from" apply "$work/shut.conf" --force 2>&1)"
expect "it is what runs" tierwall diff "$work/shut.conf"
expect "without the connection nothing is asked" tierwall apply "$work/open.conf"

expect "a rule that ends it is refused, by its number and text" \
	refused "by rule 1 of host: drop tcp to port $port" "$here_from" \
	rule add host at 1 drop tcp to port $port
expect "to reject it ends it as well" refused "reject tcp to port $port" "$here_from" \
	rule add host at 1 reject tcp to port $port
expect "guard, too" refused "of guard" "$here_from" rule add guard drop from 198.51.100.10
expect "a rule of no concern is not" not_told "$here_from" rule add host accept udp to port 9
expect "rule del" refused "would end" "$here_from" rule del host 1
expect "set load" refused "would end" "$here_from" set load blocked <(echo 198.51.100.0/24)
expect "set add" refused "would end" "$here_from" set add blocked 198.51.100.0/24
expect "set add of somebody else" not_told "$here_from" set add blocked 198.51.100.99
expect "set del of it" not_told "$here_from" set del blocked 198.51.100.99
expect "set add with --force" over "$here_from" set add blocked 198.51.100.10 --force
tierwall set del blocked 198.51.100.10

expect "on a terminal: n changes nothing" grep -q "nothing has changed" \
	<<<"$(answered n rule del host 1)"
same "the rule is there" "$(tierwall -j show rules host | grep -c "port $port")" 1
expect "y goes on" answered y rule del host 1
same "the rule is gone" "$(tierwall -j show rules host | grep -c "port $port" || true)" 0
tierwall apply "$work/open.conf"

expect "nonsense is said and goes on" grep -q "no connection" \
	<<<"$(over "yes please" apply "$work/shut.conf" 2>&1)"
tierwall apply "$work/open.conf"
expect "an address that is not here is judged as it is" not_told \
	"198.51.100.10 40000 198.51.100.99 $port" apply "$work/shut.conf"
tierwall apply "$work/open.conf"
tierwall detach client
sed '/^interface client/d' "$work/shut.conf" >"$work/elsewhere.conf"
expect "a device that is not attached judges nobody" not_told "$here_from" \
	apply "$work/elsewhere.conf"
expect "attach to it is refused" refused "would end" "$here_from" attach client
same "it is not attached" "$(in_host gateway ip link show client | grep -c xdp || true)" 0
expect "attach with --force" over "$here_from" attach client --force
finish
