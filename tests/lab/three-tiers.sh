#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 10,000 HTTPS requests through three tiers, over IPv4 and IPv6
# All are answered, they spread evenly, and tierwall's counters agree with what the
# servers logged.
source "$(dirname "$0")/lib.sh"

count=10000
results=$work/results

# service_flows NAME: flows that the service created.
service_flows()
{
	counter ".services[] | select(.name == \"$1\").flows"
}

# server_flows SERVICE SERVER
server_flows()
{
	counter ".services[] | select(.name == \"$1\").servers[] | select(.name == \"$2\").flows"
}

# A request is logged when its answer is out, which can be after the client has it.
logs_hold()
{
	(($(lines "$run"/web?/access.log) >= $1 && $(lines "$run"/app?/access.log) >= $1))
}

adds_up()
{
	tierwall -j stats | jq -e '.packets |
		.received == .passed + .dropped + .transmitted + .redirected' >/dev/null
}

lab_up
lab requests $count both >"$results"
none_failed "through three tiers" "$results"
same "every request is counted" "$(lines "$results")" $count
eventually 5 logs_hold $count || true

for server in web1 web2; do
	between "$server has 40-60 % of them" "$(grep -c " $server " "$results")" \
		$((count * 4 / 10)) $((count * 6 / 10))
done
for server in app1 app2; do
	between "$server has 40-60 % of them" "$(grep -c " $server\$" "$results")" \
		$((count * 4 / 10)) $((count * 6 / 10))
done

same "flows of www are the requests that nginx logged" \
	"$(service_flows www)" "$(lines "$run"/web?/access.log)"
same "flows of app are the requests that the application logged" \
	"$(service_flows app)" "$(lines "$run"/app?/access.log)"
for server in web1 web2; do
	same "flows of www to $server are those in its log" \
		"$(server_flows www $server)" "$(lines "$run/$server/access.log")"
done
for server in app1 app2; do
	same "flows of app to $server are those in its log" \
		"$(server_flows app $server)" "$(lines "$run/$server/access.log")"
done
same "each client address and port in nginx's log is the client's own" \
	"$(cut -d' ' -f1,2 "$run"/web?/access.log | sort | md5sum)" \
	"$(cut -d' ' -f3,4 "$results" | sort | md5sum)"
same "the application sees the web servers" \
	"$(cut -d' ' -f1 "$run"/app?/access.log | sort -u | xargs)" \
	"192.0.2.11 192.0.2.12 2001:db8:1::11 2001:db8:1::12"
between "IPv6 has its share" "$(grep -c ' 2001:db8:100::' "$results")" \
	$((count * 4 / 10)) $((count * 6 / 10))
same "db1 has a row for each" "$(lab sql db1 'SELECT COUNT(*) FROM shop.visits')" $count
same "the replica takes no connection of the service" "$(server_flows db db2)" 0

# Replication may send a packet while the rows are read; it does not always.
expect "every packet received has one verdict" eventually 5 adds_up
finish
