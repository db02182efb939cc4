/*
 * Reading tar: ustar, GNU (long names, old sparse files) and pax (with extended attributes and sparse 1.0).
 * The caller has already made the destination our root folder: a name can lead nowhere else.
 */
#include "fs.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
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


static char buffer[1 << 18];
static size_t buffered, consumed;

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

/* Sizes of other kinds of entries say nothing of what follows their header. */
static int has_contents(char type) { return type == '0' || type == '7' || type == 'S'; }

static long long padding(long long size) { return (BLOCK - size % BLOCK) % BLOCK; }

static long long number(const char *field, size_t length) {
    const unsigned char *bytes = (const unsigned char *)field;
    long long value = 0;
    if (bytes[0] & 0x80) {   /* GNU base 256 */
        value = bytes[0] == 0xff ? -1 : bytes[0] & 0x7f;
        for (size_t i = 1; i < length; i++) {
            if (value > INT64_MAX >> 8 || value < INT64_MIN >> 8) refuse("a number of a header is out of range", "(more than 63 bits)");
            value = (long long)((unsigned long long)value << 8 | bytes[i]);
        }
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
    if (e->span_count >= MAX_SPANS) refuse("a sparse map is too large", e->path ? e->path : "");
    if ((e->span_count & (e->span_count - 1)) == 0) {   /* full, as powers of two are */
        e->spans = realloc(e->spans, (e->span_count ? e->span_count * 2 : 1) * sizeof *e->spans);
        if (!e->spans) fail("allocating", "a sparse map");
    }
    e->spans[e->span_count++] = (struct span){offset, length};
}

static struct timespec parse_time(const char *value) {
    char *rest;
    struct timespec t = {.tv_sec = strtoll(value, &rest, 10)};
    if (t.tv_sec == INT64_MIN) t.tv_sec++;
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

/* A decimal number that is not negative; others would be read in as many ways as there are programs. */
static long long decimal(const char *value, size_t length, const char *key) {
    char *rest;
    errno = 0;
    long long n = strtoll(value, &rest, 10);
    if (value[0] < '0' || value[0] > '9' || rest != value + length || errno) refuse("a pax record has no number", key);
    return n;
}

static void pax_record(struct pax *pax, const char *key, const char *value, size_t length) {
    int is_text = strcmp(key, "path") == 0 || strcmp(key, "linkpath") == 0 || strcmp(key, "GNU.sparse.name") == 0;
    if (is_text && strlen(value) != length) refuse("a name has a zero byte in it", value);
    if (strcmp(key, "path") == 0 || strcmp(key, "GNU.sparse.name") == 0) set(&pax->path, text(value, length));
    else if (strcmp(key, "linkpath") == 0) set(&pax->link, text(value, length));
    else if (strcmp(key, "size") == 0) pax->size = decimal(value, length, key);
    else if (strcmp(key, "uid") == 0) pax->uid = decimal(value, length, key);
    else if (strcmp(key, "gid") == 0) pax->gid = decimal(value, length, key);
    else if (strcmp(key, "GNU.sparse.realsize") == 0) pax->real_size = decimal(value, length, key);
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
        if (memchr(key, 0, (size_t)(equals - key))) refuse("a pax record is malformed", "(a zero byte in its name)");
        *equals = 0;
        *stop = 0;
        pax_record(pax, key, equals + 1, (size_t)(stop - equals - 1));
        at += whole;
    }
}

/* @param left how much all that stands before one entry may still take. */
static char *take_text(long long size, const char *what, long long *left) {
    if (size < 0 || size > *left) refuse("an extended header is too large", what);
    *left -= size;
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

static unsigned owner(long long id, const char *path) {
    if (id < 0 || id >= UINT32_MAX) refuse("an entry's owner is out of range", path);
    return (unsigned)id;
}

static void fill_entry(struct entry *e, const char *block, struct pax *pax) {
    const struct header *h = (const struct header *)block;
    char full[260];
    int ustar = memcmp(h->magic, "ustar\0", 6) == 0;
    snprintf(full, sizeof full, "%.*s%s%.100s", ustar ? 155 : 0, h->prefix, ustar && h->prefix[0] ? "/" : "", h->name);
    e->path = pax->path ? pax->path : text(full, strlen(full));
    size_t length = strlen(e->path);
    /* Before there were types, a slash told a folder. */
    e->type = h->type ? h->type : length > 0 && e->path[length - 1] == '/' ? '5' : '0';
    e->link = pax->link ? pax->link : text(h->link, sizeof h->link);
    e->mode = (mode_t)number(h->mode, 8) & 07777;
    e->uid = owner(pax->uid >= 0 ? pax->uid : number(h->uid, 8), e->path);
    e->gid = owner(pax->gid >= 0 ? pax->gid : number(h->gid, 8), e->path);
    e->size = pax->size >= 0 ? pax->size : number(h->size, 12);
    e->real_size = pax->sparse_1_0 && pax->real_size >= 0 ? pax->real_size : e->size;
    e->mtime = pax->has_mtime ? pax->mtime : (struct timespec){.tv_sec = number(h->mtime, 12)};
    e->device = makedev((unsigned)number(h->major, 8), (unsigned)number(h->minor, 8));
    e->attributes = pax->attributes;
    e->sparse_1_0 = pax->sparse_1_0;
    if (e->type == 'S') {
        e->real_size = number(block + 483, 12);
        old_sparse_map(e, block);
    }
    if (e->size < 0 || e->real_size < 0) refuse("an entry has a negative size", e->path);
}

/* The next entry, or 0 at the end of the archive. */
static int next_entry(struct entry *e) {
    char block[BLOCK];
    struct pax pax = NOTHING;
    long long left = MAX_PAX;
    *e = (struct entry){0};
    for (;;) {
        if (fill() == 0) return 0;
        take(block, BLOCK, "a header");
        if (all_zero(block)) return 0;
        check_header(block);
        char type = block[156];
        long long size = number(block + 124, 12);
        if (type == 'x') {
            char *data = take_text(size, "a pax header", &left);
            parse_pax(&pax, data, (size_t)size);
            free(data);
        } else if (type == 'g') {
            free(take_text(size, "a global pax header", &left));
        } else if (type == 'L') {
            set(&pax.path, take_text(size, "a long name", &left));
        } else if (type == 'K') {
            set(&pax.link, take_text(size, "a long link name", &left));
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

/* What the kernel refuses because of what the archive says, not because of the host. */
_Noreturn static void blame(const char *action, const char *on) {
    switch (errno) {
    case EEXIST: case EFBIG: case EISDIR: case ELOOP: case ENAMETOOLONG: case ENOENT: case ENOTDIR: case E2BIG: case ERANGE:
        fail_as(INVALID, action, on);
    }
    fail(action, on);
}

/*
 * The folder whose entries are being made is our working folder: entries are reached by their last name alone, so nothing
 * that happens to the names above them meanwhile can lead elsewhere. What is above is walked once for each change of
 * folder, and never through a link of /proc, which leads out of any root.
 */
static int top = -1;            /* where the archive's names begin */
static char *current;           /* the working folder, below `top`; NULL: none yet */
static int current_was_written; /* it has a time by this archive, which what is made in it would change */
static struct timespec current_time, began;

/* Whether this process made or described the folder: then its change of status is no older than we are. Some file systems
   have whole seconds only. */
static int was_written(const struct stat *s) {
    struct timespec changed = s->st_ctim;
    if (changed.tv_sec != began.tv_sec) return changed.tv_sec > began.tv_sec;
    return changed.tv_nsec == 0 || changed.tv_nsec >= began.tv_nsec;
}

static void leave(void) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, current_time};
    if (current && current_was_written) utimensat(AT_FDCWD, ".", times, 0);
    set(&current, NULL);
}

/* Folders that no entry of a layer describes are as old as what they were made for: the same layer, the same files. */
static const struct timespec *time_of_missing;

static void make_missing(int parent, const char *name, const char *path) {
    struct stat s;
    if (fstat(parent, &s) < 0) fail("looking at the folder of", path);
    if (mkdirat(parent, name, 0755) < 0) {
        if (errno != EEXIST) blame("making the folder", path);
        return;
    }
    if (time_of_missing) {
        struct timespec own[2] = {*time_of_missing, *time_of_missing};
        utimensat(parent, name, own, AT_SYMLINK_NOFOLLOW);
    }
    struct timespec before[2] = {{.tv_nsec = UTIME_OMIT}, s.st_mtim};
    if (was_written(&s)) utimensat(parent, ".", before, 0);
}

/* Opens a folder below `top`, and makes those that are missing. */
static int need_folder(char *path) {
    int fd = open_folder(top, *path ? path : ".");
    if (fd >= 0) return fd;
    if (errno != ENOENT) blame("making a file in", path);
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
    int parent = need_folder(slash ? path : "");
    if (slash) *slash = '/';
    const char *name = slash ? slash + 1 : path;
    make_missing(parent, name, path);
    fd = open_folder(parent, name);
    if (fd < 0) blame("making a file in", path);
    close(parent);
    return fd;
}

/* @param path of a folder; changed while this runs. */
static void enter(char *path) {
    if (current && strcmp(current, path) == 0) return;
    leave();
    char place[4096];
    struct stat s;
    int fd = need_folder(path);
    if (fchdir(fd) < 0 || fstat(fd, &s) < 0) fail("entering", path);
    close(fd);
    /* Through links, a folder can lie deeper than any name can say. */
    if (!getcwd(place, sizeof place)) {
        errno = ENAMETOOLONG;
        blame("entering", path);
    }
    current = text(path, strlen(path));
    current_was_written = was_written(&s);
    current_time = s.st_mtim;
}

static int is_whiteout(const struct stat *s) { return S_ISCHR(s->st_mode) && s->st_rdev == 0; }

static void make_opaque(const char *name, const char *path) {
    if (lsetxattr(name, "trusted.overlay.opaque", "y", 1, 0) < 0) fail("making opaque", path);
}

static void write_all(int fd, const char *data, size_t length, const char *path) {
    while (length > 0) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) blame("writing", path);
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
                if (lseek(fd, (off_t)step, SEEK_CUR) < 0) blame("seeking in", path);
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
            if (lseek(fd, e->spans[i].offset, SEEK_SET) < 0) blame("seeking in", e->path);
            copy_in(fd, e->spans[i].length, e->path);
            left -= e->spans[i].length;
        }
        skip(left, e->path);
    }
    if (ftruncate(fd, e->real_size) < 0) blame("writing", e->path);
    skip(padding(archived), e->path);
}

