#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The application of the lab: every request writes one row and reads it back through
the database service, and is answered in JSON.  Over IPv6 it asks the database over
IPv6.  Connections to the database are kept; those to clients are not."""

import argparse
import json
import os
import queue
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pymysql

CONNECTIONS = 16  # to the database, at most, for each protocol


class Database:
    """A few kept connections, shared by all threads."""

    def __init__(self, address, password):
        self.address = address
        self.password = password
        self.idle = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self.idle.put(None)  # not connected yet

    def connect(self):
        return pymysql.connect(
            host=self.address,
            user="app",
            password=self.password,
            database="shop",
            autocommit=True,
            connect_timeout=5,
            read_timeout=10,
            write_timeout=10,
        )

    @staticmethod
    def visit(connection, host, client):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO visits (host, client) VALUES (%s, %s)", (host, client))
            row = cursor.lastrowid
            cursor.execute("SELECT id, host, @@server_id FROM visits WHERE id = %s", (row,))
            return cursor.fetchone()

    def ask(self, host, client):
        """Visits once; a kept connection that has died meanwhile is opened anew."""
        connection = self.idle.get(timeout=20)
        try:
            if connection is not None:
                try:
                    return self.visit(connection, host, client)
                except (pymysql.err.OperationalError, pymysql.err.InterfaceError):
                    connection = None
            connection = self.connect()
            return self.visit(connection, host, client)
        except BaseException:
            connection = None
            raise
        finally:
            self.idle.put(connection)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        client = self.headers.get("X-Forwarded-For", self.client_address[0])
        try:
            row, host, database = self.server.database.ask(self.server.host, client)
            status, answer = 200, {
                "app": host,
                "row": row,
                "database": database,
                "client": client,
                "peer": self.client_address[0],
            }
        except (pymysql.err.MySQLError, queue.Empty, OSError) as error:
            status, answer = 503, {"app": self.server.host, "error": str(error)}
        body = (json.dumps(answer) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-App", self.server.host)
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return self.client_address[0]

    def log_request(self, code="-", size="-"):
        line = f"{self.client_address[0]} {self.client_address[1]} {code} {self.path}\n"
        os.write(self.server.log, line.encode())

    def log_error(self, format, *args):  # a connection without a request: no request to log
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 4096

    def __init__(self, host, address, database, log):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.host, self.database, self.log = host, database, log
        super().__init__((address, 8080), Handler)

    def server_bind(self):  # HTTPServer's would ask the name service for our name
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--listen", nargs=2, required=True, metavar="ADDRESS")
    parser.add_argument("--database", nargs=2, required=True, metavar="ADDRESS")
    words = parser.parse_args()
    with open(words.password_file, encoding="ascii") as file:
        password = file.read().strip()
    log = os.open(words.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    servers = [
        Server(words.host, address, Database(database, password), log)
        for address, database in zip(words.listen, words.database)
    ]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
