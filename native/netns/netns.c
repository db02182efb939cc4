/*
 * barge-netns: works inside of network namespaces for the daemon, which cannot enter one itself: opens sockets, makes
 * links. One process does it all: one for each would cost more than what it does.
 *
 * The parent is Node, at the other end of NODE_CHANNEL_FD. A request is a line of JSON,
 *   {"id":N,"udp":PORT,"tcp":PORT,"path":"/run/netns/NAME"}
 * with port 0 for any. The answer is the two sockets, bound to 127.0.0.11, each as a line with a descriptor in the
 * form that Node's own children send handles in; or {"id":N,"error":"TEXT"}. Ends when the parent does.
 *
 * {"id":N,"flush":PORT} makes the host's connection tracking forget UDP flows to that port: they would keep going
 * where they went before the port was published. The answer is {"id":N}.
 *
 * {"id":N,"outside":"LINE;LINE","name":"NAME","inside":"LINE;LINE"} carries lines of `ip -batch` out, first those on the
 * host, then those in a named network namespace; {"id":N,"forget":"NAME;NAME"} takes names of namespaces away. Answers
 * as to a flush.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

/* Of a request; the daemon makes none that is longer. */
#define LINE_MAX_BYTES 65536

struct nfgenmsg {
	uint8_t nfgen_family;
	uint8_t version;
	uint16_t res_id;
};
#define NETLINK_NETFILTER 12
#define NFNL_SUBSYS_CTNETLINK 1
enum { IPCTNL_MSG_CT_GET = 1, IPCTNL_MSG_CT_DELETE = 2 };
enum { CTA_TUPLE_ORIG = 1, CTA_TUPLE_PROTO = 2, CTA_PROTO_NUM = 1, CTA_PROTO_DST_PORT = 3 };

static int channel;
/* Opened before any namespace is entered: it belongs to the host's. */
static int conntrack;

static void send_all(const char *text, int descriptor)
{
	struct iovec part = { (void *)text, strlen(text) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (descriptor >= 0) {
		memset(&control, 0, sizeof control);
		message.msg_control = control.space;
		message.msg_controllen = sizeof control.space;
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	}
	while (part.iov_len > 0) {
		ssize_t sent = sendmsg(channel, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			exit(0); /* the parent has gone */
		part.iov_base = (char *)part.iov_base + sent;
		part.iov_len -= (size_t)sent;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
}

static void send_error(long id, const char *action)
{
	char line[256];
	snprintf(line, sizeof line, "{\"id\":%ld,\"error\":\"%s: %s\"}\n", id, action, strerror(errno));
	send_all(line, -1);
}

/* The name server's address, whether the loopback interface is up yet or not. */
static int open_socket(int type, int port)
{
	int on = 1;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, "127.0.0.11", &address.sin_addr);
	if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) < 0 ||
	    (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int failure = errno;
		close(fd);
		errno = failure;
		return -1;
	}
	return fd;
}

static void answer(long id, const char *path, int udp_port, int tcp_port)
{
	if (enter_namespace(path) < 0) {
		send_error(id, "entering the network namespace");
		return;
	}
	int udp = open_socket(SOCK_DGRAM, udp_port);
	int tcp = udp < 0 ? -1 : open_socket(SOCK_STREAM, tcp_port);
	if (tcp < 0) send_error(id, udp < 0 ? "binding a UDP socket to 127.0.0.11" : "binding a TCP socket to 127.0.0.11");
	leave_namespace();
	if (tcp < 0) {
		if (udp >= 0) close(udp);
		return;
	}
	char line[256];
	snprintf(line, sizeof line,
	         "{\"cmd\":\"NODE_HANDLE\",\"type\":\"dgram.Socket\",\"dgramType\":\"udp4\",\"msg\":{\"id\":%ld,\"kind\":\"udp\"}}\n",
	         id);
	send_all(line, udp);
	snprintf(line, sizeof line, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":{\"id\":%ld,\"kind\":\"tcp\"}}\n", id);
	send_all(line, tcp);
	close(udp);
	close(tcp);
}

/* Attributes of netlink: `type` among `length` bytes, or NULL. */
const struct nlattr *attribute(const void *data, size_t length, int type)
{
	const char *at = data, *end = at + length;
	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *one = (const void *)at;
		if (one->nla_len < sizeof *one || one->nla_len > end - at)
			return NULL;
		if ((one->nla_type & NLA_TYPE_MASK) == type)
			return one;
		at += ALIGN4(one->nla_len);
	}
	return NULL;
}

static const struct nlattr *nested(const struct nlattr *outer, int type)
{
	return outer ? attribute(outer + 1, outer->nla_len - sizeof *outer, type) : NULL;
}

static int is_udp_to(const struct nlattr *tuple, int port)
{
	const struct nlattr *protocol = nested(tuple, CTA_TUPLE_PROTO);
	const struct nlattr *number = nested(protocol, CTA_PROTO_NUM);
	const struct nlattr *target = nested(protocol, CTA_PROTO_DST_PORT);
	uint16_t value;
	if (!number || *(const uint8_t *)(number + 1) != IPPROTO_UDP || !target)
		return 0;
	memcpy(&value, target + 1, sizeof value);
	return ntohs(value) == port;
}

struct request {
	struct nlmsghdr header;
	struct nfgenmsg family;
	char attributes[256];
};

