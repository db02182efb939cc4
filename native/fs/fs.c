/*
 * barge-fs: the file-system work that needs system calls of its own, each run in a short-lived process.
 *
 * usage: barge-fs unpack|pack|attributes|hold|stat|resolve|size|user|lines|is-empty|remove|limit|mount --root DIR OPTION...
 *   --mount OPTIONS --layers DIR   first mount an overlay on DIR, in a mount namespace of our own, so that
 *                                  nothing is left behind however we end
 *   --of PID --parent PID          DIR is the root of a process, which must be a child of that other one
 *   --layer                        unpack, pack: convert OCI whiteouts to overlay's and back
 *   --path P                       pack, stat: what below DIR (default: everything in it); unpack: where to
 *   --name N                       pack: the name that P gets in the tar
 *   --sparse                       pack: holes stay holes (pax sparse 1.0)
 *   --files-only                   pack: nothing of /proc, /sys and the like mounted below P, only the directories
 *   --latest SECONDS               pack: the time of everything that is younger
 *   --keep-kinds                   unpack: refuse what would replace a directory by something else or the reverse
 *   --copy                         unpack: the same, in the words of a build's COPY
 *   --contain                      unpack: names with `..` end in their directory in place of being refused
 *   --archive                      unpack: as a build's ADD does: directories go through links that are in their place, what the
 *                                  tar says of its top is left alone; names as with --contain
 *   --owner UID:GID                unpack: whose everything is, whatever the tar says
 *   --bind SOURCE SUBPATH TARGET ro|rw   hold: mount what SUBPATH (empty: SOURCE itself) is in SOURCE, where no link in it
 *                                  leads, too, at TARGET below DIR, which is made if need be; may be given again
 *
 * unpack: tar from standard input. The process changes its root to DIR first, so that no name, symlink or
 *         hard link in the tar reaches anything outside; names with `..` are refused by default. Links of /proc, which lead out of any
 *         root, are followed by no command: a container that sees other processes has those of the host there.
 * pack:   tar to standard output: entries sorted, times in seconds, so the same tree gives the same bytes.
 * attributes: of each path on standard input, those extended attributes that pack keeps (fs.h).
 * hold:   prints "ready" and keeps the mount, seen at /proc/PID/root/DIR, until standard input ends.
 * stat:   one line about P: mode (octal) size mtime(ns) and, for a symlink, its target.
 * resolve: P with every symlink in it followed.
 * limit:  what is below DIR may take --bytes N, as project --project N of its file system's quotas.
 * user:   answers --question Q about DIR's users and groups (user.h).
 * lines:  from the file P go the lines whose first word, or what follows their first tab, is one of --drop TEXT..., with
 *         --only all; --add TEXT comes to its end. Of a file larger than a mebibyte nothing is read, and nothing goes.
 * is-empty: `yes` or `no` about the directory P.
 * size:   bytes of all files below DIR on its file system; one with several names counts once.
 * remove: DIR and everything in it, however deep; fine when there is none. Its root stays as it is.
 * mount:  --device D of --type T on DIR with --flags N and --data O, as mount(2) has them, where it stays. A failure's
 *         reason alone is printed.
 */
#include "fs.h"
#include "below.h"
#include "user.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Prints a name, which may come from an archive: without what a terminal obeys, and the middle of a long one left out. */
static void print_name(const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (length > SHOWN && i == SHOWN / 2) {
            fputs("...", stderr);
            i = length - SHOWN / 2;
        }
        if (c < ' ' || c == 0x7f) fprintf(stderr, "\\x%02x", c);
        else fputc(c, stderr);
    }
}

void fail_as(enum status status, const char *action, const char *on) {
    const char *reason = strerror(errno);
    fprintf(stderr, "%s ", action);
    print_name(on);
    fprintf(stderr, ": %s\n", reason);
    exit(status);
}

void fail(const char *action, const char *on) { fail_as(errno == ENOSPC || errno == EDQUOT ? NO_SPACE : FAILED, action, on); }

