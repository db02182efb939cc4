/*
 * The log record: frames with times, and as many rotated files as the limit allows. shim.h describes a record.
 */
#include "shim.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int log_fd = -1;
static long long log_length;

static void be64(uint8_t *to, uint64_t value) {
    for (int i = 0; i < 8; i++) to[i] = (uint8_t)(value >> (56 - 8 * i));
}

void open_log(void) {
    log_fd = open(options.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    struct stat s;
    log_length = log_fd >= 0 && fstat(log_fd, &s) == 0 ? s.st_size : 0;
}

/* Numbers of the rotated files, LOG.N or LOG.N.gz: the first and the last; -1: not looked for yet. */
static long first_rotated = -1, last_rotated = -1;

static void find_rotated(void) {
    char directory[4096];
    snprintf(directory, sizeof directory, "%s", options.log);
    char *slash = strrchr(directory, '/');
    const char *name = slash ? options.log + (slash + 1 - directory) : options.log;
    if (slash) slash[1] = 0;
    size_t length = strlen(name);
    first_rotated = last_rotated = 0;
    DIR *d = opendir(slash ? directory : ".");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strncmp(e->d_name, name, length) != 0 || e->d_name[length] != '.') continue;
        char *end;
        long number = strtol(e->d_name + length + 1, &end, 10);
        if (number <= 0 || (*end && strcmp(end, ".gz") != 0)) continue;
        if (number > last_rotated) last_rotated = number;
        if (first_rotated == 0 || number < first_rotated) first_rotated = number;
    }
    if (d) closedir(d);
}

static void remove_rotated(long number) {
    char path[4096];
    snprintf(path, sizeof path, "%s.%ld", options.log, number);
    unlink(path);
    snprintf(path, sizeof path, "%s.%ld.gz", options.log, number);
    unlink(path);
}

/* Renames the full file to the next number, and removes the oldest rotated files beyond the limit. */
static void rotate_log(void) {
    if (last_rotated < 0) find_rotated();
    if (options.log_files > 1) {
        char to[4096];
        snprintf(to, sizeof to, "%s.%ld", options.log, ++last_rotated);
        rename(options.log, to);
        if (first_rotated == 0) first_rotated = last_rotated;
        while (last_rotated - first_rotated + 1 > options.log_files - 1) remove_rotated(first_rotated++);
    } else unlink(options.log);
    close(log_fd);
    open_log();
}

/* Per stream: whether its last record ended within a line. The next record says so, for rotation may remove the last one. */
static uint8_t within_line[3];

/* Appends the current chunk. A record that does not fit on the disk is left out as a whole. */
void log_chunk(void) {
    if (!options.log) return;
    uint32_t whole = (uint32_t)(chunk_length + 8 + 4);
    if (log_length > 0 && log_length + whole > options.log_size) rotate_log();
    if (log_fd < 0) open_log();
    if (log_fd < 0) return;
    uint8_t when[8], length[4];
    be64(when, (uint64_t)now());
    be32(length, whole);
    uint8_t header[HEADER];
    memcpy(header, room->chunk, HEADER);
    header[1] = within_line[room->chunk[0]];
    within_line[room->chunk[0]] = room->chunk[chunk_length - 1] != '\n';
    struct iovec parts[4] = {{header, HEADER}, {when, 8}, {room->chunk + HEADER, chunk_length - HEADER}, {length, 4}};
    ssize_t n = writev(log_fd, parts, 4);
    if (n == (ssize_t)whole) log_length += whole;
    else if (n > 0 && ftruncate(log_fd, log_length) < 0) log_length += n;
}
