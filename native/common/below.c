/* Opening what others may change at any time: see below.h. */
#define _GNU_SOURCE
#include "below.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 64 };

int open_path(int at, const char *path, int flags, uint64_t resolve) {
    const struct {
        uint64_t flags, mode, resolve;
    } how = {
        (uint64_t)(flags | O_PATH | O_CLOEXEC),
        0,
        resolve | NO_MAGICLINKS,
    };
    int fd = -1;
    for (int i = 0; i < TRIES; i++) {
        fd = (int)syscall(SYS_openat2, at, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN) break;
    }
    return fd;
}

struct fd_path path_of_fd(int fd) {
    struct fd_path path;
    snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
    return path;
}

static int proc = -1;

int prepare_reopening(void) {
    proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return proc;
}

int reopen_regular(int fd, int flags) {
    struct stat s;
    if (fstat(fd, &s) < 0) return -1;
    if (!S_ISREG(s.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    struct fd_path path = path_of_fd(fd);
    /* Of a path from the root, openat takes no notice of the directory. */
    const char *from = proc < 0 ? path.text : path.text + sizeof "/proc";
    return openat(proc, from, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int open_regular(int at, const char *path, int flags, uint64_t resolve) {
    int found = open_path(at, path, flags, resolve);
    if (found < 0) return -1;
    int fd = reopen_regular(found, O_RDONLY), reason = errno;
    close(found);
    errno = reason;
    return fd;
}
