/*
 * Reading tar: ustar, GNU (long names, old sparse files) and pax (with extended attributes and sparse 1.0).
 * The caller has already made the destination our root folder: a name can lead nowhere else.
 */
#include "fs.h"
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct attribute { char *name; char *value; size_t length; struct attribute *next; };
struct span { long long offset, length; };

struct entry {
    char type;
    char *path, *link;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    dev_t device;
    long long size;        /* bytes in the archive */
    long long real_size;   /* bytes of the file; differs for sparse files */
    struct timespec mtime;
    struct attribute *attributes;
    struct span *spans;    /* sparse: where the archived bytes go */
    size_t span_count;
    int sparse_1_0;
};

struct folder_time { char *path; struct timespec mtime; };

static char buffer[1 << 18];
static size_t buffered, consumed;
static struct folder_time *folder_times;
static size_t folder_count, folder_room;

/* --- bytes --- */

static size_t fill(void) {
    if (consumed < buffered) return buffered - consumed;
    ssize_t n;
    while ((n = read(0, buffer, sizeof buffer)) < 0 && errno == EINTR) continue;
    if (n < 0) fail("reading", "the archive");
    buffered = (size_t)n;
    consumed = 0;
    return buffered;
}

static void take(void *to, size_t length, const char *what) {
    for (char *at = to; length > 0;) {
        size_t have = fill();
        if (have == 0) refuse("the archive ends in the middle of", what);
        size_t n = have < length ? have : length;
        memcpy(at, buffer + consumed, n);
        consumed += n;
        at += n;
        length -= n;
    }
}

static void skip(long long length, const char *what) {
    while (length > 0) {
        size_t have = fill();
        if (have == 0) refuse("the archive ends in the middle of", what);
        size_t n = (long long)have < length ? have : (size_t)length;
        consumed += n;
        length -= (long long)n;
    }
}

static long long padding(long long size) { return (BLOCK - size % BLOCK) % BLOCK; }

static long long number(const char *field, size_t length) {
    const unsigned char *bytes = (const unsigned char *)field;
    long long value = 0;
    if (bytes[0] & 0x80) {   /* GNU base 256 */
        value = bytes[0] == 0xff ? -1 : bytes[0] & 0x7f;
        for (size_t i = 1; i < length; i++) value = (long long)((unsigned long long)value << 8 | bytes[i]);
        return value;
    }
    size_t i = 0;
    while (i < length && field[i] == ' ') i++;
    for (; i < length && field[i] >= '0' && field[i] <= '7'; i++) value = value * 8 + (field[i] - '0');
    return value;
}

static char *text(const char *field, size_t length) {
    char *copy = strndup(field, length);
    if (!copy) fail("allocating", "a name");
    return copy;
}

static void set(char **slot, char *value) {
    free(*slot);
    *slot = value;
}

/* --- headers --- */

static void add_span(struct entry *e, long long offset, long long length) {
    if (offset < 0 || length < 0 || offset > INT64_MAX - length) refuse("a sparse map is out of range", e->path ? e->path : "");
    e->spans = realloc(e->spans, (e->span_count + 1) * sizeof *e->spans);
    if (!e->spans) fail("allocating", "a sparse map");
    e->spans[e->span_count++] = (struct span){offset, length};
}

static struct timespec parse_time(const char *value) {
    char *rest;
    struct timespec t = {.tv_sec = strtoll(value, &rest, 10)};
    if (*rest == '.') {
        long scale = 100000000;
        for (rest++; *rest >= '0' && *rest <= '9' && scale > 0; rest++, scale /= 10) t.tv_nsec += (*rest - '0') * scale;
    }
    if (value[0] == '-' && t.tv_nsec > 0) {
        t.tv_sec--;
        t.tv_nsec = 1000000000 - t.tv_nsec;
    }
    return t;
}

/* What pax says of the next entry; a field keeps 0 / NULL / -1 where it says nothing. */
struct pax { char *path, *link; long long size, uid, gid, real_size; int has_mtime, sparse_1_0; struct timespec mtime; struct attribute *attributes; };
static const struct pax NOTHING = {.size = -1, .uid = -1, .gid = -1, .real_size = -1};

