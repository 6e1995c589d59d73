# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab's servers: two databases (db2 replicates from db1), two of the application,
# two of nginx with TLS.  Each is started in its host's namespace and found there again
# by whoever ends the lab.

# wait_for SECONDS WHAT COMMAND...: until the command succeeds, or says what did not come.
wait_for()
{
	local deadline=$((SECONDS + $1)) what=$2
	until "${@:3}" >/dev/null 2>&1; do
		if ((SECONDS >= deadline)); then
			echo "scripts/lab: $what is not there after $1 s" >&2
			return 1
		fi
		sleep 0.1
	done
}

# fill TEMPLATE HOST NAME=VALUE...: the template with @RUN@, @HOST@ and the names filled in.
fill()
{
	local text name
	text=$(<"$parts/$1")
	text=${text//@RUN@/$run}
	text=${text//@HOST@/$2}
	for name in "${@:3}"; do
		text=${text//@${name%%=*}@/${name#*=}}
	done
	printf '%s\n' "$text"
}

make_certificates()
{
	local here=$run/certificates
	mkdir "$here"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj '/CN=tierwall lab CA' -keyout "$here/ca.key" -out "$here/ca.crt" \
		-addext 'keyUsage=critical,keyCertSign'
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj '/CN=www.foobar.com' -keyout "$here/www.key" -out "$here/www.csr"
	openssl x509 -req -in "$here/www.csr" -CA "$here/ca.crt" -CAkey "$here/ca.key" \
		-CAcreateserial -days 30 -out "$here/www.crt" -extfile - <<-END
			subjectAltName=DNS:www.foobar.com,DNS:foobar.com
			extendedKeyUsage=serverAuth
		END
}

# -- databases ----------------------------------------------------------------------

# sql HOST [STATEMENT]: as the database's root, over its socket.
sql()
{
	mariadb --no-defaults --socket="$run/$1/mariadb.sock" -u root -N -B ${2:+-e "$2"}
}

# Data folders are made once and copied: db2 starts as db1 did.
make_databases()
{
	local host
	for host in db1 db2; do
		fill mariadb.cnf "$host" "ID=${host#db}" \
			"IPV4=${ipv4[$host]}" "IPV6=${ipv6[$host]}" >"$run/$host/mariadb.cnf"
	done
	# in the host's namespace, so that whoever ends the lab meanwhile finds it there
	in_host db1 mariadb-install-db --defaults-file="$run/db1/mariadb.cnf" --user=mysql \
		--skip-test-db --auth-root-authentication-method=socket
	rm -f "$run"/db1/data/db1-bin.*
	cp -a "$run/db1/data" "$run/db2/data"
	chown mysql: "$run/db1" "$run/db2"
}

start_database()
{
	in_host "$1" setsid mariadbd --defaults-file="$run/$1/mariadb.cnf" \
		</dev/null >>"$run/$1/output.log" 2>&1 &
}

replicates()
{
	[[ $(mariadb --no-defaults --socket="$run/db2/mariadb.sock" -u root -e 'SHOW REPLICA STATUS\G' |
		grep -cE '(Slave_IO_Running|Slave_SQL_Running): Yes') == 2 ]] &&
		[[ $(sql db2 "SELECT COUNT(*) FROM information_schema.tables
			WHERE table_schema = 'shop' AND table_name = 'visits'") == 1 ]]
}

databases_up()
{
	local password
	password=$(openssl rand -hex 16)
	(umask 077 && echo "$password" >"$run/password")
	chown nobody: "$run/password"
	start_database db1
	start_database db2
	wait_for 60 "the database on db1" sql db1 'SELECT 1'
	wait_for 60 "the database on db2" sql db2 'SELECT 1'
	sql db1 <<-END
		CREATE DATABASE shop;
		CREATE TABLE shop.visits (
			id BIGINT AUTO_INCREMENT PRIMARY KEY,
			host VARCHAR(16) NOT NULL,
			client VARCHAR(45) NOT NULL
		);
		CREATE USER app IDENTIFIED BY '$password';
		GRANT SELECT, INSERT ON shop.* TO app;
		CREATE USER replica IDENTIFIED BY '$password';
		GRANT REPLICATION SLAVE ON *.* TO replica;
	END
	sql db2 <<-END
		CHANGE MASTER TO MASTER_HOST = '${ipv4[db1]}', MASTER_USER = 'replica',
			MASTER_PASSWORD = '$password', MASTER_USE_GTID = slave_pos,
			MASTER_CONNECT_RETRY = 1;
		START REPLICA;
		SET GLOBAL read_only = ON;
	END
	wait_for 30 "replication from db1 to db2" replicates
}

# -- application and web ------------------------------------------------------------

start_app()
{
	in_host "$1" setsid setpriv --reuid=nobody --regid=nogroup --clear-groups \
		/usr/bin/python3 "$parts/app.py" --host "$1" --log "$run/$1/access.log" \
		--password-file "$run/password" --listen "${ipv4[$1]}" "${ipv6[$1]}" \
		--database "${service4[db]}" "${service6[db]}" \
		</dev/null >>"$run/$1/output.log" 2>&1 &
}

start_web()
{
	fill nginx.conf "$1" "IPV4=${ipv4[$1]}" "IPV6=${ipv6[$1]}" \
		"APP4=${service4[app]}" "APP6=${service6[app]}" >"$run/$1/nginx.conf"
	in_host "$1" nginx -c "$run/$1/nginx.conf" -e "$run/$1/error.log" \
		</dev/null >>"$run/$1/output.log" 2>&1
}

# listens HOST PORT: on both of its addresses.
listens()
{
	[[ $(in_host "$1" ss -Hltn "sport = $2" | wc -l) -ge 2 ]]
}

servers_up()
{
	local host
	make_certificates >"$run/certificates.log" 2>&1
	make_databases >"$run/databases.log" 2>&1
	databases_up
	for host in app1 app2; do
		chown nobody: "$run/$host"
		start_app "$host"
	done
	for host in app1 app2; do
		wait_for 20 "the application on $host" listens "$host" 8080
	done
	for host in web1 web2; do
		start_web "$host"
		wait_for 20 "nginx on $host" listens "$host" 8443
	done
}

# health HOST: one word.
health()
{
	case $1 in
	web*) listens "$1" 8443 && echo up && return ;;
	app*) listens "$1" 8080 && echo up && return ;;
	db1) sql db1 'SELECT 1' >/dev/null 2>&1 && echo up && return ;;
	db2) replicates 2>/dev/null && echo replicates && return ;;
	*) echo - && return ;;
	esac
	echo down
}

# The processes of the lab are those in its namespaces.
lab_processes()
{
	local host
	for host in "${hosts[@]}" gateway; do
		if [[ -e /run/netns/$lab-$host ]]; then
			ip netns pids "$lab-$host"
		fi
	done
}

# Their data go with the lab, so there is nothing to say goodbye for.
processes_down()
{
	local deadline=$((SECONDS + 20)) pid left
	while :; do
		left=
		for pid in $(lab_processes); do
			if ((pid != $$ && pid != BASHPID)); then
				left=yes
				kill -KILL "$pid" 2>/dev/null || true
			fi
		done
		[[ $left ]] || return 0
		if ((SECONDS >= deadline)); then
			echo "scripts/lab: these processes do not end:" "$(lab_processes)" >&2
			return 1
		fi
		sleep 0.05
	done
}
