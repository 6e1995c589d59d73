# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab's network: one namespace a host, each with its own veth to the gateway, so
# that all traffic between hosts crosses it.  In the gateway a device has the name of
# the host behind it; in the hosts it is eth0.
#
# Everything is made inside the namespaces: nothing here touches the machine's own
# network, and it all goes when the namespaces go.

# The names and addresses that three-tiers.conf speaks of.
# shellcheck disable=SC2034 # used by the other parts of the lab
declare -A ipv4=(
	[client]=198.51.100.10
	[web1]=192.0.2.11 [web2]=192.0.2.12
	[app1]=192.0.2.71 [app2]=192.0.2.72
	[db1]=192.0.2.131 [db2]=192.0.2.132
)
declare -A ipv6=(
	[client]=2001:db8:100::10
	[web1]=2001:db8:1::11 [web2]=2001:db8:1::12
	[app1]=2001:db8:2::11 [app2]=2001:db8:2::12
	[db1]=2001:db8:3::11 [db2]=2001:db8:3::12
)
hosts=(client web1 web2 app1 app2 db1 db2)
declare -A service4=([www]=203.0.113.10 [app]=203.0.113.20 [db]=203.0.113.30)
declare -A service6=([www]=2001:db8:ffff::10 [app]=2001:db8:ffff::20 [db]=2001:db8:ffff::30)
client_first=10 client_last=59 # of 198.51.100.N and 2001:db8:100::N
gateway4=198.51.100.1 gateway6=2001:db8:100::1
link_local=fe80::1 # of the gateway, on every device

namespace()
{
	echo "$lab-$1"
}

# in_host HOST COMMAND...: not by `ip netns exec`, which would hide bpffs.
in_host()
{
	nsenter --net="/run/netns/$lab-$1" -- "${@:2}"
}

# Everything that a namespace needs before it has devices.
prepare_namespace()
{
	ip netns add "$lab-$1"
	ip -n "$lab-$1" link set lo up
	# shellcheck disable=SC2016 # the inner shell expands these
	in_host "$1" bash -euc '
		cd /proc/sys/net
		for where in all default; do
			echo 0 >ipv6/conf/$where/accept_dad
			echo 0 >ipv6/conf/$where/accept_ra
			echo 0 >ipv4/conf/$where/rp_filter
		done
		echo 4096 >core/somaxconn
		echo "10240 65000" >ipv4/ip_local_port_range'
}

prepare_gateway()
{
	in_host gateway bash -euc '
		cd /proc/sys/net
		echo 1 >ipv4/ip_forward
		echo 1 >ipv6/conf/all/forwarding
		# Where the kernel must send what was rewritten (the next hop is not known
		# yet), replies carry a service address, which is our own.
		echo 1 >ipv4/conf/all/accept_local
		echo 1 >ipv4/conf/default/accept_local'
	local name
	for name in "${!service4[@]}"; do
		ip -n "$(namespace gateway)" address add "${service4[$name]}/32" dev lo
		ip -n "$(namespace gateway)" address add "${service6[$name]}/128" dev lo nodad
	done
}

# Frames that XDP sends on must be whole: no offload may have left them unfinished, and
# veth takes them only where the receiving end polls (gro on).
connect()
{
	local host=$1 gateway
	gateway=$(namespace gateway)
	ip -n "$gateway" link add "$host" type veth peer name eth0 netns "$(namespace "$host")"
	in_host "$host" ethtool -K eth0 tx off tso off gso off gro on >/dev/null
	in_host gateway ethtool -K "$host" gro on >/dev/null
	ip -n "$gateway" address add $link_local/64 dev "$host" nodad
	ip -n "$gateway" link set "$host" up
	ip -n "$(namespace "$host")" link set eth0 up
}

# Its first address is the one it uses by itself.
address_client()
{
	local n
	{
		for ((n = client_first; n <= client_last; n++)); do
			echo "address add 198.51.100.$n/24 dev eth0"
			echo "address add 2001:db8:100::$n/64 dev eth0 nodad preferred_lft 0"
		done
		# One that blocked.netset names.
		echo "address add 198.51.100.200/24 dev eth0"
		echo "address add 2001:db8:100::bad/64 dev eth0 nodad preferred_lft 0"
		echo "address change ${ipv6[client]}/64 dev eth0 nodad preferred_lft forever"
		echo "route add default via $gateway4"
		echo "route add ::/0 via $gateway6 src ${ipv6[client]}"
	} | ip -n "$(namespace client)" -batch -
	ip -n "$(namespace gateway)" address add $gateway4/24 dev client
	ip -n "$(namespace gateway)" address add $gateway6/64 dev client nodad
}

# A server has one address and sends everything, to its neighbours as well, to the gateway.
address_server()
{
	local host=$1 net4=192.0.2.1
	case $host in
	app*) net4=192.0.2.65 ;;
	db*) net4=192.0.2.129 ;;
	esac
	ip -n "$(namespace gateway)" -batch - <<-END
		address add $net4/32 dev $host
		route add ${ipv4[$host]}/32 dev $host src $net4
		route add ${ipv6[$host]}/128 dev $host
	END
	ip -n "$(namespace "$host")" -batch - <<-END
		address add ${ipv4[$host]}/32 dev eth0
		address add ${ipv6[$host]}/128 dev eth0 nodad
		route add default via $net4 dev eth0 onlink
		route add ::/0 via $link_local dev eth0 src ${ipv6[$host]}
	END
}

network_up()
{
	local host
	prepare_namespace gateway
	prepare_gateway
	for host in "${hosts[@]}"; do
		prepare_namespace "$host"
		connect "$host"
		if [[ $host == client ]]; then
			address_client
		else
			address_server "$host"
		fi
	done
}

network_down()
{
	local host
	for host in "${hosts[@]}" gateway; do
		if [[ -e /run/netns/$lab-$host ]]; then
			ip netns delete "$lab-$host"
		fi
	done
}

# balanced 4|6 SERVICE PORT SERVERS-PORT SERVER SERVER: one rule of nft.
balanced()
{
	local family=ip one=$5 two=$6
	local -n service=service$1 address=ipv$1
	[[ $1 == 4 ]] || family=ip6
	echo "$family daddr ${service[$2]} tcp dport $3 dnat $family to numgen random mod 2" \
		"map { 0 : ${address[$one]} . $4, 1 : ${address[$two]} . $4 }"
}

# Without tierwall: the services by the kernel's own NAT, to try servers out.  No firewall.
kernel_services()
{
	in_host gateway nft -f - <<-END
		table inet lab {
			chain services {
				type nat hook prerouting priority -100
				$(balanced 4 www 443 8443 web1 web2)
				$(balanced 4 app 8080 8080 app1 app2)
				$(balanced 4 db 3306 3306 db1 db1)
				$(balanced 6 www 443 8443 web1 web2)
				$(balanced 6 app 8080 8080 app1 app2)
				$(balanced 6 db 3306 3306 db1 db1)
			}
		}
	END
}
