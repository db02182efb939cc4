/* The cgroup of a hybrid host's v2 hierarchy: entered by the first process of the container, removed after the last. */
#include "shim.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The directory given as --cgroup and the one it is in, opened before the mount they are on may be hidden. */
int cgroup_fd = -1;
static int cgroup_parent = -1;

void open_cgroup(void) {
    char parent[4096];
    snprintf(parent, sizeof parent, "%s", options.cgroup);
    *strrchr(parent, '/') = 0;
    cgroup_parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup_fd = open(options.cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroup_fd < 0 || cgroup_parent < 0) die("opening the cgroup", options.cgroup);
}

/* Removes a cgroup and those below it. Processes that are just ending keep it busy for a moment. */
static void remove_cgroup(int parent, const char *name, int depth) {
    for (int i = 0; i < 50; i++) {
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY) return;
        int fd = depth < 64 ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent *e; d && (e = readdir(d));)
            if (e->d_type == DT_DIR && e->d_name[0] != '.') remove_cgroup(fd, e->d_name, depth + 1);
        if (d) closedir(d);
        else if (fd >= 0) close(fd);
        usleep(1000);
    }
}

/* As fork, with the child in the cgroup from its first moment: no process of the container was ever outside. */
pid_t fork_into(int cgroup) {
    /* As in linux/sched.h, which musl does not bring. */
    const uint64_t into_cgroup = 0x200000000;
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
    } how = {.flags = into_cgroup, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup};
    return (pid_t)syscall(435 /* clone3 */, &how, sizeof how);
}

void remove_own_cgroup(void) {
    if (options.cgroup) remove_cgroup(cgroup_parent, strrchr(options.cgroup, '/') + 1, 0);
}
