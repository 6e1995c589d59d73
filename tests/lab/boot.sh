#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# the state across a reboot: saved, restored before there is a network, held from then on
# shellcheck disable=SC2016 # inner shells expand what they are given
source "$(dirname "$0")/lib.sh"

# The state as after a reboot: nothing is loaded, and devices have no addresses.
reboot()
{
	tierwall unload >/dev/null
	ip -n "$TIERWALL_LAB-gateway" address flush dev client
}

network_comes()
{
	ip -n "$TIERWALL_LAB-gateway" address add 198.51.100.1/24 dev client
	ip -n "$TIERWALL_LAB-gateway" address add 2001:db8:100::1/64 dev client nodad
}

attached()
{
	in_host gateway ip link show "$1" | grep -q xdp
}

# elsewhere COMMAND...: with folders for the state and the file that are not the machine's.
elsewhere()
{
	TIERWALL_COMMAND="${tierwall_command[*]}" unshare --mount bash -euc '
		mount --make-rprivate /
		mkdir -p "$1"/{tmp,etc}
		mount -t tmpfs tmpfs "$1/etc"
		mkdir "$1"/etc/{upper,work}
		mount -t overlay -o "lowerdir=/etc,upperdir=$1/etc/upper,workdir=$1/etc/work" o /etc
		mount -t tmpfs tmpfs /var/lib
		mkdir -p /etc/tierwall
		shift
		eval "$*"' bash "$work" "$@"
}

lab_up --without-servers
expect "save" tierwall save "$work/saved.conf"
same "for its owner alone: the hash key is in it" "$(stat -c %a "$work/saved.conf")" 600
same "nothing else is left in its folder" "$(find "$work" -name 'saved*' | wc -l)" 1
expect "it is what runs" tierwall diff "$work/saved.conf"
before=$(tierwall show config)

reboot
expect "restore, while no device has an address" tierwall restore "$work/saved.conf"
same "show config is as before" "$(tierwall show config)" "$before"
network_comes
expect "what host refuses is refused at once" no_answer client 198.51.100.1 7007
expect "over IPv6, too" no_answer client 2001:db8:100::1 7007
expect "what host accepts is accepted" in_host client ping -nqc1 -W2 198.51.100.1
expect "over IPv6, too" in_host client ping -nqc1 -W2 2001:db8:100::1
same "nothing is warned of" "$(tierwall show status 2>&1 | grep -c warning || true)" 0
same "the drops are host's" "$(counter '.host.default.packets > 1')" true
ip -n "$TIERWALL_LAB-gateway" address add 198.51.100.2/24 dev client
expect "a second address is host's at once" no_answer client 198.51.100.2 7007

# A macvlan of the device has a link address of its own, and what is for it no route here.
ip netns add "$TIERWALL_LAB-guest"
ip -n "$TIERWALL_LAB-gateway" link add link client name guest type macvlan mode bridge
ip -n "$TIERWALL_LAB-gateway" link set guest netns "$TIERWALL_LAB-guest"
ip -n "$TIERWALL_LAB-guest" link set lo up
ip -n "$TIERWALL_LAB-guest" link set guest up
ip -n "$TIERWALL_LAB-guest" address add 10.66.0.1/24 dev guest
ip -n "$TIERWALL_LAB-client" address add 10.66.0.2/24 dev eth0
expect "others behind the same device are left alone" in_host client ping -nqc1 -W2 10.66.0.1
ip netns del "$TIERWALL_LAB-guest"

# -- devices that come late, or never ----------------------------------------------------
sed '/^interface web1/a interface late' "$work/saved.conf" >"$work/late.conf"
tierwall unload >/dev/null
(sleep 1 && ip -n "$TIERWALL_LAB-gateway" link add late type veth peer name late-peer) &
expect "restore waits for a device" tierwall restore "$work/late.conf" --wait 10s
wait
expect "it is attached" attached late
ip -n "$TIERWALL_LAB-gateway" link del late
tierwall unload >/dev/null
expect "restore goes on without a device that never comes" \
	tierwall restore "$work/late.conf" --wait 1s
expect "the others are attached" attached client
expect "and have their rules" no_answer client 198.51.100.1 7007

# -- which file ------------------------------------------------------------------------------
expect "save and restore without a file" elsewhere '
	$TIERWALL_COMMAND save && test -s /var/lib/tierwall/lab.conf &&
	$TIERWALL_COMMAND restore | grep -q /var/lib/tierwall/lab.conf'
expect "without a saved state: the file" elsewhere "
	cp $example /etc/tierwall/lab.conf; cp ${example%/*}/blocked.netset /etc/tierwall
	\$TIERWALL_COMMAND restore | grep -q /etc/tierwall/lab.conf"
expect "a saved state that cannot be read: the file" elsewhere "
	cp $example /etc/tierwall/lab.conf; cp ${example%/*}/blocked.netset /etc/tierwall
	mkdir /var/lib/tierwall; echo nonsense >/var/lib/tierwall/lab.conf
	\$TIERWALL_COMMAND restore | grep -q /etc/tierwall/lab.conf"
expect "with neither: exit 1" elsewhere 'status=0; $TIERWALL_COMMAND restore || status=$?
	((status == 1))'
expect "a folder that is not there: exit 2" elsewhere 'status=0
	$TIERWALL_COMMAND save /var/lib/none/state || status=$?; ((status == 2))'

expect "install" make -C "$top" install PREFIX="$work/prefix"
expect "systemd takes the unit" systemd-analyze verify \
	"$work/prefix/lib/systemd/system/tierwall.service"
finish
