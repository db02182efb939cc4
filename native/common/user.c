/* Looking users and groups up in a root file system that is not to be trusted: see user.h. */
#define _GNU_SOURCE
#include "user.h"
#include "below.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_NAME = 256, MAX_ID = 0x7fffffff, END = -1, PATIENCE_SECONDS = 2 };

/* A file of accounts, read once from its beginning to its end, however long its lines are. */
struct accounts {
    int fd, is_too_large;
    size_t at, length;
    long long total;
    time_t deadline;
    unsigned char bytes[16 << 10];
};

static time_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

static void open_accounts(struct accounts *file, int root, const char *path) {
    struct stat s;
    memset(file, 0, offsetof(struct accounts, bytes));
    file->deadline = seconds_now() + PATIENCE_SECONDS;
    file->fd = open_regular(root, path, 0, IN_ROOT | NO_XDEV);
    file->is_too_large = file->fd >= 0 && fstat(file->fd, &s) == 0 && s.st_size > MAX_ACCOUNTS;
    if (!file->is_too_large) return;
    close(file->fd);
    file->fd = -1;
}

static void close_accounts(struct accounts *file) {
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
}

static int next_byte(struct accounts *file) {
    if (file->at < file->length) return file->bytes[file->at++];
    if (file->fd < 0) return END;
    ssize_t n = read(file->fd, file->bytes, sizeof file->bytes);
    if (n > 0) file->total += n;
    /* It may grow while it is read, or be slow to read. */
    if (file->total > MAX_ACCOUNTS || seconds_now() > file->deadline) file->is_too_large = 1;
    if (n <= 0 || file->is_too_large) {
        close_accounts(file);
        return END;
    }
    file->length = (size_t)n;
    file->at = 1;
    return file->bytes[0];
}

/* Reads a field up to a colon, the line's end or `separator`. One that does not fit, or has a zero in it, reads as empty.
   @returns what ended it. */
static int next_field(struct accounts *file, char *text, size_t room, int separator) {
    size_t n = 0;
    int fits = 1, byte;
    while ((byte = next_byte(file)) != END && byte != ':' && byte != '\n' && byte != separator) {
        fits &= n + 1 < room && byte != 0;
        if (fits) text[n++] = (char)byte;
    }
    text[fits ? n : 0] = 0;
    return byte;
}

static int skip_field(struct accounts *file) {
    char none[1];
    return next_field(file, none, sizeof none, END);
}

static int is_number(const char *text) { return *text && text[strspn(text, "0123456789")] == 0; }

/* @returns -1 for what is not a number, or more than an id can be. */
static long long id_of(const char *text) {
    long long id = 0;
    if (!is_number(text)) return -1;
    for (; *text; text++)
        if ((id = id * 10 + (*text - '0')) > MAX_ID) return -1;
    return id;
}

struct account {
    char name[MAX_NAME], home[MAX_HOME];
    long long uid, gid;
};

/* Reads the next entry of a passwd file; those without a name or with ids that are none are left out. */
static int next_account(struct accounts *file, struct account *account) {
    char uid[16], gid[16];
    for (int end = 0; end != END;) {
        *uid = *gid = *account->home = 0;
        end = next_field(file, account->name, MAX_NAME, END);
        if (end == ':') end = skip_field(file);
        if (end == ':') end = next_field(file, uid, sizeof uid, END);
        if (end == ':') end = next_field(file, gid, sizeof gid, END);
        int has_home = end == ':' && (end = skip_field(file)) == ':';
        if (has_home) end = next_field(file, account->home, MAX_HOME, END);
        else strcpy(account->home, "/");
        while (end == ':') end = skip_field(file);
        account->uid = id_of(uid);
        account->gid = id_of(gid);
        if (*account->name && account->uid >= 0 && account->gid >= 0) return 1;
    }
    return 0;
}

/* What is asked for, and what has been found. */
struct search {
    const char *user;
    char *groups[MAX_GROUPS];   /* the user's own first; empty: that of its entry */
    long long ids[MAX_GROUPS];  /* -1: not found yet */
    int group_count, has_account;
    struct account account;
    long long members[MAX_GROUPS];
    int member_count, is_full;
    long long all[MAX_GROUPS];
    struct accounts file;
    char text[MAX_GROUPS * 11 + 1];
};

static const char PASSWD[] = "etc/passwd", GROUP[] = "etc/group";

