/* The entries of the tar on standard input, one after the other. Whatever is wrong with it ends the process. */
#ifndef BARGE_ENTRY_H
#define BARGE_ENTRY_H
#include "fs.h"
#include <sys/types.h>
#include <time.h>

struct attribute {
    char *name;
    char *value;
    size_t length;
    struct attribute *next;
};
struct span {
    long long offset, length;
};

/* What a tar says of one file. */
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

/* The next entry, or 0 at the end of the archive. Its content has to be written or skipped before the one after it. */
int next_entry(struct entry *e);
void release(struct entry *e);
/* Whether such entries have content; what the others say of their size says nothing. */
int has_contents(char type);
/* Copies the content into a new file; stretches of zeros become holes. */
void write_contents(int fd, struct entry *e);
void skip_contents(const struct entry *e);
/* Passes what stands behind the end of the archive: the writer must not meet a closed pipe. */
void skip_rest(void);

#endif
