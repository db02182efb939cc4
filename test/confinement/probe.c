/*
 * Makes the system calls that a container may not, each in a process of its own, and prints a line for each: its name
 * and the outcome, `ok` or the number of the error. Where a call would harm the host if it were let through, one of
 * its arguments is wrong, so that only who refuses it shows: the filter (EPERM) or the kernel (anything else).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESS_KEYRING = -2, WRONG = -1 };

static void outcome(const char *name, long result) {
    if (result < 0) printf("%s %d\n", name, errno);
    else printf("%s ok\n", name);
    fflush(stdout);
}

/* In a child: a call that is let through may change the process. */
#define TRY(name, call) do { \
    pid_t child_ = fork(); \
    if (child_ == 0) { outcome(name, (long)(call)); _exit(0); } \
    waitpid(child_, NULL, 0); \
} while (0)

static long clone_with(unsigned long flags) {
    long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) _exit(0);
    return pid;
}

static long clone3_plain(void) {
    uint64_t how[8] = {0};
    how[4] = SIGCHLD;
    long pid = syscall(435, how, sizeof how);
    if (pid == 0) _exit(0);
    return pid;
}

int main(void) {
    static const struct { const char *name; unsigned long flag; } namespaces[] = {
        {"mount", CLONE_NEWNS}, {"cgroup", CLONE_NEWCGROUP}, {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC},
        {"user", CLONE_NEWUSER}, {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
    };
    char name[64];
    for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
        snprintf(name, sizeof name, "unshare-%s", namespaces[i].name);
        TRY(name, unshare((int)namespaces[i].flag));
        snprintf(name, sizeof name, "clone-%s", namespaces[i].name);
        TRY(name, clone_with(namespaces[i].flag));
    }
    TRY("clone-user-mount", clone_with(CLONE_NEWUSER | CLONE_NEWNS));
    TRY("clone3", clone3_plain());
    TRY("setns", syscall(SYS_setns, WRONG, 0));

    TRY("mount", syscall(SYS_mount, "none", "/missing", "tmpfs", 0, NULL));
    TRY("umount2", syscall(SYS_umount2, "/missing", 0));
    TRY("pivot_root", syscall(SYS_pivot_root, "/missing", "/missing"));
    TRY("open_tree", syscall(428, WRONG, "missing", 0));
    TRY("move_mount", syscall(429, WRONG, "missing", WRONG, "missing", 0));
    TRY("fsopen", syscall(430, "missing", 0));
    TRY("fsconfig", syscall(431, WRONG, 0, NULL, NULL, 0));
    TRY("fsmount", syscall(432, WRONG, 0, 0));
    TRY("fspick", syscall(433, WRONG, "missing", 0));
    TRY("mount_setattr", syscall(442, WRONG, "missing", 0, NULL, 0));
    TRY("swapon", syscall(SYS_swapon, "/missing", 0));
    TRY("quotactl", syscall(SYS_quotactl, WRONG, "/missing", 0, NULL));
    TRY("open_by_handle_at", syscall(SYS_open_by_handle_at, WRONG, NULL, 0));

    TRY("keyctl", syscall(SYS_keyctl, 0, PROCESS_KEYRING, 0, 0, 0));
    TRY("add_key", syscall(SYS_add_key, "user", "barge-probe", "x", 1, PROCESS_KEYRING));
    TRY("request_key", syscall(SYS_request_key, "user", "barge-probe", NULL, PROCESS_KEYRING));

    TRY("pidfd_getfd", syscall(438, syscall(434, getpid(), 0), 0, 0));
    TRY("kcmp", syscall(SYS_kcmp, getpid(), getpid(), 99, 0, 0));
    TRY("process_madvise", syscall(440, WRONG, NULL, 0, 0, 0));

    TRY("syslog", syscall(SYS_syslog, 99, NULL, 0));
    TRY("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    TRY("acct", syscall(SYS_acct, "/missing"));
    TRY("init_module", syscall(SYS_init_module, NULL, 0, NULL));
    TRY("finit_module", syscall(SYS_finit_module, WRONG, "", 0));
    TRY("delete_module", syscall(SYS_delete_module, "barge-missing", O_NONBLOCK));
    TRY("kexec_load", syscall(SYS_kexec_load, 0, 99, NULL, 0xffff0000UL));
    TRY("settimeofday", syscall(SYS_settimeofday, NULL, (void *)1));
    TRY("sethostname", syscall(SYS_sethostname, "x", WRONG));
    TRY("setdomainname", syscall(SYS_setdomainname, "x", WRONG));
    TRY("vhangup", syscall(SYS_vhangup));
#ifdef SYS_iopl
    TRY("iopl", syscall(SYS_iopl, 99));
    TRY("ioperm", syscall(SYS_ioperm, 0, 0, 0));
#endif

    TRY("get_mempolicy", syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0));
    TRY("set_mempolicy", syscall(SYS_set_mempolicy, 0, NULL, 0));
    TRY("mbind", syscall(SYS_mbind, 0, 0, 0, NULL, 0, 0));

    TRY("bpf", syscall(SYS_bpf, 99, NULL, 0));
    TRY("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, WRONG, WRONG, 0));
    TRY("fanotify_init", syscall(SYS_fanotify_init, 0xffffffff, 0));
    TRY("userfaultfd", syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
    TRY("io_uring_setup", syscall(425, 0, NULL));
    TRY("personality", syscall(SYS_personality, 0x0040000 /* ADDR_NO_RANDOMIZE */));

    TRY("socket-alg", socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0));
    TRY("socket-vsock", socket(40 /* AF_VSOCK */, SOCK_STREAM, 0));

    TRY("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0));
    TRY("clone-plain", clone_with(0));
    TRY("personality-ask", syscall(SYS_personality, 0xffffffff));
    return 0;
}
