/*
 * What the exit statuses of barge-fs mean. FS_STATUS in src/host/linux/fs-status.ts has the same table; a test there compares
 * the two.
 */
#ifndef BARGE_STATUS_H
#define BARGE_STATUS_H

enum status {
    FAILED = 1,            /* whatever has no status of its own */
    INVALID = 2,           /* the archive, or another input, is not what it should be */
    NO_SPACE = 3,          /* the disk is full, or a quota is */
    ENDS_EARLY = 4,        /* the archive ends before its end */
    NOT_FOUND = 5,         /* stat, resolve: the path does not exist */
    NOT_A_DIRECTORY = 6,   /* stat, resolve: the path goes on below something else */
    LOOP = 7,              /* stat, resolve: too many symbolic links */
    USAGE = 64
};

#endif
