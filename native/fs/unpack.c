/*
 * Making the files of a tar. The caller has already made the destination our root directory: a name can lead nowhere else.
 */
#include "entry.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Makes `path` relative to our root: no leading `/` or `./`, no empty or `.` part. With `contain`, `..` goes up as far as the
   root; else it is refused. */
static void normalise(char *path, int contain) {
    char *to = path;
    for (char *part = path, *end; *part; part = end) {
        while (*part == '/') part++;
        end = part + strcspn(part, "/");
        size_t n = (size_t)(end - part);
        if (n == 2 && part[0] == '.' && part[1] == '.') {
            if (!contain) refuse("refusing an entry whose name leaves its directory", path);
            while (to > path && *--to != '/') continue;
            continue;
        }
        if (n == 0 || (n == 1 && part[0] == '.')) continue;
        if (to != path) *to++ = '/';
        memmove(to, part, n);
        to += n;
    }
    *to = 0;
}

/*
 * The directory whose entries are being made is our working directory: entries are reached by their last name alone, so nothing
 * that happens to the names above them meanwhile can lead elsewhere. What is above is walked once for each change of
 * directory, and never through a link of /proc, which leads out of any root.
 */
static int top = -1;            /* where the archive's names begin */
static char *current;           /* the working directory, below `top`; NULL: none yet */
static int current_was_written; /* it has a time by this archive, which what is made in it would change */
static struct timespec current_time, began;

/* Whether this process made or described the directory: then its change of status is no older than we are. Some file systems
   have whole seconds only. */
static int was_written(const struct stat *s) {
    struct timespec changed = s->st_ctim;
    if (changed.tv_sec != began.tv_sec) return changed.tv_sec > began.tv_sec;
    return changed.tv_nsec == 0 || changed.tv_nsec >= began.tv_nsec;
}

static void leave(void) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, current_time};
    if (current && current_was_written) utimensat(AT_FDCWD, ".", times, 0);
    free(current);
    current = NULL;
}

/* Directories that no entry of a layer describes are as old as what they were made for: the same layer, the same files. */
static const struct timespec *time_of_missing;

static void make_missing(int parent, const char *name, const char *path) {
    struct stat s;
    if (fstat(parent, &s) < 0) fail("looking at the directory of", path);
    if (mkdirat(parent, name, 0755) < 0) {
        if (errno != EEXIST) blame("making the directory", path);
        return;
    }
    if (time_of_missing) {
        struct timespec own[2] = {*time_of_missing, *time_of_missing};
        utimensat(parent, name, own, AT_SYMLINK_NOFOLLOW);
    }
    struct timespec before[2] = {{.tv_nsec = UTIME_OMIT}, s.st_mtim};
    if (was_written(&s)) utimensat(parent, ".", before, 0);
}

enum { MAX_LINKS = 40 };   /* the kernel's own bound */
static int through_links, links_followed;

static int need_directory(int base, char *path);

/* What a link that leads nowhere means, as a directory that is made; the kernel resolves it below the root that we have. */
static int need_target(int parent, const char *name, const char *path) {
    char target[4096];
    ssize_t n = readlinkat(parent, name, target, sizeof target - 1);
    if (n < 0 || ++links_followed > MAX_LINKS) {
        errno = n < 0 ? errno : ELOOP;
        blame("making a file in", path);
    }
    target[n] = 0;
    int base = *target == '/' ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : dup(parent);
    if (base < 0) fail("opening the directory of", path);
    char *below = target + strspn(target, "/");
    for (size_t length = strlen(below); length > 0 && below[length - 1] == '/';) below[--length] = 0;
    int fd = need_directory(base, below);
    close(base);
    return fd;
}

/* Opens a directory below `base`, and makes those that are missing. @param path changed while this runs. */
static int need_directory(int base, char *path) {
    int fd = open_directory(base, *path ? path : ".");
    if (fd >= 0) return fd;
    if (errno != ENOENT) blame("making a file in", path);
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
    int parent = need_directory(base, slash ? path : "");
    if (slash) *slash = '/';
    const char *name = slash ? slash + 1 : path;
    struct stat s;
    if (through_links && fstatat(parent, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode))
        fd = need_target(parent, name, path);
    else {
        make_missing(parent, name, path);
        fd = open_directory(parent, name);
    }
    if (fd < 0) blame("making a file in", path);
    close(parent);
    return fd;
}

