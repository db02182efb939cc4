/*
 * barge-init: process 1 of a container that was made with --init. Starts the command, passes signals on to it,
 * reaps what is orphaned, and ends as the command does.
 *
 * usage: barge-init -- COMMAND ARG...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become(char **command, const sigset_t *before) {
    setpgid(0, 0);
    /* On a terminal the command is the foreground group, or it would be stopped when it reads. */
    sigset_t tty;
    sigemptyset(&tty);
    sigaddset(&tty, SIGTTOU);
    sigprocmask(SIG_BLOCK, &tty, NULL);
    tcsetpgrp(0, getpgrp());
    sigprocmask(SIG_SETMASK, before, NULL);
    execvp(command[0], command);
    int code = errno == ENOENT ? 127 : 126;
    fprintf(stderr, "barge-init: %s: %s\n", command[0], strerror(errno));
    _exit(code);
}

/* Reaps all that ended. The command's exit code, or -1 while it runs. */
static int reap(pid_t command) {
    int status, code = -1;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == command) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code;
}

int main(int argc, char **argv) {
    if (argc < 3 || strcmp(argv[1], "--") != 0) {
        fprintf(stderr, "usage: barge-init -- COMMAND ARG...\n");
        return 125;
    }
    sigset_t all, before;
    sigfillset(&all);
    for (size_t i = 0; i < 5; i++) sigdelset(&all, (int[]){SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}[i]);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t command = fork();
    if (command < 0) {
        perror("barge-init: fork");
        return 125;
    }
    if (command == 0) become(argv + 2, &before);
    for (;;) {
        int received;
        if (sigwait(&all, &received) != 0) continue;
        if (received != SIGCHLD) {
            kill(command, received);
            continue;
        }
        int code = reap(command);
        if (code >= 0) return code;
    }
}
