#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sends frames into a node and says of each whether it came to the node's counter.

    import.py NODE-NAMESPACE PEER-NAMESPACE
"""
import ctypes
import itertools
import json
import os
import socket
import struct
import subprocess
import sys
import time

NODE4, NODE6 = '203.0.113.1', '2001:db8:f::1'
SOURCES4 = ['198.51.100.7', '198.51.100.200', '192.0.2.9', '192.0.2.30', '10.66.0.1', '10.77.0.1']
SOURCES6 = ['2001:db8:10::7', '2001:db8:20::7']
TCP_PORTS = [22, 25, 53, 69, 443, 2049, 8000, 8100, 8101, 8443, 1024]
UDP_PORTS = [53, 5000, 5060, 5100, 6000, 9999]
SYN, FIN, ACK = 2, 1, 16


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4(source, protocol, payload, ttl=64, dscp=0):
    def header(check):
        return struct.pack('!BBHHHBBH4s4s', 0x45, dscp << 2, 20 + len(payload), 1, 0x4000, ttl,
                           protocol, check, socket.inet_aton(source), socket.inet_aton(NODE4))
    return b'\x08\0' + header(checksum(header(0))) + payload


def ip6(source, protocol, payload):
    return b'\x86\xdd' + struct.pack('!IHBB', 6 << 28, len(payload), protocol, 64) + \
        socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, NODE6) + \
        payload


def pseudo(source, protocol, length):
    if ':' in source:
        return socket.inet_pton(socket.AF_INET6, source) + \
            socket.inet_pton(socket.AF_INET6, NODE6) + struct.pack('!II', length, protocol)
    return socket.inet_aton(source) + socket.inet_aton(NODE4) + \
        struct.pack('!BBH', 0, protocol, length)


def tcp(source, sport, dport, flags):
    def segment(check):
        return struct.pack('!HHIIBBHHH', sport, dport, 1, 0, 5 << 4, flags, 1000, check, 0)
    return segment(checksum(pseudo(source, 6, 20) + segment(0)))


def udp(source, sport, dport, size):
    def datagram(check):
        return struct.pack('!HHHH', sport, dport, 8 + size, check) + b'x' * size
    return datagram(checksum(pseudo(source, 17, 8 + size) + datagram(0)))


def icmp(kind):
    def message(check):
        return struct.pack('!BBHHH', kind, 0, check, 7, 1) + b'ping'
    return message(checksum(message(0)))


def icmp6(source, kind):
    def message(check):
        return struct.pack('!BBHHH', kind, 0, check, 7, 1) + b'ping'
    return message(checksum(pseudo(source, 58, 12) + message(0)))


def probes():
    """(what it is, all behind the Ethernet addresses), each of a flow of its own."""
    ports = itertools.count(30000)
    for source, port in itertools.product(SOURCES4, TCP_PORTS):
        yield f'tcp {source} {port}', ip4(source, 6, tcp(source, next(ports), port, SYN))
    for source, port in itertools.product(SOURCES4, UDP_PORTS):
        yield f'udp {source} {port}', ip4(source, 17, udp(source, next(ports), port, 4))
    source = '192.0.2.30'
    yield 'tcp fin,syn', ip4('10.77.0.1', 6, tcp('10.77.0.1', next(ports), 443, SYN | FIN))
    yield 'tcp from port 20', ip4(source, 6, tcp(source, 20, 5555, SYN))
    yield 'udp, ttl 4', ip4(source, 17, udp(source, next(ports), 5000, 4), ttl=4)
    yield 'udp, 60 bytes', ip4(source, 17, udp(source, next(ports), 5001, 32))
    yield 'udp, 61 bytes', ip4(source, 17, udp(source, next(ports), 5001, 33))
    yield 'udp, ef', ip4(source, 17, udp(source, next(ports), 6000, 4), dscp=46)
    yield 'icmp echo-request', ip4(source, 1, icmp(8))
    yield 'icmp timestamp-request', ip4(source, 1, icmp(13))
    yield 'gre', ip4(source, 47, b'\0\0\x08\0' + b'x' * 20)
    for source, port in itertools.product(SOURCES6, TCP_PORTS):
        yield f'tcp {source} {port}', ip6(source, 6, tcp(source, next(ports), port, SYN))
    yield 'icmp6 echo-request', ip6(SOURCES6[0], 58, icmp6(SOURCES6[0], 128))


def came(node):
    said = subprocess.run(['nsenter', '--net=' + node, '--', 'nft', '-j', 'list', 'counter', 'inet',
                           'seen', 'came'], check=True, capture_output=True).stdout
    return json.loads(said)['nftables'][1]['counter']['packets']


def main():
    node, peer = sys.argv[1:]
    namespace = os.open(peer, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(namespace, 0):
        sys.exit('setns: ' + os.strerror(ctypes.get_errno()))
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind(('eth0', 0))
    before = came(node)
    for what, packet in probes():
        sender.send(b'\x02\0\0\0\0\x01\x02\0\0\0\0\x02' + packet)
        time.sleep(0.002)
        after = came(node)
        print(what, 'accept' if after > before else 'refuse')
        before = after


main()
