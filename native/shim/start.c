/* The start: the runtime is executed to its end, and leaves the container's process as a child of the shim. */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t container;

/*
 * Executes the runtime. Crun is executed off a read-only mount of nothing but its file, and learns that from a variable of its
 * own. It then need not start a second time, from such a mount of its own making, to protect itself from being written to
 * through the container's /proc. Other runtimes cannot use the mount: runc would copy itself into memory instead.
 */
static void execute(char **argv) {
    /* As in linux/mount.h, which musl does not bring. */
    const struct {
        uint64_t set, clear, propagation, userns;
    } read_only = {1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
    const int clone = 1 /* OPEN_TREE_CLONE */, open_tree = 428, mount_setattr = 442;
    int file = options.off_mount ? (int)syscall(open_tree, AT_FDCWD, argv[0], clone | O_CLOEXEC) : -1;
    if (file >= 0 && syscall(mount_setattr, file, "", AT_EMPTY_PATH, &read_only, sizeof read_only) == 0) {
        setenv("_LIBCONTAINER_CLONED_BINARY", "1", 1);
        syscall(SYS_execveat, file, "", argv, environ, AT_EMPTY_PATH);
        unsetenv("_LIBCONTAINER_CLONED_BINARY");
    }
    execvp(argv[0], argv);
}

/* --- what the OOM killer thinks of us and of the container --- */

#define OOM_SCORE "/proc/self/oom_score_adj"

/* The score that the shim was started with; empty when the container gets another one, or the shim has kept this one. */
static char inherited_score[8];

static int set_score(const char *score) {
    int fd = open(OOM_SCORE, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, score, strlen(score));
    if (fd >= 0) close(fd);
    return n < 0 ? -1 : 0;
}

/* Without CAP_SYS_RESOURCE the kernel refuses a lower one: then the shim stays as likely a victim as the daemon. */
void set_own_score(void) {
    if (!options.oom_score) read_text(OOM_SCORE, inherited_score, sizeof inherited_score);
    if (set_score(options.own_oom_score) < 0) inherited_score[0] = 0;
}

/* Nothing of the container may inherit what protects the shim. */
static void set_container_score(void) {
    if (options.oom_score && set_score(options.oom_score) == 0) return;
    if (*inherited_score) set_score(inherited_score);
}

/* A runtime that starts the container runs in the container's cgroup and with its OOM score. */
int run(char **argv, const int stdio[3], int cgroup, int starts) {
    pid_t pid = cgroup < 0 ? fork() : fork_into(cgroup);
    if (pid < 0) die("starting", argv[0]);
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        for (int s = 1; s < 32; s++) signal(s, SIG_DFL);
        for (int i = 0; i < 3; i++) dup2(stdio[i], i);
        if (starts) set_container_score();
        execute(argv);
        _exit(127);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Waits for helpers of the runtime that are about to end. The host's process 1 may take seconds to reap them, and until it
 * does they keep the container's pid namespace from ending.
 */
void reap_stragglers(void) {
    for (int i = 0; i < 100 && waitpid(-1, NULL, WNOHANG) >= 0; i++) usleep(500);
}

static void read_pid(void) {
    char path[4096], text[32];
    snprintf(path, sizeof path, "%s/pid", options.dir);
    if (!read_text(path, text, sizeof text) || (container = atoi(text)) <= 0) die("reading the process id in", path);
}

static int receive_terminal(int from) {
    int fd = accept4(from, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return -1;
    char byte[256];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {byte, sizeof byte};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    int master = -1;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) >= 0) {
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        if (c && c->cmsg_type == SCM_RIGHTS) memcpy(&master, CMSG_DATA(c), sizeof master);
    }
    close(fd);
    return master;
}

void start(void) {
    char console[4096];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), consoles = -1;
    int theirs[3] = {null, null, null}, pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    if (options.tty) {
        snprintf(console, sizeof console, "%s/console", options.dir);
        consoles = listen_at(console);
        fcntl(consoles, F_SETFL, 0);
    } else {
        for (int i = options.keep_stdin ? 0 : 1; i < 3; i++) {
            if (pipe2(pipes[i], O_CLOEXEC) < 0) die("making a pipe", NULL);
            theirs[i] = pipes[i][i == 0 ? 0 : 1];
        }
    }
    int code = run(options.run, theirs, cgroup_fd, 1);
    if (cgroup_fd >= 0) close(cgroup_fd);
    if (code != 0) {
        char line[64];
        snprintf(line, sizeof line, "failed %d\n", code);
        tell(line);
        reap_stragglers();
        if (options.delete) remove_own_cgroup();
        exit(1);
    }
    read_pid();
    close(null);
    if (options.tty) {
        int master = receive_terminal(consoles);
        if (master < 0) die("receiving the terminal at", console);
        close(consoles);
        unlink(console);
        fcntl(master, F_SETFL, O_NONBLOCK | O_RDWR);
        input_fd = output_fd[0] = master;
        if (options.rows) resize(options.rows, options.cols);
    } else {
        for (int i = 0; i < 3; i++) {
            if (theirs[i] != null) close(theirs[i]);
            int ours = pipes[i][i == 0 ? 1 : 0];
            if (ours >= 0) fcntl(ours, F_SETFL, O_NONBLOCK | (i == 0 ? O_WRONLY : O_RDONLY));
            if (i == 0) input_fd = ours;
            else output_fd[i - 1] = ours;
        }
    }
    char line[64];
    snprintf(line, sizeof line, "pid %d users %d\n", (int)container, (int)getpid());
    tell(line);
}