/* @param path of a directory; changed while this runs. */
static void enter(char *path) {
    if (current && strcmp(current, path) == 0) return;
    leave();
    char place[4096];
    struct stat s;
    links_followed = 0;
    int fd = need_directory(top, path);
    if (fchdir(fd) < 0 || fstat(fd, &s) < 0) fail("entering", path);
    close(fd);
    /* Through links, a directory can lie deeper than any name can say. */
    if (!getcwd(place, sizeof place)) {
        errno = ENAMETOOLONG;
        blame("entering", path);
    }
    current = strdup(path);
    if (!current) fail("allocating", path);
    current_was_written = was_written(&s);
    current_time = s.st_mtim;
}

static int is_whiteout(const struct stat *s) { return S_ISCHR(s->st_mode) && s->st_rdev == 0; }

static void make_opaque(const char *name, const char *path) {
    if (lsetxattr(name, "trusted.overlay.opaque", "y", 1, 0) < 0) fail("making opaque", path);
}

/* @param fd of a file or directory; -1: what `name` is, itself. */
static void set_attributes(const struct entry *e, int fd, const char *name) {
    for (const struct attribute *a = e->attributes; a; a = a->next) {
        if (strncmp(a->name, "trusted.overlay.", 16) == 0 || strncmp(a->name, "user.overlay.", 13) == 0) continue;
        int done = fd < 0 ? lsetxattr(name, a->name, a->value, a->length, 0) : fsetxattr(fd, a->name, a->value, a->length, 0);
        if (done < 0 && errno != ENOTSUP && errno != EPERM) blame("setting an extended attribute of", e->path);
    }
}

/* By descriptor where there can be one: a name may have become a link to something else. */
static void set_metadata(const struct entry *e, int fd, const char *name) {
    int owned = fd < 0 ? lchown(name, e->uid, e->gid) : fchown(fd, e->uid, e->gid);
    if (owned < 0) fail("setting the owner of", e->path);
    if (fd >= 0 && fchmod(fd, e->mode) < 0) fail("setting the mode of", e->path);
    set_attributes(e, fd, name);   /* after the owner: changing it drops capabilities */
    struct timespec times[2] = {e->mtime, e->mtime};
    int timed = fd < 0 ? utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW) : futimens(fd, times);
    if (timed < 0) fail("setting the time of", e->path);
}

static void make_directory(const struct entry *e, const char *name, int is_opaque) {
    if (mkdir(name, 0700) < 0 && errno != EEXIST) blame("making the directory", e->path);
    if (is_opaque) make_opaque(name, e->path);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) blame("opening the directory", e->path);
    set_metadata(e, fd, name);
    close(fd);
    if (strcmp(name, ".") != 0) return;
    current_time = e->mtime;
    current_was_written = 1;
}

static void make_file(struct entry *e, const char *name) {
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) blame("making", e->path);
    write_contents(fd, e);
    set_metadata(e, fd, name);
    if (close(fd) < 0) fail("writing", e->path);
}

static void make_special(const struct entry *e, const char *name) {
    mode_t kind = e->type == '3' ? S_IFCHR : e->type == '4' ? S_IFBLK : S_IFIFO;
    if (mknod(name, kind | e->mode, kind == S_IFIFO ? 0 : e->device) < 0) blame("making the device", e->path);
    set_metadata(e, -1, name);
}

static void make_hard_link(struct entry *e, const char *name, int contain) {
    normalise(e->link, contain);
    char *slash = strrchr(e->link, '/');
    if (slash) *slash = 0;
    int at = open_directory(top, slash ? e->link : ".");
    if (slash) *slash = '/';
    if (at < 0 || linkat(at, slash ? slash + 1 : e->link, AT_FDCWD, name, 0) < 0) {
        if (errno == EPERM) refuse("a hard link to a directory", e->path);
        blame("making a hard link to", e->link);
    }
    close(at);
}

