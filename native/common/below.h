/*
 * Opening what others may change at any time: the one way in which Barge's programs find a path below a root that a
 * container, or whoever else can write there, has filled.
 */
#ifndef BARGE_BELOW_H
#define BARGE_BELOW_H
#include <stdint.h>
#include <sys/types.h>

/* As in linux/openat2.h, which musl does not bring. */
enum { NO_XDEV = 0x01, NO_MAGICLINKS = 0x02, BENEATH = 0x08, IN_ROOT = 0x10 };

/*
 * Opens `path` (O_PATH, with `flags` besides) by openat2 as `resolve` says, never through a link of /proc. The kernel may
 * ask to try again when something on the way was renamed; whoever renames for ever gets EAGAIN.
 * @returns -1 with errno; of BENEATH, EXDEV where the path leads out.
 */
int open_path(int at, const char *path, int flags, uint64_t resolve);

/*
 * Opens a regular file for reading, and nothing else: what the name means is looked at before it is opened, so no fifo is
 * waited for and no device is touched, and a lease on it is not waited for either. `flags` as for open_path.
 * @returns -1 with errno; EINVAL for what is not a regular file.
 */
int open_regular(int at, const char *path, int flags, uint64_t resolve);

/* The same for what is open (O_PATH) already; `flags` are open(2)'s. */
int reopen_regular(int fd, int flags);

/* To be called by who changes the root afterwards: reopening goes through the host’s /proc. @returns -1 with errno. */
int prepare_reopening(void);

/* `fd` as a path of the process itself, for calls that take no descriptor. */
struct fd_path {
    char text[40];
};
struct fd_path path_of_fd(int fd);

#endif