static void pax_record(struct pax *pax, const char *key, const char *value, size_t length) {
    if (strcmp(key, "path") == 0 || strcmp(key, "GNU.sparse.name") == 0) set(&pax->path, text(value, length));
    else if (strcmp(key, "linkpath") == 0) set(&pax->link, text(value, length));
    else if (strcmp(key, "size") == 0) pax->size = strtoll(value, NULL, 10);
    else if (strcmp(key, "uid") == 0) pax->uid = strtoll(value, NULL, 10);
    else if (strcmp(key, "gid") == 0) pax->gid = strtoll(value, NULL, 10);
    else if (strcmp(key, "GNU.sparse.realsize") == 0) pax->real_size = strtoll(value, NULL, 10);
    else if (strcmp(key, "GNU.sparse.major") == 0) pax->sparse_1_0 = value[0] == '1';
    else if (strcmp(key, "GNU.sparse.map") == 0) refuse("sparse files of pax format 0 are not supported", value);
    else if (strcmp(key, "mtime") == 0) {
        pax->mtime = parse_time(value);
        pax->has_mtime = 1;
    } else if (strncmp(key, "SCHILY.xattr.", 13) == 0) {
        struct attribute *a = calloc(1, sizeof *a);
        if (!a) fail("allocating", "an attribute");
        a->name = text(key + 13, strlen(key + 13));
        a->value = malloc(length + 1);
        if (!a->value) fail("allocating", "an attribute");
        memcpy(a->value, value, length);
        a->length = length;
        a->next = pax->attributes;
        pax->attributes = a;
    }
}

static void parse_pax(struct pax *pax, char *data, size_t length) {
    for (char *at = data, *end = data + length; at < end;) {
        char *rest;
        long long whole = strtoll(at, &rest, 10);
        if (rest == at || *rest != ' ' || whole <= rest - at + 1 || whole > end - at) refuse("a pax record is malformed", "(length)");
        char *key = rest + 1, *stop = at + whole - 1, *equals = memchr(key, '=', (size_t)(stop - key));
        if (!equals) refuse("a pax record is malformed", "(no =)");
        *equals = 0;
        *stop = 0;
        pax_record(pax, key, equals + 1, (size_t)(stop - equals - 1));
        at += whole;
    }
}

static char *take_text(long long size, const char *what) {
    if (size < 0 || size > MAX_PAX) refuse("an extended header is too large", what);
    char *data = calloc(1, (size_t)size + 1);
    if (!data) fail("allocating", what);
    take(data, (size_t)size, what);
    skip(padding(size), what);
    return data;
}

static void old_sparse_map(struct entry *e, const char *block) {
    const char *fields = block + 386;
    int count = 4, more = block[482];
    char extension[BLOCK];
    for (;;) {
        for (int i = 0; i < count; i++, fields += 24)
            if (fields[0]) add_span(e, number(fields, 12), number(fields + 12, 12));
        if (!more) return;
        take(extension, BLOCK, "a sparse map");
        fields = extension;
        count = 21;
        more = extension[504];
    }
}

static int all_zero(const char *block) {
    for (int i = 0; i < BLOCK; i++)
        if (block[i]) return 0;
    return 1;
}

static void check_header(const char *block) {
    long long sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : (unsigned char)block[i];
    if (sum != number(block + 148, 8)) refuse("not a tar archive", "a header's checksum does not match");
}

static void fill_entry(struct entry *e, const char *block, struct pax *pax) {
    const struct header *h = (const struct header *)block;
    char full[260];
    int ustar = memcmp(h->magic, "ustar\0", 6) == 0;
    snprintf(full, sizeof full, "%.*s%s%.100s", ustar ? 155 : 0, h->prefix, ustar && h->prefix[0] ? "/" : "", h->name);
    e->type = h->type ? h->type : '0';
    e->path = pax->path ? pax->path : text(full, strlen(full));
    e->link = pax->link ? pax->link : text(h->link, sizeof h->link);
    e->mode = (mode_t)number(h->mode, 8) & 07777;
    e->uid = (uid_t)(pax->uid >= 0 ? pax->uid : number(h->uid, 8));
    e->gid = (gid_t)(pax->gid >= 0 ? pax->gid : number(h->gid, 8));
    e->size = pax->size >= 0 ? pax->size : number(h->size, 12);
    e->real_size = pax->real_size >= 0 ? pax->real_size : e->size;
    e->mtime = pax->has_mtime ? pax->mtime : (struct timespec){.tv_sec = number(h->mtime, 12)};
    e->device = makedev((unsigned)number(h->major, 8), (unsigned)number(h->minor, 8));
    e->attributes = pax->attributes;
    e->sparse_1_0 = pax->sparse_1_0;
    if (e->size < 0 || e->real_size < 0) refuse("an entry has a negative size", e->path);
    if (e->type == 'S') {
        e->real_size = number(block + 483, 12);
        old_sparse_map(e, block);
    }
}