void blame(const char *action, const char *on) {
    switch (errno) {
    case EEXIST:
    case EFBIG:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOENT:
    case ENOTDIR:
    case E2BIG:
    case ERANGE: fail_as(INVALID, action, on);
    }
    fail(action, on);
}

void refuse_between(const char *before, const char *on, const char *after) {
    fputs(before, stderr);
    print_name(on);
    fprintf(stderr, "%s\n", after);
    exit(INVALID);
}

void refuse(const char *what, const char *on) { refuse_as(INVALID, what, on); }

void refuse_as(enum status status, const char *what, const char *on) {
    fprintf(stderr, "%s: ", what);
    print_name(on);
    fputc('\n', stderr);
    exit(status);
}

/* For a path that somebody asked about: callers tell these reasons apart. */
static _Noreturn void fail_about(const char *action, const char *path) {
    switch (errno) {
    case ENOENT: fail_as(NOT_FOUND, action, path);
    case ENOTDIR: fail_as(NOT_A_DIRECTORY, action, path);
    case ELOOP: fail_as(LOOP, action, path);
    default: fail(action, path);
    }
}

int open_directory(int at, const char *path) { return open_path(at, path, O_DIRECTORY, 0); }

static void mount_overlay(const char *root, const char *mount_options, const char *layers) {
    if (unshare(CLONE_NEWNS) < 0) fail("unsharing the mount namespace for", root);
    /* Our mounts must not spread; those of the host may still arrive. */
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) fail("making mounts private for", root);
    if (layers && chdir(layers) < 0) fail("entering", layers);
    if (mount("overlay", root, "overlay", 0, mount_options) < 0) fail("mounting an overlay on", root);
}

/* Makes `path` below `root`, and the directories above it: a directory, or an empty file. What is there already is not opened, and
   a link that leads nowhere is not followed: it is the kernel that would follow it, from its own root. */
static int make_within(int root, const char *path, int directory) {
    int fd = open_path(root, path, 0, IN_ROOT);
    if (fd >= 0 || errno != ENOENT) return fd;
    char *parent = strdup(path), *slash = parent ? strrchr(parent, '/') : NULL;
    if (!slash || slash == parent + strlen(parent) - 1) fail("making the mount point", path);
    *slash = 0;
    int at = slash == parent ? dup(root) : make_within(root, parent, 1);
    if (at < 0) return at;
    int made = directory ? mkdirat(at, slash + 1, 0755) : mknodat(at, slash + 1, S_IFREG | 0644, 0);
    if (made < 0 && errno != EEXIST) return -1;
    close(at);
    free(parent);
    return open_path(root, path, 0, IN_ROOT);
}

struct bind {
    const char *source, *subpath, *target, *mode;
};

static int open_source(const struct bind *b) {
    int source = open(b->source, O_PATH | O_CLOEXEC);
    if (source < 0 || !*b->subpath) return source;
    int fd = open_path(source, b->subpath, 0, BENEATH);
    close(source);
    return fd;
}

