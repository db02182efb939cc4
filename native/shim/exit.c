/* The end: reaping the process, recording and reporting its exit code, and the runtime's clean-up. */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOST_EXIT_CODE = 255, NOTIFY_PATIENCE_MS = 200 };

int child_signals = -1;
int exited;
long long exited_at;
static int exit_code, notified;

void reap(void) {
    struct signalfd_siginfo info;
    while (read(child_signals, &info, sizeof info) > 0) continue;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != container || exited) continue;
        exited = 1;
        exited_at = now();
        exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (pid < 0 && errno == ECHILD && !exited) {   /* a runtime reaped the process, and its code is lost */
        exited = 1;
        exited_at = now();
        exit_code = LOST_EXIT_CODE;
    }
}

static int oom_kills(void) {
    char text[1024];
    const char *line = options.oom && read_text(options.oom, text, sizeof text) ? strstr(text, "oom_kill ") : NULL;
    return line ? atoi(line + 9) : 0;
}

/* Writes the exit record, for a daemon that is not connected, and reports the exit on the control connections. */
static void notify(void) {
    char temporary[4096], path[4096], line[96];
    snprintf(temporary, sizeof temporary, "%s/exit.tmp", options.dir);
    snprintf(path, sizeof path, "%s/exit", options.dir);
    int n = snprintf(line, sizeof line, "exit %d %lld %d\n", exit_code, exited_at, oom_kills());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, line + 5, (size_t)n - 5) == n - 5) rename(temporary, path);
    if (fd >= 0) close(fd);
    tell(line);
    notified = 1;
    if (output_fd[0] < 0 && output_fd[1] < 0 && chunk_length == 0) hang_up(ATTACH);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), stdio[3] = {null, null, null};
    if (!options.delete) return;
    run(options.delete, stdio, -1, 0);
    remove_own_cgroup();
}

int finished(void) {
    if (!exited) return 0;
    int drained = output_fd[0] < 0 && output_fd[1] < 0;
    long long waited = now() - exited_at;
    if (!notified && ((drained && chunk_length == 0) || waited > NOTIFY_PATIENCE_MS * 1000000LL)) notify();
    return drained && chunk_length == 0;
}
