/*
 * The root file system, mounted in a mount namespace of the shim's own. It is gone when the shim and its children are.
 */
#include "shim.h"
#include "below.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The mount that holds `path` becomes private in our namespace, so that nothing mounted under it shows outside. Asked
 * from the path upwards, not looked for in mountinfo, which is as long as there are containers.
 */
static void make_private(const char *path) {
    char at[PATH_MAX];
    if (!realpath(path, at)) die("looking for the mount of", path);
    while (mount(NULL, at, NULL, MS_PRIVATE, NULL) < 0) {
        char *slash = strrchr(at, '/');
        if (errno != EINVAL || at[1] == 0) die("making private the mount", at);
        slash[slash == at] = 0;   /* EINVAL: nothing is mounted there */
    }
}

static void mount_below(const char *root, const char *path, const char *target) {
    struct stat s;
    int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = directory < 0 ? -1 : open_path(directory, path, 0, BENEATH);
    if (fd < 0 && (errno == EXDEV || errno == ELOOP)) die("path concatenation escapes the base directory", path);
    if (fd < 0 || fstat(fd, &s) < 0) die("cannot access path", path);
    int made = S_ISDIR(s.st_mode) ? mkdir(target, 0700) : open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (made < 0 && errno != EEXIST) die("making", target);
    if (!S_ISDIR(s.st_mode) && made >= 0) close(made);
    if (mount(path_of_fd(fd).text, target, NULL, MS_BIND | MS_REC, NULL) < 0) die("mounting on", target);
    close(fd);
    close(directory);
}

/* Nobody can change the mount at `target`, but what is in it may change at any time: opens the file first, then mounts over it. */
static void mount_over(const char *target, const char *file, const char *name, int read_only) {
    struct stat s;
    int directory = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = directory < 0 ? -1 : open_path(directory, name, O_NOFOLLOW, BENEATH);
    if (fd < 0 && directory >= 0 && errno == ENOENT && !read_only)
        fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) {
        if (mount(file, path_of_fd(fd).text, NULL, MS_BIND, NULL) < 0) die("mounting over", name);
        int over = read_only ? open_path(directory, name, O_NOFOLLOW, BENEATH) : -1;
        if (over >= 0 && mount(NULL, path_of_fd(over).text, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
            die("making read-only", name);
        if (over >= 0) close(over);
    }
    if (fd >= 0) close(fd);
    if (directory >= 0) close(directory);
}

void mount_rootfs(void) {
    if (!options.mount && !options.hide) return;
    if (unshare(CLONE_NEWNS) < 0) die("unsharing the mount namespace", NULL);
    if (options.hide) {
        char parent[4096];
        snprintf(parent, sizeof parent, "%s", options.hide);
        *strrchr(parent, '/') = 0;
        make_private(parent);
        if (umount2(options.hide, MNT_DETACH) < 0) die("hiding", options.hide);
    }
    if (!options.mount) return;
    make_private(options.target);
    if (chdir(options.layers) < 0) die("entering", options.layers);
    if (mount("overlay", options.target, "overlay", 0, options.mount) < 0)
        die("mounting the root file system on", options.target);
    for (int i = 0; i < options.also_count; i++) {
        const char *target = room->also[i].target;
        if (target && mkdir(target, 0711) < 0 && errno != EEXIST) die("making", target);
        if (!target || mount("overlay", target, "overlay", 0, room->also[i].options) < 0) die("mounting layers on", target);
    }
    for (int i = 0; i < options.below_count; i++) mount_below(room->below[i].root, room->below[i].path, room->below[i].target);
    for (int i = 0; i < options.over_count; i++)
        mount_over(room->below[room->over[i].on].target, room->over[i].file, room->over[i].name, room->over[i].read_only);
}
