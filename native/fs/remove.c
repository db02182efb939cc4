/* Removing trees of any depth and width: few descriptors, little memory, no path that could grow too long. */
#include "fs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories that are open at once; what lies deeper is removed by going up and down. */
enum { OPEN_DIRECTORIES = 100 };

struct place {
    dev_t device;
    ino_t inode;
};

static int open_here(int at, const char *name) { return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }

/* @returns whether it is gone; else it is a directory. */
static int remove_file(int at, const char *name) {
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) return 1;
    if (errno != EISDIR && errno != EPERM) fail("removing", name);
    return 0;
}

static int is_dots(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

static DIR *read_directory(int fd) {
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) fail("reading", "a directory to remove");
    return directory;
}

/* Removes the files of a directory, and the directories that are empty. @returns a directory that is not, or NULL. */
static char *remove_shallow(int fd) {
    DIR *directory = read_directory(dup(fd));
    char *left = NULL;
    rewinddir(directory);
    for (struct dirent *d; !left && (d = readdir(directory));) {
        if (is_dots(d->d_name) || remove_file(fd, d->d_name) || unlinkat(fd, d->d_name, AT_REMOVEDIR) == 0) continue;
        if (errno != ENOTEMPTY && errno != EEXIST) fail("removing", d->d_name);
        left = strdup(d->d_name);
        if (!left) fail("allocating", "a name");
    }
    closedir(directory);
    return left;
}

/* Empties a directory with one descriptor, and 16 bytes for each level. Who moves directories meanwhile is not followed. */
static void empty_deep(int fd) {
    struct place *above = NULL;
    size_t depth = 0, room = 0;
    for (;;) {
        char *name = remove_shallow(fd);
        if (!name && depth == 0) break;
        struct stat s;
        if (name) {
            if (depth == room) {
                room = room ? room * 2 : 256;
                above = realloc(above, room * sizeof *above);
                if (!above) fail("allocating", "the directories above");
            }
            if (fstat(fd, &s) < 0) fail("looking at the directory of", name);
            above[depth++] = (struct place){s.st_dev, s.st_ino};
        }
        int next = open_here(fd, name ? name : "..");
        if (next < 0 || fstat(next, &s) < 0) fail("entering", name ? name : "a directory to remove");
        if (!name && (depth--, s.st_dev != above[depth].device || s.st_ino != above[depth].inode))
            refuse("a directory was moved while it was removed", "..");
        free(name);
        close(fd);
        fd = next;
    }
    free(above);
    close(fd);
}

static void remove_below(int at, const char *name, int depth) {
    if (remove_file(at, name) || unlinkat(at, name, AT_REMOVEDIR) == 0) return;
    if (errno != ENOTEMPTY && errno != EEXIST) fail("removing", name);
    int fd = open_here(at, name);
    if (fd < 0) fail("reading the directory", name);
    if (depth == OPEN_DIRECTORIES) empty_deep(fd);
    else {
        DIR *directory = read_directory(fd);
        for (struct dirent *d; (d = readdir(directory));)
            if (!is_dots(d->d_name)) remove_below(fd, d->d_name, depth + 1);
        closedir(directory);
    }
    if (unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT) fail("removing", name);
}

void remove_tree(int at, const char *name) { remove_below(at, name, 0); }