static void bind_mount(const char *root, const struct bind *b) {
    struct stat s;
    int source = open_source(b);
    if (source < 0 || fstat(source, &s) < 0) fail("looking at", *b->subpath ? b->subpath : b->source);
    int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = at < 0 ? -1 : make_within(at, b->target, S_ISDIR(s.st_mode));
    if (fd < 0) fail("opening the mount point", b->target);
    if (mount(path_of_fd(source).text, path_of_fd(fd).text, NULL, MS_BIND | MS_REC, NULL) < 0) fail("mounting on", b->target);
    if (strcmp(b->mode, "ro") == 0) {
        /* The descriptor still means what lies below the mount. */
        int mounted = open_path(at, b->target, 0, IN_ROOT);
        struct stat there;
        if (mounted < 0 || fstat(mounted, &there) < 0) fail("opening the mount on", b->target);
        if (there.st_dev != s.st_dev || there.st_ino != s.st_ino) refuse("the mount point was moved meanwhile", b->target);
        if (mount(NULL, path_of_fd(mounted).text, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
            fail("protecting", b->target);
        close(mounted);
    }
    close(source);
    close(fd);
    close(at);
}

/* Propagation cannot be set by the call that mounts, nor can a bind be made read-only by it. */
static void mount_device(const char *device, const char *target, const char *type, unsigned long flags, const char *data) {
    const unsigned long kinds = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED, own = flags & ~kinds;
    const unsigned long read_only_bind = MS_BIND | MS_RDONLY;
    int failed = mount(device, target, type, own, *data ? data : NULL) < 0;
    if (!failed && (flags & kinds)) failed = mount(NULL, target, NULL, flags & (kinds | MS_REC | MS_SILENT), NULL) < 0;
    if (!failed && (own & read_only_bind) == read_only_bind) failed = mount(NULL, target, NULL, own | MS_REMOUNT, NULL) < 0;
    if (!failed) return;
    fprintf(stderr, "%s\n", strerror(errno));
    exit(FAILED);
}

static void enter_directory(const char *directory, const char *path) {
    int fd = open_directory(AT_FDCWD, directory);
    if (fd < 0 || fchdir(fd) < 0) fail("entering the directory of", path);
    close(fd);
}

/* Enters the directory that a path is in. @returns the rest: its last name, or nothing for the directory itself. */
static const char *enter_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return path;
    char *parent = strndup(path, (size_t)(slash - path));
    if (!parent) fail("allocating", path);
    enter_directory(*parent ? parent : "/", path);
    free(parent);
    return slash + 1;
}

static void print_resolved(const char *path) {
    char *resolved = realpath(path, NULL);
    if (!resolved && errno == ENOTDIR) refuse_as(NOT_A_DIRECTORY, "not a directory", path);
    if (!resolved) fail_about("resolving", path);
    printf("%s\n", resolved);
    free(resolved);
}

/*
 * Opens the root of a process, and only then looks whose child it is: as long as its parent has not taken note of its end,
 * the number is no other process's. @returns the root as a path.
 */
static const char *root_of_child(const char *root, int pid, int parent) {
    static struct fd_path path;
    char stat_path[40], line[512];
    int of = 0, fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) fail("opening", root);
    snprintf(stat_path, sizeof stat_path, "/proc/%d/stat", pid);
    FILE *status = fopen(stat_path, "re");
    size_t n = status ? fread(line, 1, sizeof line - 1, status) : 0;
    line[n] = 0;
    if (status) fclose(status);
    const char *after_name = strrchr(line, ')');
    if (!after_name || sscanf(after_name, ") %*c %d", &of) != 1 || of != parent) {
        errno = ESRCH;
        fail("opening", root);
    }
    path = path_of_fd(fd);
    return path.text;
}

static void print_user(const char *root, const char *asked) {
    char answer[MAX_ANSWER], *question = strdup(asked);
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || !question) fail("opening", root);
    look_up_user(fd, question, answer);
    fputs(answer, stdout);
    free(question);
    close(fd);
}

static void print_whether_empty(const char *path) {
    int fd = open_path(AT_FDCWD, *path ? path : ".", O_DIRECTORY, BENEATH);
    DIR *directory = fd < 0 ? NULL : opendir(path_of_fd(fd).text);
    if (!directory) fail("reading the directory", path);
    int count = 0;
    while (count < 3 && readdir(directory)) count++;   /* `.` and `..` among them */
    puts(count < 3 ? "yes" : "no");
    closedir(directory);
    close(fd);
}

static void hold(void) {
    char byte;
    if (write(1, "ready\n", 6) != 6) exit(FAILED);
    while (read(0, &byte, 1) > 0) continue;
}

static void print_stat(const char *path) {
    struct stat s;
    char target[4096] = "";
    if (lstat(path, &s) < 0) fail_about("looking at", path);
    if (S_ISLNK(s.st_mode)) {
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n < 0) fail("reading the link", path);
        target[n] = 0;
    }
    printf("%o %lld %lld %s\n", (unsigned)s.st_mode, (long long)s.st_size,
           (long long)s.st_mtim.tv_sec * 1000000000LL + s.st_mtim.tv_nsec, target);
}