static int send_request(int type, int flags, uint8_t family, const struct nlattr *tuple)
{
	struct request request = { .family = { .nfgen_family = family } };
	size_t length = sizeof request.header + sizeof request.family;
	if (tuple) {
		if (tuple->nla_len > sizeof request.attributes)
			return -1;
		memcpy(request.attributes, tuple, tuple->nla_len);
		length += ALIGN4(tuple->nla_len);
	}
	request.header.nlmsg_len = (uint32_t)length;
	request.header.nlmsg_type = (uint16_t)((NFNL_SUBSYS_CTNETLINK << 8) | type);
	request.header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return send(conntrack, &request, length, 0) == (ssize_t)length ? 0 : -1;
}

#define MAX_FLOWS 4096

static struct {
	uint8_t family;
	char tuple[256];
} flows[MAX_FLOWS];

/* Lists all flows, notes those to the port, deletes them after it: the kernel does one thing on a socket at a time. */
static int flush(int port)
{
	_Alignas(struct nlmsghdr) static char buffer[65536];
	int count = 0, done = 0;
	if (conntrack < 0 || send_request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC, NULL) < 0)
		return -1;
	while (!done) {
		ssize_t got = recv(conntrack, buffer, sizeof buffer, 0);
		if (got < 0)
			return -1;
		for (size_t at = 0; !done && at + sizeof(struct nlmsghdr) <= (size_t)got;) {
			const struct nlmsghdr *one = (const void *)(buffer + at);
			const size_t head = sizeof *one + sizeof(struct nfgenmsg);
			done = one->nlmsg_type == NLMSG_DONE || one->nlmsg_type == NLMSG_ERROR;
			if (done || one->nlmsg_len < head || one->nlmsg_len > (size_t)got - at)
				break;
			const struct nfgenmsg *family = (const void *)(one + 1);
			const struct nlattr *tuple = attribute(family + 1, one->nlmsg_len - head, CTA_TUPLE_ORIG);
			at += ALIGN4(one->nlmsg_len);
			if (count == MAX_FLOWS || !is_udp_to(tuple, port) || tuple->nla_len > sizeof flows[0].tuple)
				continue;
			flows[count].family = family->nfgen_family;
			memcpy(flows[count++].tuple, tuple, tuple->nla_len);
		}
	}
	for (int i = 0; i < count; i++)
		if (send_request(IPCTNL_MSG_CT_DELETE, 0, flows[i].family, (const void *)flows[i].tuple) < 0)
			return -1;
	return 0;
}

static void answer_flush(long id, int port)
{
	char line[64];
	if (flush(port) < 0) {
		send_error(id, "forgetting UDP flows");
		return;
	}
	snprintf(line, sizeof line, "{\"id\":%ld}\n", id);
	send_all(line, -1);
}

/* The text of a field, which ends the line there for all that is looked for later: fields come in a fixed order. */
static char *text_of(char **line, const char *name)
{
	char wanted[32];
	snprintf(wanted, sizeof wanted, ",\"%s\":\"", name);
	char *start = strstr(*line, wanted);
	if (!start)
		return NULL;
	start += strlen(wanted);
	char *end = strchr(start, '"');
	if (!end)
		return NULL;
	*end = '\0';
	*line = end + 1;
	return start;
}

static void answer_lines(long id, char *line)
{
	char *outside = text_of(&line, "outside"), *name = text_of(&line, "name"), *inside = text_of(&line, "inside");
	char error[512], reply[640];
	if (!outside || !name || !inside)
		return;
	if (carry_out(outside, name, inside, error, sizeof error) == 0) {
		snprintf(reply, sizeof reply, "{\"id\":%ld}\n", id);
	} else {
		for (char *c = error; *c; c++)
			if (*c == '"' || *c == '\\' || *c == '\n')
				*c = '\'';
		snprintf(reply, sizeof reply, "{\"id\":%ld,\"error\":\"%s\"}\n", id, error);
	}
	send_all(reply, -1);
}

static void answer_forget(long id, char *line)
{
	char reply[64];
	forget_namespaces(text_of(&line, "forget"));
	snprintf(reply, sizeof reply, "{\"id\":%ld}\n", id);
	send_all(reply, -1);
}

static void handle(char *line)
{
	long id;
	int udp_port, tcp_port;
	char path[1024];
	/* Whatever else comes is Node's own acknowledgements. */
	if (sscanf(line, "{\"id\":%ld,\"udp\":%d,\"tcp\":%d,\"path\":\"%1023[^\"]\"}", &id, &udp_port, &tcp_port, path) == 4)
		answer(id, path, udp_port, tcp_port);
	else if (sscanf(line, "{\"id\":%ld,\"flush\":%d}", &id, &udp_port) == 2)
		answer_flush(id, udp_port);
	else if (sscanf(line, "{\"id\":%ld,", &id) == 1 && strstr(line, ",\"outside\":\""))
		answer_lines(id, line);
	else if (sscanf(line, "{\"id\":%ld,", &id) == 1 && strstr(line, ",\"forget\":\""))
		answer_forget(id, line);
}

int main(void)
{
	const char *number = getenv("NODE_CHANNEL_FD");
	if (!number) {
		fputs("barge-netns: started by barged only\n", stderr);
		return 2;
	}
	channel = atoi(number);
	conntrack = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) & ~O_NONBLOCK);
	if (open_links() < 0) {
		perror("barge-netns: opening the network namespace that it is in");
		return 1;
	}
	static char buffer[LINE_MAX_BYTES];
	size_t used = 0;
	for (;;) {
		ssize_t got = read(channel, buffer + used, sizeof buffer - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		used += (size_t)got;
		buffer[used] = '\0';
		char *start = buffer, *end;
		while ((end = strchr(start, '\n'))) {
			*end = '\0';
			handle(start);
			start = end + 1;
		}
		used = strlen(start);
		if (used == sizeof buffer - 1)
			used = 0; /* no request is this long */
		memmove(buffer, start, used);
	}
}