static void skip_contents(const struct entry *e) {
    if (!has_contents(e->type)) return;
    skip(e->size, "an entry without content");
    skip(padding(e->size), "an entry without content");
}

/* @param fd of a file or folder; -1: what `name` is, itself. */
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

static void make_folder(const struct entry *e, const char *name, int is_opaque) {
    if (mkdir(name, 0700) < 0 && errno != EEXIST) blame("making the folder", e->path);
    if (is_opaque) make_opaque(name, e->path);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) blame("opening the folder", e->path);
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

static void make_hard_link(struct entry *e, const char *name) {
    normalise(e->link);
    char *slash = strrchr(e->link, '/');
    if (slash) *slash = 0;
    int at = open_folder(top, slash ? e->link : ".");
    if (slash) *slash = '/';
    if (at < 0 || linkat(at, slash ? slash + 1 : e->link, AT_FDCWD, name, 0) < 0) {
        if (errno == EPERM) refuse("a hard link to a folder", e->path);
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

static void make_entry(struct entry *e, const char *name, const struct placing *how) {
    struct stat s;
    int exists = lstat(name, &s) == 0;
    if (exists && how->keep_kinds && S_ISDIR(s.st_mode) != (e->type == '5'))
        refuse(e->type == '5' ? "cannot overwrite non-directory with directory" : "cannot overwrite directory with non-directory", e->path);
    if (exists && !(S_ISDIR(s.st_mode) && e->type == '5')) remove_tree(AT_FDCWD, name);
    switch (e->type) {
    case '5': make_folder(e, name, how->layer && exists && is_whiteout(&s)); break;
    case '0': case '7': case 'S': make_file(e, name); break;
    case '1': make_hard_link(e, name); break;
    case '2':
        if (symlink(e->link, name) < 0) blame("making the symlink", e->path);
        set_metadata(e, -1, name);
        break;
    case '3': case '4': case '6': make_special(e, name); break;
    default: refuse("an entry has an unknown type", e->path);
    }
}

static void place(struct entry *e, const struct placing *how) {
    if (how->owned) e->uid = how->uid, e->gid = how->gid;
    normalise(e->path);
    if (*e->path == 0 && e->type != '5') {
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
    top = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) fail("opening", ".");
    clock_gettime(CLOCK_REALTIME_COARSE, &began);   /* the clock of files' times */
    while (next_entry(&e)) {
        place(&e, how);
        release(&e);
    }
    leave();
    while (fill() > 0) consumed = buffered;   /* the writer must not meet a closed pipe */
}
