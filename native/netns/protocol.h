/*
 * How the daemon and barge-netns talk. src/host/linux/netns-protocol.ts is the other side.
 *
 * Descriptor 3 is a stream socket. Both directions carry frames; numbers are big-endian:
 *
 *   request   length (32 bits, of what follows), id (32 bits), operation (one byte), fields
 *   reply     length (32 bits, of what follows), id (32 bits), errno (32 bits, 0: done), text
 *
 * A field is bytes without a zero, followed by a zero. Fields by operation:
 *
 *   'O' open      path of a network namespace, UDP port, TCP port (decimal; 0: any)
 *                 Opens a UDP and a TCP socket bound to 127.0.0.11 in it; its loopback interface need not be up.
 *   'F' flush     port
 *                 Makes the host's connection tracking forget UDP flows to that port.
 *   'L' lines     lines for the host, name of a namespace, lines for that namespace
 *                 Lines of `ip -batch` with semicolons between them; links.c says which.
 *   'R' remove    names of namespaces with semicolons between them
 *
 * Requests are carried out one after the other, in their order. The text of a reply says what failed.
 *
 * Descriptor NODE_CHANNEL_FD is Node's channel for handing descriptors to a parent, and used for nothing else: Node offers no
 * other way. Before the reply to a successful 'O' leave two messages, `{"id":ID,"kind":"udp"}` with the UDP socket and
 * `{"id":ID,"kind":"tcp"}` with the TCP one. What Node writes there are acknowledgements, which are dropped.
 *
 * barge-netns ends when descriptor 3 does.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

enum { REQUEST_FD = 3, MAX_REQUEST = 65536 };
enum { OPEN = 'O', FLUSH = 'F', LINES = 'L', REMOVE = 'R' };

#endif