static int find_account(struct search *s, int root, char *answer) {
    struct accounts *file = &s->file;
    const int by_id = *s->user == 0 || is_number(s->user);
    const long long uid = *s->user ? id_of(s->user) : 0;
    if (by_id && uid < 0) return strcpy(answer, "out-of-range\n"), 0;
    open_accounts(file, root, PASSWD);
    while (!s->has_account && next_account(file, &s->account))
        s->has_account = by_id ? s->account.uid == uid : strcmp(s->account.name, s->user) == 0;
    close_accounts(file);
    if (s->has_account) return 1;
    if (!by_id && file->is_too_large) return sprintf(answer, "too-large /%s\n", PASSWD), 0;
    if (!by_id) return strcpy(answer, "unknown-user\n"), 0;
    s->account.uid = uid;
    s->account.gid = 0;
    return 1;
}

/* Takes in an entry of a group file. @returns 0 when the file has ended. */
static int read_group(struct search *s, int wants_members) {
    struct accounts *file = &s->file;
    char name[MAX_NAME], text[MAX_NAME];
    int end = next_field(file, name, sizeof name, END), is_member = 0;
    long long gid = -1;
    if (end == ':') end = skip_field(file);
    if (end == ':') {
        end = next_field(file, text, 16, END);
        gid = id_of(text);
    }
    for (int more = end == ':'; more; more = end == ',') {
        end = next_field(file, text, sizeof text, ',');
        is_member |= wants_members && *text && strcmp(text, s->account.name) == 0;
    }
    while (end == ':') end = skip_field(file);
    if (gid < 0 || !*name) return end != END;
    for (int i = 0; i < s->group_count; i++)
        if (s->ids[i] < 0 && strcmp(s->groups[i], name) == 0) s->ids[i] = gid;
    if (is_member && s->member_count == MAX_GROUPS) s->is_full = 1;
    else if (is_member) s->members[s->member_count++] = gid;
    return end != END;
}

static int find_groups(struct search *s, int root, char *answer) {
    struct accounts *file = &s->file;
    const int wants_members = s->has_account && *s->groups[0] == 0;
    int names = 0;
    for (int i = 0; i < s->group_count; i++) {
        s->ids[i] = *s->groups[i] ? id_of(s->groups[i]) : s->account.gid;
        if (is_number(s->groups[i]) && s->ids[i] < 0) return strcpy(answer, "out-of-range\n"), 0;
        names += s->ids[i] < 0;
    }
    if (names == 0 && !wants_members) return 1;
    open_accounts(file, root, GROUP);
    while (read_group(s, wants_members)) continue;
    close_accounts(file);
    if (file->is_too_large) s->member_count = s->is_full = 0;   /* not some of them */
    for (int i = 0; i < s->group_count; i++) {
        if (s->ids[i] >= 0) continue;
        if (file->is_too_large) sprintf(answer, "too-large /%s\n", GROUP);
        else sprintf(answer, "unknown-group %d\n", i);
        return 0;
    }
    return 1;
}

/* The first group is among the others, so that giving up groups does not widen what may be done (CVE-2022-36109). */
static int collect_groups(struct search *s) {
    int count = 0, length = 0;
    const struct {
        const long long *ids;
        int count;
    } parts[] = {
        {s->ids, 1},
        {s->members, s->member_count},
        {s->ids + 1, s->group_count - 1},
    };
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        for (int i = 0; i < parts[p].count; i++) {
            int known = 0;
            for (int k = 0; k < count && !known; k++) known = s->all[k] == parts[p].ids[i];
            if (known) continue;
            if (count == MAX_GROUPS) return 0;
            s->all[count++] = parts[p].ids[i];
            length += sprintf(s->text + length, "%s%lld", length ? "," : "", parts[p].ids[i]);
        }
    }
    return !s->is_full;
}

static void answer_question(struct search *s, int root, char *question, char *answer) {
    s->user = strsep(&question, "\n");
    s->groups[s->group_count++] = question ? strsep(&question, "\n") : (char[]){0};
    while (question && s->group_count < MAX_GROUPS) {
        char *group = strsep(&question, "\n");
        if (*group) s->groups[s->group_count++] = group;
    }
    if (question && *question) {
        strcpy(answer, "too-many-groups\n");
        return;
    }
    if (!find_account(s, root, answer) || !find_groups(s, root, answer)) return;
    const char *mark = s->has_account ? "=" : "-", *home = s->has_account ? s->account.home : "";
    if (!collect_groups(s)) strcpy(answer, "too-many-groups\n");
    else sprintf(answer, "found %lld %lld %s %s%s\n", s->account.uid, s->ids[0], s->text, mark, home);
}

void look_up_user(int root, char *question, char *answer) {
    /* Not among the variables: a shim gives back what only its start needs. */
    struct search *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED) {
        strcpy(answer, "no-memory\n");
        return;
    }
    answer_question(s, root, question, answer);
    munmap(s, sizeof *s);
}
