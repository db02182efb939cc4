/*
 * Writing tar: ustar with pax records where a value does not fit or has no place. Deterministic.
 *
 * What is packed may be changed by a container meanwhile. The directory whose entries are being written is our working directory,
 * so an entry is reached by its last name alone and no link in the place of a directory is followed; and nothing is opened
 * before it is known to be a file or a directory. An entry that has become something else since its directory was read is left
 * out, like one that has gone.
 */
#include "fs.h"
#include "below.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

struct known_inode {
    dev_t device;
    ino_t inode;
    char *name;
};

static char out[1 << 18];
static size_t out_length;
static struct known_inode *inodes;
static size_t inode_count, inode_room;
static const struct packing *how;   /* as `pack` was asked */
static char pax[MAX_PAX];
static size_t pax_length;

static void flush(void) {
    for (size_t done = 0; done < out_length;) {
        ssize_t n = write(1, out + done, out_length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("writing", "the archive");
        done += (size_t)n;
    }
    out_length = 0;
}

static void put(const void *data, size_t length) {
    for (const char *at = data; length > 0;) {
        size_t n = sizeof out - out_length < length ? sizeof out - out_length : length;
        memcpy(out + out_length, at, n);
        out_length += n;
        at += n;
        length -= n;
        if (out_length == sizeof out) flush();
    }
}

static void put_zeros(size_t length) {
    static const char zeros[BLOCK];
    for (; length > 0; length -= length < BLOCK ? length : BLOCK) put(zeros, length < BLOCK ? length : BLOCK);
}

static void pad(long long size) { put_zeros((size_t)((BLOCK - size % BLOCK) % BLOCK)); }

static void octal(char *field, size_t length, unsigned long long value) {
    snprintf(field, length, "%0*llo", (int)length - 1, value);
}

static void finish_header(struct header *h) {
    memcpy(h->magic, "ustar", 6);
    memcpy(h->version, "00", 2);
    memset(h->checksum, ' ', sizeof h->checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof *h; i++) sum += ((unsigned char *)h)[i];
    snprintf(h->checksum, sizeof h->checksum, "%06o", sum);
    put(h, sizeof *h);
}

static void pax_record(const char *key, const void *value, size_t length) {
    size_t body = strlen(key) + length + 3, whole = body + 1;   /* blank, =, newline and the length's digits */
    for (;;) {
        char digits[24];
        size_t n = body + (size_t)snprintf(digits, sizeof digits, "%zu", whole);
        if (n == whole) break;
        whole = n;
    }
    if (pax_length + whole > sizeof pax) refuse("attributes are too large", key);
    pax_length += (size_t)sprintf(pax + pax_length, "%zu %s=", whole, key);
    memcpy(pax + pax_length, value, length);
    pax_length += length;
    pax[pax_length++] = '\n';
}

static void put_pax(void) {
    if (pax_length == 0) return;
    struct header h = {.type = 'x'};
    strcpy(h.name, "PaxHeaders/0");
    octal(h.mode, sizeof h.mode, 0644);
    octal(h.uid, sizeof h.uid, 0);
    octal(h.gid, sizeof h.gid, 0);
    octal(h.size, sizeof h.size, pax_length);
    octal(h.mtime, sizeof h.mtime, 0);
    finish_header(&h);
    put(pax, pax_length);
    pad((long long)pax_length);
    pax_length = 0;
}

static void text_field(char *field, size_t room, const char *key, const char *value) {
    size_t n = strlen(value);
    if (n > room) pax_record(key, value, n);
    memcpy(field, value, n < room ? n : room);
}

static void number_field(char *field, size_t room, const char *key, unsigned long long value) {
    char decimal[24];
    if (value >> (3 * (room - 1)) == 0) {
        octal(field, room, value);
        return;
    }
    pax_record(key, decimal, (size_t)snprintf(decimal, sizeof decimal, "%llu", value));
    octal(field, room, 0);
}

/* Seconds since 1970: nothing in the archive is younger. Negative: no bound. */

static unsigned long long shown_mtime(const struct stat *s) {
    long long seconds = s->st_mtim.tv_sec > 0 ? s->st_mtim.tv_sec : 0;
    return (unsigned long long)(how->latest_mtime >= 0 && seconds > how->latest_mtime ? how->latest_mtime : seconds);
}

static void put_header(const char *name, const char *link, char type, const struct stat *s, long long size) {
    struct header h = {.type = type};
    text_field(h.name, sizeof h.name, "path", name);
    text_field(h.link, sizeof h.link, "linkpath", link);
    octal(h.mode, sizeof h.mode, s->st_mode & 07777);
    number_field(h.uid, sizeof h.uid, "uid", s->st_uid);
    number_field(h.gid, sizeof h.gid, "gid", s->st_gid);
    number_field(h.size, sizeof h.size, "size", (unsigned long long)size);
    octal(h.mtime, sizeof h.mtime, shown_mtime(s));
    if (type == '3' || type == '4') {
        octal(h.major, sizeof h.major, major(s->st_rdev));
        octal(h.minor, sizeof h.minor, minor(s->st_rdev));
    }
    put_pax();
    finish_header(&h);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static char **sorted_names(char *list, size_t length, size_t *count) {
    char **names = NULL;
    *count = 0;
    for (char *at = list; at < list + length; at += strlen(at) + 1) {
        names = realloc(names, (*count + 1) * sizeof *names);
        if (!names) fail("allocating", "a list of names");
        names[(*count)++] = at;
    }
    if (*count) qsort(names, *count, sizeof *names, by_name);
    return names;
}

/* Security capabilities and users' attributes travel; overlay's own and labels of this host do not. */
static void collect_attributes(const char *path) {
    pax_length = 0;
    char list[65536], value[65536], key[512];
    ssize_t n = llistxattr(path, list, sizeof list);
    if (n <= 0) return;
    size_t count;
    char **names = sorted_names(list, (size_t)n, &count);
    for (size_t i = 0; i < count; i++) {
        int wanted = strcmp(names[i], "security.capability") == 0 ||
                     (strncmp(names[i], "user.", 5) == 0 && strncmp(names[i], "user.overlay.", 13) != 0);
        ssize_t length = wanted ? lgetxattr(path, names[i], value, sizeof value) : -1;
        if (length < 0) continue;
        snprintf(key, sizeof key, "SCHILY.xattr.%s", names[i]);
        pax_record(key, value, (size_t)length);
    }
    free(names);
}

void print_attributes(void) {
    char *path = NULL;
    size_t room = 0;
    for (long number = 0; getdelim(&path, &room, 0, stdin) > 0; number++) {
        collect_attributes(path);
        if (pax_length == 0) continue;
        printf("%ld %zu\n", number, pax_length);
        fwrite(pax, 1, pax_length, stdout);
    }
    free(path);
    if (ferror(stdin) || fflush(stdout) != 0) fail("reading", "the attributes");
}

static const char *linked_before(const struct stat *s, const char *name) {
    if (s->st_nlink < 2 || S_ISDIR(s->st_mode)) return NULL;
    if (inode_count * 2 >= inode_room) {
        struct known_inode *old = inodes;
        size_t room = inode_room;
        inode_room = room ? room * 2 : 256;
        inodes = calloc(inode_room, sizeof *inodes);
        if (!inodes) fail("allocating", "the table of hard links");
        for (size_t i = 0; i < room; i++) {
            if (!old[i].name) continue;
            size_t at = old[i].inode % inode_room;
            while (inodes[at].name) at = (at + 1) % inode_room;
            inodes[at] = old[i];
        }
        free(old);
    }
    size_t at = s->st_ino % inode_room;
    for (; inodes[at].name; at = (at + 1) % inode_room)
        if (inodes[at].inode == s->st_ino && inodes[at].device == s->st_dev) return inodes[at].name;
    inodes[at] = (struct known_inode){s->st_dev, s->st_ino, strdup(name)};
    inode_count++;
    return NULL;
}

static dev_t start_device;

struct span {
    long long offset, length;
};
static struct span *spans;
static size_t span_count, span_room;

static void add_span(long long offset, long long length) {
    if (span_count == span_room) {
        span_room = span_room ? span_room * 2 : 64;
        spans = realloc(spans, span_room * sizeof *spans);
        if (!spans) fail("allocating", "a sparse map");
    }
    spans[span_count++] = (struct span){offset, length};
}

/* Where a file has data. @returns 0 for a file without holes, or one that its file system does not tell of. */
static int find_spans(int fd, long long size) {
    span_count = 0;
    for (off_t at = 0; at < size;) {
        off_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0 && errno != ENXIO) return 0;
        if (data < 0 || data >= size) break;
        off_t hole = lseek(fd, data, SEEK_HOLE);
        if (hole < 0 || hole > size) hole = size;
        add_span(data, hole - data);
        at = hole;
    }
    if (span_count == 1 && spans[0].offset == 0 && spans[0].length == size) return 0;
    if (span_count == 0 || spans[span_count - 1].offset + spans[span_count - 1].length < size) add_span(size, 0);
    return span_count < MAX_SPANS;
}

/* A file that shrinks while it is read is filled up with zeros, one that grows is cut: the header is out. */
static void put_span(int fd, const char *path, struct span span) {
    static char data[1 << 17];
    while (span.length > 0) {
        size_t wanted = span.length < (long long)sizeof data ? (size_t)span.length : sizeof data;
        ssize_t n = pread(fd, data, wanted, span.offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("reading", path);
        if (n == 0) break;
        put(data, (size_t)n);
        span.offset += n;
        span.length -= n;
    }
    for (; span.length > 0; span.length -= span.length < BLOCK ? span.length : BLOCK)
        put_zeros((size_t)(span.length < BLOCK ? span.length : BLOCK));
}

/* GNU's sparse format 1.0: a map of decimal lines, filled up to whole blocks, then the data. */
static void put_sparse(int fd, const char *path, const char *name, const struct stat *s) {
    char decimal[64];
    long long archived = 0;
    size_t length = (size_t)snprintf(decimal, sizeof decimal, "%zu\n", span_count);
    char *map = malloc(span_count * 42 + sizeof decimal);
    if (!map) fail("allocating", "a sparse map");
    memcpy(map, decimal, length);
    for (size_t i = 0; i < span_count; i++) {
        length += (size_t)sprintf(map + length, "%lld\n%lld\n", spans[i].offset, spans[i].length);
        archived += spans[i].length;
    }
    size_t padding = (BLOCK - length % BLOCK) % BLOCK;
    archived += (long long)(length + padding);
    pax_record("GNU.sparse.major", "1", 1);
    pax_record("GNU.sparse.minor", "0", 1);
    pax_record("GNU.sparse.name", name, strlen(name));
    pax_record("GNU.sparse.realsize", decimal, (size_t)snprintf(decimal, sizeof decimal, "%lld", (long long)s->st_size));
    put_header("GNUSparseFile.0/file", "", '0', s, archived);
    put(map, length);
    put_zeros(padding);
    free(map);
    for (size_t i = 0; i < span_count; i++) put_span(fd, path, spans[i]);
    pad(archived);
}

/* Whether an entry is no longer what it was when its directory was read. */
static int has_changed(void) {
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EINVAL || errno == EXDEV;
}

static void put_contents(int fd, const char *path, const char *name, const struct stat *s) {
    collect_attributes(path);
    if (how->keep_holes && s->st_blocks * 512LL < s->st_size && find_spans(fd, s->st_size)) put_sparse(fd, path, name, s);
    else {
        put_header(name, "", '0', s, s->st_size);
        put_span(fd, path, (struct span){0, s->st_size});
        pad(s->st_size);
    }
}

static void put_file(const char *path, const char *name) {
    struct stat s;
    int fd = open_regular(AT_FDCWD, path, O_NOFOLLOW, 0);
    if (fd < 0 && has_changed()) return;
    if (fd < 0 || fstat(fd, &s) < 0) fail("opening", name);
    const char *first = linked_before(&s, name);
    if (first) put_header(name, first, '1', &s, 0);
    else put_contents(fd, path, name, &s);
    close(fd);
}

static void put_whiteout(const char *name, const struct stat *s) {
    char *whiteout = malloc(strlen(name) + 6);
    if (!whiteout) fail("allocating", name);
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    sprintf(whiteout, "%.*s.wh.%s", (int)(base - name), name, base);
    struct stat plain = {.st_mode = S_IFREG, .st_uid = s->st_uid, .st_gid = s->st_gid};
    put_header(whiteout, "", '0', &plain, 0);
    free(whiteout);
}

/* Between the name of a directory and what is in it: names may be empty, or the root's own. */
static const char *separator(const char *name) {
    size_t length = strlen(name);
    return length && name[length - 1] != '/' ? "/" : "";
}

static void put_opaque(const char *path, const char *name, const struct stat *s) {
    char value[2], *marker;
    if (lgetxattr(path, "trusted.overlay.opaque", value, sizeof value) != 1 || value[0] != 'y') return;
    if (asprintf(&marker, "%s%s.wh..wh..opq", name, separator(name)) < 0) fail("allocating", name);
    struct stat plain = {.st_mode = S_IFREG, .st_uid = s->st_uid, .st_gid = s->st_gid};
    put_header(marker, "", '0', &plain, 0);
    free(marker);
}

static void put_tree(int directory, const char *path, const char *name);

/* Whether a directory begins what the kernel makes up, or a container's devices: no files to keep. The types are numbers
   of linux/magic.h, which musl does not bring. */
static int is_made_up(int fd, const char *path, const struct stat *s) {
    struct statfs f;
    if (!how->leave_out_made_up || s->st_dev == start_device || fstatfs(fd, &f) < 0) return 0;
    if (f.f_type == 0x01021994 /* tmpfs */) return strcmp(path, "dev") == 0;
    switch (f.f_type) {
    case 0x9fa0:
    case 0x62656572:
    case 0x27e0eb:
    case 0x63677270: /* proc, sysfs, cgroup, cgroup2 */
    case 0x1cd1:
    case 0x19800202:                                 /* devpts, mqueue */
    case 0x64626720:
    case 0x74726163:
    case 0x73636673:
    case 0xcafe4a11: /* debugfs, tracefs, securityfs, bpf */ return 1;
    }
    return 0;
}

/* The names in a directory, one after the other, each with its final zero. */
static char *read_names(int fd, const char *name, size_t *length) {
    DIR *directory = fdopendir(dup(fd));
    if (!directory) fail("reading the directory", name);
    char *list = NULL;
    size_t room = 0;
    *length = 0;
    for (struct dirent *d; (d = readdir(directory));) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        size_t n = strlen(d->d_name) + 1;
        if (*length + n > room) {
            room = (room + *length + n) * 2;
            list = realloc(list, room);
            if (!list) fail("allocating", name);
        }
        memcpy(list + *length, d->d_name, n);
        *length += n;
    }
    closedir(directory);
    return list;
}

/* Our working directory becomes `fd`, and `directory` again when all of its entries are written. */
static void put_entries(int directory, int fd, const char *name) {
    size_t length, count;
    char *list = read_names(fd, name, &length), **names = sorted_names(list, length, &count);
    if (fchdir(fd) < 0) fail("entering", name);
    for (size_t i = 0; i < count; i++) {
        char *child;
        if (asprintf(&child, "%s%s%s", name, separator(name), names[i]) < 0) fail("allocating", name);
        put_tree(fd, names[i], child);
        free(child);
    }
    if (fchdir(directory) < 0) fail("leaving", name);
    free(names);
    free(list);
}

static void put_directory(int directory, const char *path, const char *name) {
    struct stat s;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && has_changed()) return;
    if (fd < 0 || fstat(fd, &s) < 0) fail("opening the directory", name);
    if (*name) {
        char *with_slash;
        if (asprintf(&with_slash, "%s%s", name, separator(name)) < 0) fail("allocating", name);
        collect_attributes(path);
        put_header(with_slash, "", '5', &s, 0);
        free(with_slash);
    }
    if (how->layer) put_opaque(path, name, &s);
    if (!is_made_up(fd, path, &s)) put_entries(directory, fd, name);
    close(fd);
}

