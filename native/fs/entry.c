/*
 * Reading tar: ustar, GNU (long names, old sparse files) and pax (with extended attributes and sparse 1.0).
 * What one entry takes of memory is bounded, whatever the archive says.
 */
#include "entry.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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
        if (have == 0) refuse_as(ENDS_EARLY, "the archive ends in the middle of", what);
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
        if (have == 0) refuse_as(ENDS_EARLY, "the archive ends in the middle of", what);
        size_t n = (long long)have < length ? have : (size_t)length;
        consumed += n;
        length -= (long long)n;
    }
}

static long long padding(long long size) { return (BLOCK - size % BLOCK) % BLOCK; }

/* What fills up an entry's last block; nothing is lost where the archive ends before it. */
static void skip_padding(long long size) {
    long long length = padding(size);
    while (length > 0 && fill() > 0) {
        size_t have = fill(), n = (long long)have < length ? have : (size_t)length;
        consumed += n;
        length -= (long long)n;
    }
}

/* Sizes of other kinds of entries say nothing of what follows their header. */
int has_contents(char type) { return type == '0' || type == '7' || type == 'S'; }

static long long number(const char *field, size_t length) {
    const unsigned char *bytes = (const unsigned char *)field;
    long long value = 0;
    if (bytes[0] & 0x80) {   /* GNU base 256 */
        value = bytes[0] == 0xff ? -1 : bytes[0] & 0x7f;
        for (size_t i = 1; i < length; i++) {
            if (value > INT64_MAX >> 8 || value < INT64_MIN >> 8)
                refuse("a number of a header is out of range", "(more than 63 bits)");
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
struct pax {
    char *path, *link;
    long long size, uid, gid, real_size;
    int has_mtime, sparse_1_0;
    struct timespec mtime;
    struct attribute *attributes;
};
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
        if (rest == at || *rest != ' ' || whole <= rest - at + 1 || whole > end - at)
            refuse("a pax record is malformed", "(length)");
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
    skip_padding(size);
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
    /* Before there were types, a slash told a directory. */
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

int next_entry(struct entry *e) {
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

void release(struct entry *e) {
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
        if (have == 0) refuse_as(ENDS_EARLY, "the archive ends in the middle of", path);
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

void write_contents(int fd, struct entry *e) {
    long long archived = e->size;
    if (e->sparse_1_0) sparse_map_1_0(e);
    if (e->span_count == 0 && !e->sparse_1_0) {
        copy_in(fd, e->size, e->path);
    } else {
        long long left = e->size;
        for (size_t i = 0; i < e->span_count; i++) {
            if (e->spans[i].length > left || e->spans[i].offset + e->spans[i].length > e->real_size)
                refuse("a sparse map does not fit its file", e->path);
            if (lseek(fd, e->spans[i].offset, SEEK_SET) < 0) blame("seeking in", e->path);
            copy_in(fd, e->spans[i].length, e->path);
            left -= e->spans[i].length;
        }
        skip(left, e->path);
    }
    if (ftruncate(fd, e->real_size) < 0) blame("writing", e->path);
    skip_padding(archived);
}

void skip_contents(const struct entry *e) {
    if (!has_contents(e->type)) return;
    skip(e->size, "an entry without content");
    skip_padding(e->size);
}

void skip_rest(void) {
    while (fill() > 0) consumed = buffered;
}
