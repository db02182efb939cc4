/* What the parts of barge-fs share. */
#ifndef BARGE_FS_H
#define BARGE_FS_H
#define _GNU_SOURCE
#include "status.h"
#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 512, MAX_PAX = 1 << 20, MAX_SPANS = 1 << 20 };   /* spans of a sparse file */
enum { SHOWN = 400 };   /* bytes of a name in a message */

struct header {   /* POSIX ustar */
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};

/* Prints `ACTION ON: reason` and exits, with NO_SPACE where the reason is a full disk. */
_Noreturn void fail(const char *action, const char *on);
_Noreturn void fail_as(enum status status, const char *action, const char *on);
/* The same for what may be the archive's fault: then with INVALID. */
_Noreturn void blame(const char *action, const char *on);
/* The same for input that is not what it should be. */
_Noreturn void refuse(const char *what, const char *on);
_Noreturn void refuse_as(enum status status, const char *what, const char *on);
_Noreturn void refuse_between(const char *before, const char *on, const char *after);

/* Opens (O_PATH) a directory; links are followed, but those of /proc. @returns -1 with errno. */
int open_directory(int at, const char *path);
/* Lets this process have a descriptor for every directory that it is in the middle of. */
void raise_descriptors(void);
/* Removes a file or a directory with all that is in it, through no link; fine when there is none. */
void remove_tree(int at, const char *name);

/* How the entries of a tar become files. */
struct placing {
    int layer;        /* OCI whiteouts become overlay's */
    int keep_kinds;   /* refuse to replace a directory by something else, or something else by a directory */
    int copy;         /* the same, in the words of a build's COPY */
    int contain;      /* names that lead out of their directory end in it; else they are refused */
    int archive;      /* a build's ADD: directories go through links in their place, and the top directory stays as it is */
    int owned;        /* everything belongs to this user and group, whatever the tar says */
    unsigned uid, gid;
};

/* Tar on standard input becomes files below the root that the process is in. */
void unpack(const struct placing *how);
/* How files become a tar. */
struct packing {
    const char *path;         /* what becomes the tar, below the root; empty: everything there */
    const char *name;         /* its name in the tar; entries below it are named from there on */
    int layer;                /* overlay's whiteouts become OCI's */
    int keep_holes;           /* files with holes are written as such; else the same content always gives the same bytes */
    int leave_out_made_up;    /* nothing of file systems that the kernel makes up, only the directories they are mounted on */
    long long latest_mtime;   /* seconds since 1970 that everything younger gets; negative: times stay */
};

/* Files below the root that the process is in become a tar on standard output. */
void pack(const struct packing *how);
/*
 * Paths on standard input, each ending in a zero byte; of every one with attributes that `pack` keeps, standard output gets
 * its number from 0, a space, the length of their pax records, a newline and the records.
 */
void print_attributes(void);

/* Takes lines out of a file and appends `added`; `dropped` ends with a null pointer. */
void change_lines(const char *path, char *const *dropped, const char *added, int only_added);

/* Everything below `directory` may take so many bytes in all; `project` is a number that nobody else has there. */
void limit(const char *directory, unsigned long long bytes, unsigned project);

#endif
