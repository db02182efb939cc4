/*
 * What the parts of barge-shim share.
 *
 * Descriptor 3 is the control connection. Other connections arrive on `sock` and start with a hello of eight
 * bytes: kind ('A' attach, 'C' control, 'U' user), flags (1 stdin, 2 stdout, 4 stderr, 8 raw), a length (BE16), four
 * zero bytes.
 * Attach: output leaves as Docker frames (raw: bare bytes), input is the container's standard input as it is.
 * Control, lines of text. Out: `user ANSWER`, `pid N users OWN-PID`, `failed CODE`, `errno N` and `error TEXT`, `exit CODE NANOSECONDS OOM-KILLS`.
 * In: `go`, `user QUESTION`, `kill SIGNAL`, `resize ROWS COLUMNS`, `close-stdin`. Questions have tabs in the place of newlines,
 * and are answered in their order.
 * User: a question of that many bytes follows, one that is too long for a control line; the shim sends the answer and
 * closes the connection.
 *
 * A log record is a Docker frame header (stream, 3 zero bytes, payload length BE32), the time (nanoseconds
 * since 1970, BE64), the payload, and the record's whole length (BE32), so that a log reads backwards too.
 *
 * A slow reader pushes back: the next chunk is read only when every attached reader has taken the last one.
 */
#ifndef BARGE_SHIM_H
#define BARGE_SHIM_H
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CONTROL_FD = 3, FIRST_ATTACH_FD = 4, MAX_CONNECTIONS = 64, MAX_ALSO = 64, MAX_OVER = 8, CHUNK = 64 * 1024, HEADER = 8 };
enum { WANT_STDIN = 1, WANT_STDOUT = 2, WANT_STDERR = 4, RAW = 8 };

/* --- options.c --- */

struct options {
    const char *dir, *mount, *layers, *target, *cgroup, *oom_score, *own_oom_score, *hide, *log, *oom;
    char *user;
    long long log_size;
    int log_files, rows, cols, attach;
    int tty, keep_stdin, stdin_once, off_mount;
    char **run, **delete;
    int also_count, below_count, over_count;
};
extern struct options options;

/*
 * What is large or seldom needed, a mapping of its own: among the small variables it would spread them over pages, and
 * each page that is written to is memory that an idle container costs.
 */
struct room {
    uint8_t chunk[HEADER + CHUNK];   /* a frame on its way to the readers */
    uint8_t input[16 * 1024];        /* bytes on their way to the container's standard input */
    struct {
        const char *options, *target;
    } also[MAX_ALSO];
    struct {
        const char *root, *path, *target;
    } below[MAX_ALSO];
    struct {
        const char *file, *name;
        int read_only, on;
    } over[MAX_OVER];
};
extern struct room *room;

/* Ends the process for options that it does not understand. */
void parse_options(int argc, char **argv);

/* --- mounts.c --- */

/* Enters a mount namespace of our own where the options ask for mounts, and makes them there. */
void mount_rootfs(void);

/* --- cgroup.c --- */

/* The directory given as --cgroup; -1 without one. */
extern int cgroup_fd;
/* Opens it and the one that it is in, before the mount they are on may be hidden. */
void open_cgroup(void);
/* As fork, with the child in the cgroup from its first moment: no process of the container was ever outside. */
pid_t fork_into(int cgroup);
/* Removes it, if there is one. */
void remove_own_cgroup(void);

/* --- start.c --- */

extern pid_t container;   /* 0: not started yet */
/* Takes the score of --own-oom-score, where the kernel lets us. */
void set_own_score(void);
/* Starts the container, reports how that went, and ends the process when it failed. */
void start(void);
/* Executes the runtime to its end. `starts`: with the container's OOM score, not our own. @returns its exit code. */
int run(char **argv, const int stdio[3], int cgroup, int starts);
void reap_stragglers(void);

/* --- connections.c --- */

enum kind { FREE, HELLO, ATTACH, CONTROL };

struct connection {
    int fd;
    enum kind kind;
    uint8_t flags;
    uint8_t input_ended;
    uint8_t line_length;
    char line[48];   /* a hello or a control line still arriving */
    size_t sent;     /* how much of the current chunk has gone out */
};
extern struct connection connections[MAX_CONNECTIONS];

int listen_at(const char *path);
struct connection *adopt(int fd, enum kind kind);
void drop(struct connection *c);
/* Sends a line to every control connection. */
void tell(const char *line);
/* Reports errno and what failed, and ends the process. */
_Noreturn void die(const char *what, const char *on);
void read_hello(struct connection *c, int flags);
void read_control(struct connection *c);
void resize(int rows, int cols);
/* Answers the question of --user, and waits for `go`. */
void settle_user(void);
/* Ends connections of one kind, or all (FREE). */
void hang_up(enum kind kind);

/* --- streams.c --- */

extern size_t chunk_length;   /* with its header; 0: none under way */
extern size_t input_length;   /* bytes that wait to be written */
extern int input_fd, output_fd[2];   /* our ends; with a terminal both are its master */

void end_input(void);
void read_attached(struct connection *c, short events);
void write_input(void);
void read_output(int which);
void deliver_all(void);

/* --- log.c --- */

void open_log(void);
/* Appends the current chunk. */
void log_chunk(void);

/* --- exit.c --- */

extern int child_signals;       /* a signalfd */
extern int exited;
extern long long exited_at;     /* nanoseconds since 1970 */

void reap(void);
/* Whether the process has ended, and everybody has its output and its exit code. */
int finished(void);

/* --- small things --- */

/* Nanoseconds since 1970. */
long long now(void);
void be32(uint8_t *to, uint32_t value);
/* A small file as a string, without stdio: its buffers would stay with an idle container. 0: not to be read. */
int read_text(const char *path, char *text, size_t room_for);

#endif
