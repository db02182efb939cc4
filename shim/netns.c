/*
 * barge-netns: opens sockets inside of network namespaces for the daemon, which cannot enter one itself.
 *
 * The parent is Node, at the other end of NODE_CHANNEL_FD. A request is a line of JSON,
 *   {"id":N,"udp":PORT,"tcp":PORT,"path":"/run/netns/NAME"}
 * with port 0 for any. The answer is the two sockets, bound to 127.0.0.11, each as a line with a descriptor in the
 * form that Node's own children send handles in; or {"id":N,"error":"TEXT"}. Ends when the parent does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static int channel;

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
	int namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0) {
		send_error(id, "opening the network namespace");
		return;
	}
	int entered = setns(namespace, CLONE_NEWNET);
	close(namespace);
	if (entered < 0) {
		send_error(id, "entering the network namespace");
		return;
	}
	int udp = open_socket(SOCK_DGRAM, udp_port);
	if (udp < 0) {
		send_error(id, "binding a UDP socket to 127.0.0.11");
		return;
	}
	int tcp = open_socket(SOCK_STREAM, tcp_port);
	if (tcp < 0) {
		send_error(id, "binding a TCP socket to 127.0.0.11");
		close(udp);
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

static void handle(char *line)
{
	long id;
	int udp_port, tcp_port;
	char path[1024];
	/* Whatever else comes is Node's own acknowledgements. */
	if (sscanf(line, "{\"id\":%ld,\"udp\":%d,\"tcp\":%d,\"path\":\"%1023[^\"]\"}", &id, &udp_port, &tcp_port, path) == 4)
		answer(id, path, udp_port, tcp_port);
}

int main(void)
{
	const char *number = getenv("NODE_CHANNEL_FD");
	if (!number) {
		fputs("barge-netns: started by barged only\n", stderr);
		return 2;
	}
	channel = atoi(number);
	fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) & ~O_NONBLOCK);
	char buffer[LINE_MAX_BYTES];
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