/* The next entry, or 0 at the end of the archive. */
static int next_entry(struct entry *e) {
    char block[BLOCK];
    struct pax pax = NOTHING;
    *e = (struct entry){0};
    for (;;) {
        if (fill() == 0) return 0;
        take(block, BLOCK, "a header");
        if (all_zero(block)) return 0;
        check_header(block);
        char type = block[156];
        long long size = number(block + 124, 12);
        if (type == 'x') {
            char *data = take_text(size, "a pax header");
            parse_pax(&pax, data, (size_t)size);
            free(data);
        } else if (type == 'g') {
            free(take_text(size, "a global pax header"));
        } else if (type == 'L') {
            set(&pax.path, take_text(size, "a long name"));
        } else if (type == 'K') {
            set(&pax.link, take_text(size, "a long link name"));
        } else {
            fill_entry(e, block, &pax);
            return 1;
        }
    }
}

static void release(struct entry *e) {
    free(e->path);
    free(e->link);
    free(e->spans);
    for (struct attribute *a = e->attributes, *next; a; a = next) {
        next = a->next;
        free(a->name);
        free(a->value);
        free(a);
    }
}

/* --- files --- */

/* Makes `path` relative to our root: no leading `/` or `./`, no empty or `.` part; `..` is refused. */
static void normalise(char *path) {
    char *to = path;
    for (char *part = path, *end; *part; part = end) {
        while (*part == '/') part++;
        end = part + strcspn(part, "/");
        size_t n = (size_t)(end - part);
        if (n == 2 && part[0] == '.' && part[1] == '.') refuse("refusing an entry whose name leaves its folder", path);
        if (n == 0 || (n == 1 && part[0] == '.')) continue;
        if (to != path) *to++ = '/';
        memmove(to, part, n);
        to += n;
    }
    *to = 0;
}

static void remove_tree(int at, const char *name) {
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) return;
    if (errno != EISDIR && errno != EPERM) fail("removing", name);
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) fail("reading the folder", name);
    for (struct dirent *d; (d = readdir(folder));)
        if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..")) remove_tree(fd, d->d_name);
    closedir(folder);
    if (unlinkat(at, name, AT_REMOVEDIR) < 0) fail("removing", name);
}

static void make_parents(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash) return;
    *slash = 0;
    struct stat s;
    if (stat(path, &s) < 0) {
        if (errno != ENOENT) fail("looking at", path);
        make_parents(path);
        if (mkdir(path, 0755) < 0) fail("making the folder", path);
    } else if (!S_ISDIR(s.st_mode)) {
        errno = ENOTDIR;
        fail("making a file in", path);
    }
    *slash = '/';
}

static int is_whiteout(const struct stat *s) { return S_ISCHR(s->st_mode) && s->st_rdev == 0; }

static void make_opaque(const char *folder) {
    if (setxattr(folder, "trusted.overlay.opaque", "y", 1, 0) < 0) fail("making opaque", folder);
}

static void write_all(int fd, const char *data, size_t length, const char *path) {
    while (length > 0) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("writing", path);
        data += n;
        length -= (size_t)n;
    }
}

