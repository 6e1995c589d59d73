# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Verified HTTPS requests from the lab's client, spread over its addresses, each on a
# connection of its own.

# requests COUNT [4|6|both]: one line for each request on stdout,
#   STATUS CURL-EXIT CLIENT-ADDRESS CLIENT-PORT CONNECTIONS WEB APP
# A good one has STATUS 200, CURL-EXIT 0 (the certificate was verified) and CONNECTIONS 1.
requests()
{
	local count=$1 family=${2:-4} share rest workers=1 parallel=32 n pids=() pid results
	results=$(mktemp -d "$run/client/requests.XXXXXX")
	for ((n = 0; n < workers; n++)); do
		share=$((count / workers)) rest=$((count % workers))
		((n >= rest)) || share=$((share + 1))
		((share > 0)) || continue
		request_list "$share" "$family" "$n" |
			in_host client curl --parallel --parallel-immediate --parallel-max $parallel \
				--no-progress-meter --config - \
				>"$results/$n" 2>>"$run/client/curl.log" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || true # each line says how its request went
	done
	cat "$results"/*
	rm -r "$results"
}

# As curl's options.  The body is thrown away; who answered stands in the headers.
request_list()
{
	awk -v count="$1" -v family="$2" -v worker="$3" \
		-v first=$client_first -v last=$client_last \
		-v www4="${service4[www]}" -v www6="${service6[www]}" \
		-v ca="$run/certificates/ca.crt" 'BEGIN {
		for (i = 0; i < count; i++) {
			host = first + (i * 2 + worker) % (last - first + 1)
			v6 = family == "6" || family == "both" && int(i / 25) % 2
			if (i > 0)
				print "next"
			print "url = https://www.foobar.com/" worker "/" i
			print "resolve = www.foobar.com:443:" (v6 ? "[" www6 "]" : www4)
			print "interface = " (v6 ? "2001:db8:100::" host : "198.51.100." host)
			print "cacert = " ca
			print "header = \"Connection: close\""
			print "http1.1"
			print "output = /dev/null"
			print "connect-timeout = 15"
			print "max-time = 30"
			print "write-out = \"%{http_code} %{exitcode} %{local_ip} %{local_port}" \
				" %{num_connects} %header{x-web} %header{x-app}\\n\""
		}
	}'
}
