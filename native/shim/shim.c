/*
 * barge-shim: one small process per container (and per exec). It outlives the daemon, owns the container's
 * standard streams, appends its log, and records its exit code.
 *
 * usage: barge-shim OPTION... -- RUNTIME ARG... [-- RUNTIME DELETE-ARG...]
 *   --dir DIR           working directory: `sock` (listening), `exit` (exit record), `pid`, `console` live here
 *   --mount OPTIONS     overlay mount options; relative lower directories are looked up in --layers
 *   --layers DIR        directory that relative lowerdir names start from
 *   --target DIR        where the overlay is mounted, in a mount namespace of the shim's own
 *   --also OPTIONS --at DIR      a further overlay, mounted in the same namespace; may be repeated
 *   --below DIR --path P --on NAME   P, resolved below DIR so that no link leaves it, is mounted at NAME, which is created
 *   --over FILE --as NAME     FILE is mounted over the file NAME in the last --below, which is created when it is missing; a
 *                       link of that name is left alone. --over-read-only: no file is created, and FILE is read-only
 *   --cgroup DIR        the cgroup of the v2 hierarchy of a hybrid host that the runtime starts in, and so the container;
 *                       removed after RUNTIME DELETE-ARG...
 *   --oom-score N       the oom_score_adj that the runtime starts with, and so the container; without it, or where it is refused,
 *                       the one that the shim was started with
 *   --own-oom-score N   the oom_score_adj of the shim itself; left out where it is refused
 *   --user QUESTION     the shim looks up a user in the mounted root file system and reports it (`user ANSWER`, both as in
 *                       user.h); the runtime waits for `go`
 *   --hide DIR          a mount that the runtime must not see (the v2 hierarchy of a hybrid cgroup host)
 *   --off-mount         the runtime is crun, to be executed off a read-only mount of its file
 *   --log FILE --log-size BYTES --log-files N    the log record and its rotation (without --log there is none)
 *   --oom FILE          the cgroup's count of processes killed for want of memory, read when the process ends
 *   --tty [--rows N --cols N]    the container has a terminal
 *   --stdin [--stdin-once]       standard input stays open [until the first reader of it goes]
 *   --attach N          descriptors 4 .. 3+N are attach connections, each beginning with its hello
 *
 * shim.h describes the protocol of its connections, the format of its log, and what each file is for. In the order of a life:
 * options.c, mounts.c, cgroup.c, start.c, connections.c, streams.c, log.c, exit.c.
 */
#include "shim.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener = -1;

static short interest(const struct connection *c) {
    if (c->kind != ATTACH) return POLLIN;
    short events = chunk_length > 0 && c->sent < chunk_length ? POLLOUT : 0;
    int input_full = (c->flags & WANT_STDIN) && input_fd >= 0 && input_length > 0;
    return (short)(events | (c->input_ended || input_full ? 0 : POLLIN));
}

static void serve_connection(struct connection *c, short events) {
    if (c->kind == HELLO) read_hello(c, MSG_DONTWAIT);
    else if (c->kind == CONTROL) read_control(c);
    else if (events & POLLIN) read_attached(c, events);
    else if (events & (POLLHUP | POLLERR)) drop(c);
}

static void turn(void) {
    struct pollfd polls[MAX_CONNECTIONS + 5];
    struct connection *owners[MAX_CONNECTIONS + 5] = {0};
    nfds_t n = 0;
    polls[n++] = (struct pollfd){.fd = child_signals, .events = POLLIN};
    polls[n++] = (struct pollfd){.fd = listener, .events = POLLIN};
    polls[n++] = (struct pollfd){.fd = input_length > 0 ? input_fd : -1, .events = POLLOUT};
    for (int i = 0; i < 2; i++) polls[n++] = (struct pollfd){.fd = chunk_length == 0 ? output_fd[i] : -1, .events = POLLIN};
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind == FREE) continue;
        owners[n] = c;
        polls[n++] = (struct pollfd){.fd = c->fd, .events = interest(c)};
    }
    if (poll(polls, n, exited ? 10 : -1) < 0 && errno != EINTR) die("polling", NULL);
    if (polls[0].revents) reap();
    if (polls[1].revents) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) adopt(fd, HELLO);
    }
    if (polls[2].revents) write_input();
    for (nfds_t i = 5; i < n; i++)
        if (polls[i].revents && owners[i]->kind != FREE) serve_connection(owners[i], polls[i].revents);
    if (chunk_length > 0) deliver_all();
    for (int i = 0; i < 2; i++)
        if (chunk_length == 0 && output_fd[i] >= 0 && (polls[3 + i].revents || exited)) read_output(i);
}

/* Making ready takes more of the stack than serving does: what lies below goes back to the kernel. */
static __attribute__((noinline)) void give_stack_back(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), much = 64 << 10, in_use = 512;
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - in_use) / page * page;
    madvise((void *)(end - much), much, MADV_DONTNEED);
}

static __attribute__((noinline)) void make_ready(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (options.own_oom_score) set_own_score();
    for (size_t i = 0; i < 4; i++) signal((int[]){SIGPIPE, SIGHUP, SIGINT, SIGTERM}[i], SIG_IGN);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    child_signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child_signals < 0) die("watching for exits", NULL);

    adopt(CONTROL_FD, CONTROL);
    char path[4096];
    snprintf(path, sizeof path, "%s/sock", options.dir);
    listener = listen_at(path);
    for (int i = 0; i < options.attach; i++) {
        struct connection *c = adopt(FIRST_ATTACH_FD + i, HELLO);
        while (c && c->kind == HELLO) read_hello(c, 0);
    }
    if (options.cgroup) open_cgroup();
    mount_rootfs();
    if (options.user) settle_user();
    if (options.log) open_log();
    start();
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: barge-shim OPTION... -- RUNTIME ARG... [-- RUNTIME DELETE-ARG...]\n");
        return 2;
    }
    room = mmap(NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) {
        fprintf(stderr, "barge-shim: no memory\n");
        return 1;
    }
    parse_options(argc, argv);
    make_ready();
    give_stack_back();
    while (!finished()) turn();
    hang_up(FREE);
    reap_stragglers();
    return 0;
}
