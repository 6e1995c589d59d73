#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# HTTPS through ipip and gue: tierwall puts it into tunnels, tierwall on the servers opens them
source "$(dirname "$0")/lib.sh"

servers=(web1 web2 app1)

# server_tierwall HOST WORDS...: the one on a server.
server_tierwall()
{
	in_host "$1" "$TIERWALL" --bpffs "$run/bpf" -i "$1" "${@:2}"
}

# serve HOST ADDRESS4 ADDRESS6: nginx there, for a service's addresses on loopback.
serve()
{
	local host=$1 folder=$run/$1
	ip -n "$TIERWALL_LAB-$host" address add "$2/32" dev lo
	ip -n "$TIERWALL_LAB-$host" address add "$3/128" dev lo nodad
	mkdir -p "$folder/files"
	cp "$work/download" "$folder/files/"
	cat >"$folder/tunnels.nginx" <<-END
		daemon off;
		master_process off;
		pid $folder/pid;
		error_log $folder/error.log;
		events { }
		http {
			access_log off;
			client_body_temp_path $folder/body;
			server {
				listen $2:443 ssl;
				listen [$3]:443 ssl;
				ssl_certificate $work/crt;
				ssl_certificate_key $work/key;
				root $folder/files;
				client_max_body_size 0;
				location / { dav_methods PUT; }
			}
		}
	END
	in_host "$host" nginx -e "$folder/error.log" -c "$folder/tunnels.nginx" \
		</dev/null >"$folder/output.log" 2>&1 &
	nginx+=($!)
}

# fetches ADDRESS; stores ADDRESS HOST: a long transfer either way.
fetches()
{
	in_host client curl -skgf --max-time 30 "https://$1/download" | cmp - "$work/download"
}

# fetches_soon: or not at all.
fetches_soon()
{
	in_host client curl -skgf --max-time 2 https://203.0.113.10/download >/dev/null
}

stores()
{
	in_host client curl -skgf --max-time 30 -T "$work/download" "https://$1/upload" &&
		cmp "$run/$2/files/upload" "$work/download"
}

# Hosts end theirs before the namespaces go.
nginx=()
end_nginx()
{
	local pid
	for pid in "${nginx[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	nginx=()
}

lab_up --without-servers
trap 'end_nginx; died' EXIT
head -c 3000000 /dev/urandom >"$work/download"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
	-subj '/CN=tunnels' -keyout "$work/key" -out "$work/crt" 2>/dev/null
serve web1 203.0.113.10 2001:db8:ffff::10
serve web2 203.0.113.20 2001:db8:ffff::20
serve app1 203.0.113.30 2001:db8:ffff::30
cat >"$work/server.conf" <<-END
	interface eth0
	host {
		decap ipip gue from { 198.51.100.1, 2001:db8:100::1 }
		accept tcp to port 443
		default drop
	}
END
for host in "${servers[@]}"; do
	expect "$host guards itself" server_tierwall "$host" apply "$work/server.conf"
done
cat >"$work/gateway.conf" <<-END
	interface client
	interface web1
	interface web2
	interface app1
	tunnel { source 198.51.100.1 2001:db8:100::1 }
	tier both { server web1 192.0.2.11 2001:db8:1::11; firewall { accept tcp to port 443 } }
	tier six { server web2 2001:db8:1::12; firewall { accept tcp to port 443 } }
	tier four { server app1 192.0.2.71; firewall { accept tcp to port 443 } }
	service both {
		listen 203.0.113.10 tcp port 443; listen 2001:db8:ffff::10 tcp port 443
		tier both; forward ipip
	}
	service six {
		listen 203.0.113.20 tcp port 443; listen 2001:db8:ffff::20 tcp port 443
		tier six; forward gue; mss auto
	}
	service four {
		listen 203.0.113.30 tcp port 443; listen 2001:db8:ffff::30 tcp port 443
		tier four; forward ipip; mss 1400
	}
END
expect "the balancer" tierwall apply "$work/gateway.conf"
tierwall show config >"$work/shown.conf"
expect "what it shows changes nothing" tierwall diff "$work/shown.conf"
expect "a first request" eventually 10 fetches 203.0.113.10

for way in 203.0.113.10/web1/4-in-4 '[2001:db8:ffff::10]/web1/6-in-6' \
	203.0.113.20/web2/4-in-6 '[2001:db8:ffff::20]/web2/6-in-6-gue' \
	203.0.113.30/app1/4-in-4 '[2001:db8:ffff::30]/app1/6-in-4'; do
	IFS=/ read -r address host name <<<"$way"
	expect "$name: a long answer" eventually 5 fetches "$address"
	expect "$name: a long request" stores "$address" "$host"
	rm -f "$run/$host/files/upload"
done
for service in both six four; do
	between "$service had flows" \
		"$(counter ".services[] | select(.name == \"$service\").flows")" 4 40
done
between "what did not fit was told" "$(counter .answers.sent)" 1 1000
same "as many as did not fit" "$(counter '.drops["too-big"].packets')" \
	"$(counter '.answers.sent + .answers.suppressed')"
for host in "${servers[@]}"; do
	between "rules of $host saw what was in the tunnels" \
		"$(server_tierwall "$host" -j stats | jq .host.rules[0].packets)" 4 100000
done
expect "trace shows the tunnel" grep -q "packet: .*198.51.100.1.* > 192.0.2.11" \
	<(tierwall trace tcp 198.51.100.10 203.0.113.10:443 in client)

sed -i 's/from { .* }/from 198.51.100.2/' "$work/server.conf"
expect "the server names another balancer" server_tierwall web1 apply "$work/server.conf"
expect "and no tunnel is opened any more" eval '! fetches_soon'
end_nginx
finish