void raise_descriptors(void) {
    struct rlimit limits;
    if (getrlimit(RLIMIT_NOFILE, &limits) < 0) return;
    limits.rlim_cur = limits.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limits);
}

static long long total;
/* Inodes with several names that have been counted: a tree of `tsearch`. */
static void *counted;

static int compare_inodes(const void *a, const void *b) {
    ino_t x = *(const ino_t *)a, y = *(const ino_t *)b;
    return x < y ? -1 : x > y;
}

static int is_counted(const struct stat *s) {
    if (s->st_nlink < 2) return 0;
    if (tfind(&s->st_ino, &counted, compare_inodes)) return 1;
    ino_t *inode = malloc(sizeof *inode);
    if (!inode || (*inode = s->st_ino, !tsearch(inode, &counted, compare_inodes))) fail("counting", "a file");
    return 0;
}

/* Directories that are open at once; a container that has dug deeper is not told what lies there, nor does it stop the count. */
enum { COUNTED_DEPTH = 2048 };

/* Adds what is in a directory, which is closed. By descriptors, for the names may come to mean something else meanwhile. */
static void add_directory(int fd, dev_t device, int depth) {
    DIR *directory = fdopendir(fd);
    if (!directory) fail("adding up", ".");
    for (struct dirent *d; (d = readdir(directory));) {
        struct stat s;
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        if (fstatat(dirfd(directory), d->d_name, &s, AT_SYMLINK_NOFOLLOW) < 0 || s.st_dev != device) continue;
        if (S_ISREG(s.st_mode) || S_ISLNK(s.st_mode)) total += is_counted(&s) ? 0 : s.st_size;
        if (!S_ISDIR(s.st_mode) || depth == COUNTED_DEPTH) continue;
        int child = openat(dirfd(directory), d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0) add_directory(child, device, depth + 1);
    }
    closedir(directory);
}

static void print_size(void) {
    struct stat s;
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) < 0) fail("adding up", ".");
    raise_descriptors();
    add_directory(fd, s.st_dev, 0);
    printf("%lld\n", total);
}