/* A whiteout hides what lower layers have; what this layer itself has stays. */
static void make_whiteout(const char *name, const char *path) {
    if (strcmp(name, ".wh..wh..opq") == 0) {
        make_opaque(".", path);
        return;
    }
    if (strncmp(name, ".wh..wh.", 8) == 0) return;
    const char *hidden = name + 4;
    struct stat s;
    if (*hidden == 0 || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0) refuse("a whiteout names no file", path);
    if (lstat(hidden, &s) < 0) {
        if (mknod(hidden, S_IFCHR, 0) < 0) blame("making a whiteout for", path);
    } else if (S_ISDIR(s.st_mode)) {
        make_opaque(hidden, path);
    }
}

static void refuse_other_kind(const struct entry *e, const struct placing *how) {
    int directory = e->type == '5';
    if (!how->copy)
        refuse(directory ? "cannot overwrite non-directory with directory" : "cannot overwrite directory with non-directory",
               e->path);
    if (directory) refuse_between("cannot copy to non-directory: /", e->path, "");
    refuse_between("cannot replace to directory /", e->path, " with file");
}

/* What an archive says of a directory holds for the one that a link in its place leads to. */
static void describe_target(const struct entry *e, const char *name) {
    int at = open_directory(AT_FDCWD, ".");
    if (at < 0) fail("opening the directory of", e->path);
    links_followed = 0;
    int fd = open_directory(at, name);
    if (fd < 0 && errno == ENOENT) fd = need_target(at, name, e->path);
    if (fd < 0) blame("following the link", e->path);
    int directory = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) fail("opening the directory", e->path);
    set_metadata(e, directory, name);
    close(directory);
    close(fd);
    close(at);
}

static void make_entry(struct entry *e, const char *name, const struct placing *how) {
    struct stat s;
    int exists = lstat(name, &s) == 0;
    if (exists && how->archive && S_ISLNK(s.st_mode) && e->type == '5') {
        describe_target(e, name);
        return;
    }
    if (exists && (how->keep_kinds || how->copy) && S_ISDIR(s.st_mode) != (e->type == '5')) refuse_other_kind(e, how);
    if (exists && !(S_ISDIR(s.st_mode) && e->type == '5')) remove_tree(AT_FDCWD, name);
    switch (e->type) {
    case '5': make_directory(e, name, how->layer && exists && is_whiteout(&s)); break;
    case '0':
    case '7':
    case 'S': make_file(e, name); break;
    case '1': make_hard_link(e, name, how->contain); break;
    case '2':
        if (symlink(e->link, name) < 0) blame("making the symlink", e->path);
        set_metadata(e, -1, name);
        break;
    case '3':
    case '4':
    case '6': make_special(e, name); break;
    default: refuse("an entry has an unknown type", e->path);
    }
}

static void place(struct entry *e, const struct placing *how) {
    if (how->owned) e->uid = how->uid, e->gid = how->gid;
    normalise(e->path, how->contain);
    if (*e->path == 0 && (e->type != '5' || how->archive)) {
        skip_contents(e);
        return;
    }
    char *slash = strrchr(e->path, '/'), *name = slash ? slash + 1 : *e->path ? e->path : ".";
    if (how->layer) time_of_missing = &e->mtime;
    if (slash) *slash = 0;
    enter(slash ? e->path : "");
    if (slash) *slash = '/';
    if (how->layer && strncmp(name, ".wh.", 4) == 0) {
        make_whiteout(name, e->path);
        skip_contents(e);
    } else make_entry(e, name, how);
}

void unpack(const struct placing *how) {
    struct entry e;
    through_links = how->archive;
    top = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) fail("opening", ".");
    clock_gettime(CLOCK_REALTIME_COARSE, &began);   /* the clock of files' times */
    while (next_entry(&e)) {
        place(&e, how);
        release(&e);
    }
    leave();
    skip_rest();
}