/* Copies archive bytes to the file's position; stretches of zeros become holes. */
static void copy_in(int fd, long long length, const char *path) {
    static const char zeros[4096];
    while (length > 0) {
        size_t have = fill();
        if (have == 0) refuse("the archive ends in the middle of", path);
        size_t n = (long long)have < length ? have : (size_t)length;
        for (size_t done = 0; done < n;) {
            size_t step = n - done < sizeof zeros ? n - done : sizeof zeros;
            const char *at = buffer + consumed + done;
            if (memcmp(at, zeros, step) == 0) {
                if (lseek(fd, (off_t)step, SEEK_CUR) < 0) fail("seeking in", path);
                done += step;
                continue;
            }
            size_t run = step;   /* as many pages with content as follow each other */
            while (done + run + sizeof zeros <= n && memcmp(at + run, zeros, sizeof zeros) != 0) run += sizeof zeros;
            if (n - done - run < sizeof zeros) run = n - done;
            write_all(fd, at, run, path);
            done += run;
        }
        consumed += n;
        length -= (long long)n;
    }
}

/* pax sparse 1.0: the map is decimal lines at the start of the data, padded to whole blocks. */
static void sparse_map_1_0(struct entry *e) {
    char block[BLOCK];
    size_t at = BLOCK;
    long long numbers = 0, want = -1, value = 0, first = 0;
    while (want < 0 || numbers < want) {
        if (at == BLOCK) {
            if (e->size < BLOCK) refuse("a sparse map is malformed", e->path);
            take(block, BLOCK, "a sparse map");
            e->size -= BLOCK;
            at = 0;
        }
        char c = block[at++];
        if (c >= '0' && c <= '9' && value < INT64_MAX / 16) value = value * 10 + (c - '0');
        else if (c != '\n') refuse("a sparse map is malformed", e->path);
        else if (want < 0) {
            if (value > 1 << 20) refuse("a sparse map is too large", e->path);
            want = value * 2;
            value = 0;
        } else {
            if (numbers++ % 2 == 0) first = value;
            else add_span(e, first, value);
            value = 0;
        }
    }
}

static void write_contents(int fd, struct entry *e) {
    long long archived = e->size;
    if (e->sparse_1_0) sparse_map_1_0(e);
    if (e->span_count == 0 && !e->sparse_1_0) {
        copy_in(fd, e->size, e->path);
    } else {
        long long left = e->size;
        for (size_t i = 0; i < e->span_count; i++) {
            if (e->spans[i].length > left || e->spans[i].offset + e->spans[i].length > e->real_size) refuse("a sparse map does not fit its file", e->path);
            if (lseek(fd, e->spans[i].offset, SEEK_SET) < 0) fail("seeking in", e->path);
            copy_in(fd, e->spans[i].length, e->path);
            left -= e->spans[i].length;
        }
        skip(left, e->path);
    }
    if (ftruncate(fd, e->real_size) < 0) fail("writing", e->path);
    skip(padding(archived), e->path);
}

static void set_attributes(const struct entry *e) {
    for (const struct attribute *a = e->attributes; a; a = a->next) {
        if (strncmp(a->name, "trusted.overlay.", 16) == 0 || strncmp(a->name, "user.overlay.", 13) == 0) continue;
        if (lsetxattr(e->path, a->name, a->value, a->length, 0) < 0 && errno != ENOTSUP && errno != EPERM)
            fail("setting an extended attribute of", e->path);
    }
}

static void remember_time(const struct entry *e) {
    if (folder_count == folder_room) {
        folder_room = folder_room ? folder_room * 2 : 64;
        folder_times = realloc(folder_times, folder_room * sizeof *folder_times);
        if (!folder_times) fail("allocating", "folder times");
    }
    folder_times[folder_count++] = (struct folder_time){text(e->path, strlen(e->path)), e->mtime};
}

static void set_metadata(const struct entry *e) {
    if (lchown(e->path, e->uid, e->gid) < 0) fail("setting the owner of", e->path);
    if (e->type != '2' && chmod(e->path, e->mode) < 0) fail("setting the mode of", e->path);
    set_attributes(e);   /* after the owner: changing it drops capabilities */
    struct timespec times[2] = {e->mtime, e->mtime};
    if (e->type == '5') remember_time(e);
    else if (utimensat(AT_FDCWD, e->path, times, AT_SYMLINK_NOFOLLOW) < 0) fail("setting the time of", e->path);
}