int main(int argc, char **argv) {
    const char *root = NULL, *mount_options = NULL, *layers = NULL, *path = "", *name = "";
    const char *device = "", *type = "", *data = "", *question = "", *added = "";
    char **dropped = calloc((size_t)argc + 1, sizeof *dropped);
    int dropped_count = 0, only_added = 0, of = 0, parent = 0;
    unsigned long flags = 0;
    struct placing how = {0};
    struct packing packing = {.latest_mtime = -1};
    unsigned long long bytes = 0;
    unsigned project = 0;
    for (int i = 2; i < argc; i++) {
        const char *option = argv[i];
        if (strcmp(option, "--layer") == 0) {
            how.layer = 1;
            continue;
        }
        if (strcmp(option, "--keep-kinds") == 0) {
            how.keep_kinds = 1;
            continue;
        }
        if (strcmp(option, "--copy") == 0) {
            how.copy = 1;
            continue;
        }
        if (strcmp(option, "--contain") == 0) {
            how.contain = 1;
            continue;
        }
        if (strcmp(option, "--archive") == 0) {
            how.archive = how.contain = 1;
            continue;
        }
        if (strcmp(option, "--sparse") == 0) {
            packing.keep_holes = 1;
            continue;
        }
        if (strcmp(option, "--files-only") == 0) {
            packing.leave_out_made_up = 1;
            continue;
        }
        if (strcmp(option, "--bind") == 0) {
            i += 4;
            continue;
        }   /* once the root is mounted */
        if (strcmp(option, "--only") == 0) {
            only_added = 1;
            continue;
        }
        const char *value = ++i < argc ? argv[i] : "";
        if (strcmp(option, "--root") == 0) root = value;
        else if (strcmp(option, "--mount") == 0) mount_options = value;
        else if (strcmp(option, "--latest") == 0) packing.latest_mtime = atoll(value);
        else if (strcmp(option, "--layers") == 0) layers = value;
        else if (strcmp(option, "--path") == 0) path = value;
        else if (strcmp(option, "--name") == 0) name = value;
        else if (strcmp(option, "--owner") == 0) how.owned = sscanf(value, "%u:%u", &how.uid, &how.gid) == 2;
        else if (strcmp(option, "--bytes") == 0) bytes = strtoull(value, NULL, 10);
        else if (strcmp(option, "--project") == 0) project = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(option, "--device") == 0) device = value;
        else if (strcmp(option, "--type") == 0) type = value;
        else if (strcmp(option, "--data") == 0) data = value;
        else if (strcmp(option, "--of") == 0) of = atoi(value);
        else if (strcmp(option, "--parent") == 0) parent = atoi(value);
        else if (strcmp(option, "--question") == 0) question = value;
        else if (strcmp(option, "--add") == 0) added = value;
        else if (strcmp(option, "--drop") == 0) {
            if (dropped && i < argc) dropped[dropped_count++] = argv[i];
        } else if (strcmp(option, "--flags") == 0) flags = strtoul(value, NULL, 10);
        else root = NULL, i = argc;
    }
    if (argc < 4 || !root) {
        fprintf(
            stderr,
            "usage: barge-fs unpack|pack|attributes|hold|stat|resolve|size|user|lines|is-empty|remove|limit|mount --root DIR "
            "[--mount OPTIONS --layers DIR] [--question Q] [--drop TEXT]... [--add TEXT] [--only] [--layer] [--path P] [--name N] [--keep-kinds] [--copy] [--contain] [--archive] [--owner UID:GID] [--bind SOURCE SUBPATH TARGET ro|rw] "
            "[--bytes N --project N] [--sparse] [--files-only] [--latest SECONDS] [--device D --type T --flags N --data O]\n");
        return USAGE;
    }
    umask(0);
    if (parent) root = root_of_child(root, of, parent);
    if (mount_options) mount_overlay(root, mount_options, layers);
    for (int i = 2; mount_options && i + 4 < argc; i++)
        if (strcmp(argv[i], "--bind") == 0)
            bind_mount(root, &(struct bind){argv[i + 1], argv[i + 2], argv[i + 3], argv[i + 4]});
    if (strcmp(argv[1], "limit") == 0) {
        limit(root, bytes, project);
        return 0;
    }
    if (strcmp(argv[1], "mount") == 0) {
        mount_device(device, root, type, flags, data);
        return 0;
    }
    if (strcmp(argv[1], "user") == 0) {
        print_user(root, question);
        return 0;
    }
    if (strcmp(argv[1], "hold") == 0) {
        hold();
        return 0;
    }
    if (strcmp(argv[1], "remove") == 0) {
        remove_tree(AT_FDCWD, root);
        return 0;
    }
    if (strcmp(argv[1], "is-empty") == 0 || strcmp(argv[1], "lines") == 0) {
        if (chdir(root) < 0) fail("entering", root);
        if (strcmp(argv[1], "lines") == 0) change_lines(path, dropped, added, only_added);
        else print_whether_empty(path);
        return 0;
    }
    if (prepare_reopening() < 0) fail("opening", "/proc");
    if (chroot(root) < 0 || chdir("/") < 0) fail("entering", root);
    if (strcmp(argv[1], "unpack") == 0) {
        if (*path) enter_directory(path, path);
        unpack(&how);
    } else if (strcmp(argv[1], "pack") == 0) {
        packing.path = enter_parent(path);
        packing.name = name;
        packing.layer = how.layer;
        pack(&packing);
    } else if (strcmp(argv[1], "stat") == 0) print_stat(enter_parent(path));
    else if (strcmp(argv[1], "resolve") == 0) print_resolved(path);
    else if (strcmp(argv[1], "size") == 0) print_size();
    else if (strcmp(argv[1], "attributes") == 0) print_attributes();
    else refuse("unknown command", argv[1]);
    return 0;
}
