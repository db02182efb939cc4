/* Changing lines of a small file that a container has mounted, and may change, too. */
#include "fs.h"
#include "below.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TEXT = 1 << 20 };

/* Whether the line's first word, or what comes after its first tab, is one of `dropped`. */
static int is_dropped(const char *line, char *const *dropped) {
    size_t word = strcspn(line, " \t");
    const char *tab = strchr(line, '\t');
    for (; *dropped; dropped++) {
        if (strlen(*dropped) == word && strncmp(*dropped, line, word) == 0) return 1;
        if (tab && strcmp(*dropped, tab + 1) == 0) return 1;
    }
    return 0;
}

static void write_at(int fd, const char *path, const char *text, size_t length, off_t offset) {
    while (length > 0) {
        ssize_t n = pwrite(fd, text, length, offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("writing", path);
        text += n;
        offset += n;
        length -= (size_t)n;
    }
}

static char *read_text(int fd, const char *path, size_t size) {
    char *text = malloc(size + 1);
    ssize_t n = text ? pread(fd, text, size, 0) : -1;
    if (n < 0) fail("reading", path);
    text[n] = 0;
    return text;
}

void change_lines(const char *path, char *const *dropped, const char *added, int only_added) {
    struct stat s;
    int named = open_path(AT_FDCWD, path, O_NOFOLLOW, BENEATH), fd = named < 0 ? -1 : reopen_regular(named, O_RDWR);
    if (fd < 0 || fstat(fd, &s) < 0) fail("opening", path);
    if (s.st_size > MAX_TEXT && !only_added) {
        write_at(fd, path, added, strlen(added), s.st_size);
        return;
    }
    char *text = only_added ? strdup("") : read_text(fd, path, (size_t)s.st_size), *rest = text;
    char *kept = text ? malloc(strlen(text) + strlen(added) + 2) : NULL;
    if (!kept) fail("allocating", path);
    size_t length = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!*line || is_dropped(line, dropped)) continue;
        length += (size_t)(stpcpy(stpcpy(kept + length, line), "\n") - (kept + length));
    }
    length += (size_t)(stpcpy(kept + length, added) - (kept + length));
    write_at(fd, path, kept, length, 0);
    if (ftruncate(fd, (off_t)length) < 0) fail("shortening", path);
    free(kept);
    free(text);
    close(fd);
    close(named);
}