static void make_folder(const struct entry *e, int layer, int was_whiteout) {
    if (mkdir(e->path, 0700) < 0 && errno != EEXIST) fail("making the folder", e->path);
    if (layer && was_whiteout) make_opaque(e->path);
}

static void make_file(struct entry *e) {
    int fd = open(e->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) fail("making", e->path);
    write_contents(fd, e);
    if (close(fd) < 0) fail("writing", e->path);
}

static void make_special(const struct entry *e) {
    mode_t kind = e->type == '3' ? S_IFCHR : e->type == '4' ? S_IFBLK : S_IFIFO;
    if (mknod(e->path, kind | 0600, kind == S_IFIFO ? 0 : e->device) < 0) fail("making the device", e->path);
}

/* A whiteout hides what lower layers have; what this layer itself has stays. */
static void make_whiteout(char *path, char *base) {
    if (strcmp(base, ".wh..wh..opq") == 0) {
        if (base == path) make_opaque(".");
        else {
            base[-1] = 0;
            make_opaque(path);
        }
        return;
    }
    if (strncmp(base, ".wh..wh.", 8) == 0) return;
    memmove(base, base + 4, strlen(base + 4) + 1);
    struct stat s;
    if (*base == 0 || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) refuse("a whiteout names no file", path);
    if (lstat(path, &s) < 0) {
        if (mknod(path, S_IFCHR, 0) < 0) fail("making a whiteout for", path);
    } else if (S_ISDIR(s.st_mode)) {
        make_opaque(path);
    }
}

static void place(struct entry *e, const struct placing *how) {
    int layer = how->layer;
    if (how->owned) e->uid = how->uid, e->gid = how->gid;
    normalise(e->path);
    if (*e->path == 0) {
        if (e->type == '5') set(&e->path, text(".", 1));
        else return;
    }
    make_parents(e->path);
    char *slash = strrchr(e->path, '/'), *base = slash ? slash + 1 : e->path;
    if (layer && strncmp(base, ".wh.", 4) == 0) {
        make_whiteout(e->path, base);
        return;
    }
    struct stat s;
    int exists = lstat(e->path, &s) == 0;
    if (exists && how->keep_kinds && S_ISDIR(s.st_mode) != (e->type == '5'))
        refuse(e->type == '5' ? "cannot overwrite non-directory with directory" : "cannot overwrite directory with non-directory", e->path);
    if (exists && !(S_ISDIR(s.st_mode) && e->type == '5')) remove_tree(AT_FDCWD, e->path);
    switch (e->type) {
    case '5': make_folder(e, layer, exists && is_whiteout(&s)); break;
    case '0': case '7': case 'S': make_file(e); break;
    case '1':
        normalise(e->link);
        if (linkat(AT_FDCWD, e->link, AT_FDCWD, e->path, 0) < 0) fail("making a hard link to", e->link);
        return;
    case '2':
        if (symlink(e->link, e->path) < 0) fail("making the symlink", e->path);
        break;
    case '3': case '4': case '6': make_special(e); break;
    default: refuse("an entry has an unknown type", e->path);
    }
    set_metadata(e);
}

void unpack(const struct placing *how) {
    int layer = how->layer;
    struct entry e;
    while (next_entry(&e)) {
        int has_data = e.type == '0' || e.type == '7' || e.type == 'S';
        long long size = e.size;
        long long before = has_data ? 1 : 0;
        char *name = text(e.path, strlen(e.path));
        normalise(name);
        char *slash = strrchr(name, '/');
        /* Whiteouts and nameless entries take no data; the bytes are passed over. */
        if (before && (*name == 0 || (layer && strncmp(slash ? slash + 1 : name, ".wh.", 4) == 0))) before = 0;
        free(name);
        place(&e, how);
        if (!before) skip(size + padding(size), "an entry without content");
        release(&e);
    }
    /* Deepest first is not needed: setting a folder's time does not change its parent's. */
    for (size_t i = 0; i < folder_count; i++) {
        struct timespec times[2] = {folder_times[i].mtime, folder_times[i].mtime};
        utimensat(AT_FDCWD, folder_times[i].path, times, AT_SYMLINK_NOFOLLOW);
    }
    while (fill() > 0) consumed = buffered;   /* the writer must not meet a closed pipe */
}