static void put_link(const char *path, const char *name, const struct stat *s) {
    char target[4097];
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n < 0 && has_changed()) return;
    if (n < 0) fail("reading the link", name);
    target[n] = 0;
    put_header(name, target, '2', s, 0);
}

/* @param directory our working directory, which `path` is an entry of. */
static void put_tree(int directory, const char *path, const char *name) {
    struct stat s;
    if (strlen(name) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        fail("looking at", name);
    }
    if (lstat(path, &s) < 0) {
        if (errno == ENOENT) return;   /* gone since its directory was read */
        fail("looking at", name);
    }
    if (S_ISSOCK(s.st_mode)) return;   /* a socket means nothing elsewhere */
    if (how->layer && S_ISCHR(s.st_mode) && s.st_rdev == 0) {
        put_whiteout(name, &s);
        return;
    }
    if (S_ISDIR(s.st_mode)) {
        put_directory(directory, path, name);
        return;
    }
    if (S_ISREG(s.st_mode)) {
        put_file(path, name);
        return;
    }
    const char *first = linked_before(&s, name);
    if (first) {
        put_header(name, first, '1', &s, 0);
        return;
    }
    collect_attributes(path);
    if (S_ISLNK(s.st_mode)) put_link(path, name, &s);
    else put_header(name, "", S_ISCHR(s.st_mode) ? '3' : S_ISBLK(s.st_mode) ? '4' : '6', &s, 0);
}

void pack(const struct packing *packing) {
    struct stat s;
    how = packing;
    const char *start = *how->path ? how->path : ".";
    int directory = open_directory(AT_FDCWD, ".");
    if (directory < 0 || lstat(start, &s) < 0) fail("looking at", start);
    raise_descriptors();
    start_device = s.st_dev;
    put_tree(directory, start, how->name);
    put_zeros(2 * BLOCK);
    flush();
}
