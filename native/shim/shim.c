/*
 * barge-shim: one small process per container (and per exec). It outlives the daemon, owns the container's
 * standard streams, appends its log, and keeps its exit code.
 *
 * usage: barge-shim OPTION... -- RUNTIME ARG... [-- RUNTIME DELETE-ARG...]
 *   --dir DIR           working directory: `sock` (listening), `exit` (exit record), `pid`, `console` live here
 *   --mount OPTIONS     overlay mount options; relative lower directories are looked up in --layers
 *   --layers DIR        directory that relative lowerdir names start from
 *   --target DIR        where the overlay is mounted, in a mount namespace of the shim's own
 *   --also OPTIONS --at DIR      a further overlay, mounted in the same namespace; may be repeated
 *   --below DIR --path P --on NAME   what P is below DIR, where no link in it leads, mounted at NAME, which is made
 *   --over FILE --as NAME     FILE is mounted over the file NAME of what the last --below has mounted, made where there is
 *                       none; a link of that name stays what it is. --over-read-only: no file is made, and FILE is read-only
 *   --cgroup DIR        the cgroup of the v2 hierarchy of a hybrid host that the runtime starts in, and so the container;
 *                       removed after RUNTIME DELETE-ARG...
 *   --oom-score N       the oom_score_adj that the runtime starts with, and so the container; left out where it is refused
 *   --user QUESTION     who that is in the mounted root file system is told (`user ANSWER`, both as in user.h), and the
 *                       runtime waits for `go`
 *   --hide DIR          a mount that the runtime must not see (the v2 hierarchy of a hybrid cgroup host)
 *   --off-mount         the runtime is crun, to be executed off a read-only mount of its file
 *   --log FILE --log-size BYTES --log-files N    the log record and its rotation (no --log: none is kept)
 *   --oom FILE          the cgroup's count of processes killed for want of memory, read when the process ends
 *   --tty [--rows N --cols N]    the container has a terminal
 *   --stdin [--stdin-once]       standard input stays open [until the first reader of it goes]
 *   --attach N          descriptors 4 .. 3+N are attach connections, each beginning with its hello
 *
 * Descriptor 3 is the control connection. Other connections arrive on `sock` and start with a hello of eight
 * bytes: kind ('A' attach, 'C' control, 'U' user), flags (1 stdin, 2 stdout, 4 stderr, 8 raw), a length (BE16), four
 * zero bytes.
 * Attach: output leaves as Docker frames (raw: bare bytes), input is the container's standard input as it is.
 * Control, lines of text. Out: `user ANSWER`, `pid N users OWN-PID`, `failed CODE`, `error TEXT`, `exit CODE NANOSECONDS OOM-KILLS`.
 * In: `go`, `user QUESTION`, `kill SIGNAL`, `resize ROWS COLUMNS`, `close-stdin`. Questions have tabs in the place of newlines,
 * and are answered in their order.
 * User: a question of that many bytes follows, one that is too long for a control line; the answer goes back, and the
 * connection ends.
 *
 * A log record is a Docker frame header (stream, 3 zero bytes, payload length BE32), the time (nanoseconds
 * since 1970, BE64), the payload, and the record's whole length (BE32), so that a log reads backwards too.
 *
 * A slow reader pushes back: the next chunk is read only when every attached reader has taken the last one.
 */
#define _GNU_SOURCE
#include "below.h"
#include "user.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL_FD = 3, FIRST_ATTACH_FD = 4, MAX_CONNECTIONS = 64, MAX_ALSO = 64, MAX_OVER = 8, CHUNK = 64 * 1024, HEADER = 8 };
enum { WANT_STDIN = 1, WANT_STDOUT = 2, WANT_STDERR = 4, RAW = 8 };
enum kind { FREE, HELLO, ATTACH, CONTROL };
enum { LOST_EXIT_CODE = 255 };
enum { NOTIFY_PATIENCE_MS = 200, TTY_DRAIN_MS = 100, LOOK_UP_SECONDS = 10, ANSWER_PATIENCE_MS = 5000 };

struct connection {
    int fd;
    enum kind kind;
    uint8_t flags;
    uint8_t input_ended;
    uint8_t line_length;
    char line[48];   /* a hello or a control line still arriving */
    size_t sent;     /* how much of the current chunk has gone out */
};

static struct {
    const char *dir, *mount, *layers, *target, *cgroup, *oom_score, *hide, *log, *oom;
    char *user;
    long long log_size;
    int log_files, rows, cols, attach;
    int tty, keep_stdin, stdin_once, off_mount;
    char **run, **delete;
    int also_count, below_count, over_count;
} options = {.log_size = 20 << 20, .log_files = 5};

/*
 * What is large or seldom needed, a mapping of its own: among the small variables it would spread them over pages, and
 * each page that is written to is memory that an idle container costs.
 */
static struct {
    uint8_t chunk[HEADER + CHUNK];   /* a frame on its way to the readers */
    uint8_t input[16 * 1024];        /* bytes on their way to the container's standard input */
    struct { const char *options, *target; } also[MAX_ALSO];
    struct { const char *root, *path, *target; } below[MAX_ALSO];
    struct { const char *file, *name; int read_only, on; } over[MAX_OVER];
} *room;

static struct connection connections[MAX_CONNECTIONS];
static size_t chunk_length;             /* with its header; 0: none under way */
static size_t input_length, input_offset;
static int listener = -1, child_signals = -1;
static int input_ending;                /* close the container's standard input once `input` is written */
static int input_fd = -1, output_fd[2] = {-1, -1};   /* our ends; with a terminal both are its master */
static int log_fd = -1;
static long long log_length;
static pid_t container;
static int exited, exit_code, notified, may_go;
static long long exited_at;   /* nanoseconds since 1970 */

static long long now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void be32(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void be64(uint8_t *to, uint64_t value) {
    for (int i = 0; i < 8; i++) to[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* --- connections --- */

static void close_input(void) {
    if (input_fd >= 0) close(input_fd);
    input_fd = -1;
    input_length = 0;
}

static void end_input(void) {
    if (input_length == 0) close_input();
    else input_ending = 1;
}

static void drop(struct connection *c) {
    int had_stdin = c->kind == ATTACH && (c->flags & WANT_STDIN);
    close(c->fd);
    c->kind = FREE;
    c->fd = -1;
    if (had_stdin && options.stdin_once && !options.tty && input_fd >= 0) end_input();
}

static void tell(const char *line) {
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++)
        if (c->kind == CONTROL && send(c->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) drop(c);
}

static void die(const char *what, const char *on) {
    char line[512];
    snprintf(line, sizeof line, "error %s %s: %s\n", what, on ? on : "", strerror(errno));
    tell(line);
    exit(1);
}

static struct connection *adopt(int fd, enum kind kind) {
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind != FREE) continue;
        *c = (struct connection){.fd = fd, .kind = kind};
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        return c;
    }
    close(fd);
    return NULL;
}

static void send_pid(struct connection *c) {
    char line[64];
    int n = snprintf(line, sizeof line, "pid %d users %d\n", (int)container, (int)getpid());
    if (container && send(c->fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) drop(c);
}

/* Gives `use` the line `user ANSWER`. Its memory is not kept: an idle container would pay for it. */
static void answer_about_user(char *question, void (*use)(const char *line, struct connection *c), struct connection *c) {
    int root = open(options.target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *line = mmap(NULL, 5 + MAX_ANSWER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (root < 0 || line == MAP_FAILED) die("opening", options.target);
    strcpy(line, "user ");
    look_up_user(root, question, line + 5);
    use(line, c);
    munmap(line, 5 + MAX_ANSWER);
    close(root);
}

/* Answers are longer than other lines: a daemon that has many of them to read yet is waited for a little. */
static void send_answer(const char *line, struct connection *c) {
    ssize_t n = -1;
    for (int i = 0; i < 2 && n < 0; i++) {
        struct pollfd ready = {.fd = c->fd, .events = POLLOUT};
        if (i > 0 && errno == EAGAIN) poll(&ready, 1, ANSWER_PATIENCE_MS);
        n = send(c->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (n < 0) drop(c);
}

/* By a process of its own, which waits for the rest of the question. */
static void serve_question(struct connection *c) {
    char question[MAX_QUESTION + 1];
    size_t length = (size_t)(uint8_t)c->line[2] << 8 | (uint8_t)c->line[3], got = 0;
    pid_t pid = options.target && length <= MAX_QUESTION ? fork() : -1;
    if (pid != 0) {
        drop(c);
        return;
    }
    signal(SIGALRM, SIG_DFL);
    alarm(LOOK_UP_SECONDS);
    fcntl(c->fd, F_SETFL, 0);
    for (ssize_t n = 1; got < length && n > 0; got += n > 0 ? (size_t)n : 0) n = recv(c->fd, question + got, length - got, 0);
    question[got] = 0;
    if (got < length) _exit(1);
    answer_about_user(question, send_answer, c);
    _exit(0);
}

static void greet(struct connection *c) {
    if (c->line[0] == 'U') {
        serve_question(c);
        return;
    }
    c->line_length = 0;
    c->flags = (uint8_t)c->line[1];
    c->sent = chunk_length;   /* what is under way began before this reader came */
    c->kind = c->line[0] == 'C' ? CONTROL : ATTACH;
    if (c->kind == CONTROL) send_pid(c);
}

static void resize(int rows, int cols) {
    options.rows = rows;
    options.cols = cols;
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    if (options.tty && output_fd[0] >= 0) ioctl(output_fd[0], TIOCSWINSZ, &size);
}

static void obey(struct connection *c, char *line) {
    int a, b;
    if (sscanf(line, "kill %d", &a) == 1) {
        if (container && !exited) kill(container, a);   /* not yet reaped: the pid cannot be another's */
    } else if (sscanf(line, "resize %d %d", &a, &b) == 2) {
        resize(a, b);
    } else if (strcmp(line, "close-stdin") == 0) {
        end_input();
    } else if (strcmp(line, "go") == 0) {
        may_go = 1;
    } else if (strncmp(line, "user ", 5) == 0 && options.target) {
        for (char *tab = line; (tab = strchr(tab, '\t'));) *tab = '\n';
        answer_about_user(line + 5, send_answer, c);
    }
}

static void read_control(struct connection *c) {
    char bytes[256];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c);
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] != '\n') {
            if (c->line_length < sizeof c->line - 1) c->line[c->line_length++] = bytes[i];
            continue;
        }
        c->line[c->line_length] = 0;
        c->line_length = 0;
        obey(c, c->line);
        if (c->kind == FREE) return;
    }
}

static void read_hello(struct connection *c, int flags) {
    ssize_t n = recv(c->fd, c->line + c->line_length, (size_t)(HEADER - c->line_length), flags);
    if (n > 0) c->line_length = (uint8_t)(c->line_length + n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR)) drop(c);
    if (c->kind == HELLO && c->line_length == HEADER) greet(c);
}

/* Takes bytes for the container's standard input, or notices that the reader has gone. */
static void read_attached(struct connection *c, short events) {
    int wanted = (c->flags & WANT_STDIN) && input_fd >= 0;
    if (wanted && input_length > 0) return;
    uint8_t dropped[1024];
    ssize_t n = wanted ? recv(c->fd, room->input, sizeof room->input, MSG_DONTWAIT)
                       : recv(c->fd, dropped, sizeof dropped, MSG_DONTWAIT);
    if (n > 0 && wanted) {
        input_length = (size_t)n;
        input_offset = 0;
    } else if (n == 0 && !(events & POLLHUP)) {
        c->input_ended = 1;
        if (wanted && options.stdin_once && !options.tty) close_input();
    } else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c);
    }
}

static void write_input(void) {
    ssize_t n = write(input_fd, room->input + input_offset, input_length - input_offset);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        close_input();
        return;
    }
    input_offset += (size_t)n;
    if (input_offset == input_length) input_length = 0;
    if (input_length == 0 && input_ending) close_input();
}

/* --- the log --- */

static void open_log(void) {
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

/* The full file gets the next number; as many rotated ones stay as the limit leaves room for. */
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

/* Per stream: its last record ended within a line. The next one says so, since that last one may go before it. */
static uint8_t within_line[3];

/* Appends the current chunk. A record that does not fit on the disk is left out whole. */
static void log_chunk(void) {
    if (!options.log) return;
    uint32_t whole = (uint32_t)(chunk_length + 8 + 4);
    if (log_length > 0 && log_length + whole > options.log_size) rotate_log();
    if (log_fd < 0) open_log();
    if (log_fd < 0) return;
    uint8_t when[8], length[4];
    be64(when, (uint64_t)now_ns(CLOCK_REALTIME));
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

/* --- output --- */

static void deliver(struct connection *c) {
    uint8_t want = room->chunk[0] == 2 ? WANT_STDERR : WANT_STDOUT;
    if (!(c->flags & want)) c->sent = chunk_length;
    if (c->sent == 0 && (c->flags & RAW)) c->sent = HEADER;
    if (c->sent >= chunk_length) return;
    ssize_t n = send(c->fd, room->chunk + c->sent, chunk_length - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) c->sent += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR) drop(c);
}

/* Sends what it can of the chunk; forgets the chunk when every reader has all of it. */
static void deliver_all(void) {
    int waiting = 0;
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind != ATTACH) continue;
        deliver(c);
        if (c->kind == ATTACH && c->sent < chunk_length) waiting = 1;
    }
    if (!waiting) chunk_length = 0;
}

static void close_output(int which) {
    int fd = output_fd[which];
    output_fd[which] = -1;
    if (options.tty && input_fd == fd) input_fd = -1;
    close(fd);
}

/* Reads one chunk of a stream. Once the process has gone, an empty pipe is as good as a closed one. */
static void read_output(int which) {
    ssize_t n = read(output_fd[which], room->chunk + HEADER, CHUNK);
    if (n < 0 && errno == EINTR) return;
    if (n < 0 && errno == EAGAIN) {
        long long waited = now_ns(CLOCK_REALTIME) - exited_at;
        if (exited && (!options.tty || waited > TTY_DRAIN_MS * 1000000LL)) close_output(which);
        return;
    }
    if (n <= 0) {
        close_output(which);
        return;
    }
    memset(room->chunk, 0, HEADER);
    room->chunk[0] = (uint8_t)(which + 1);
    be32(room->chunk + 4, (uint32_t)n);
    chunk_length = HEADER + (size_t)n;
    log_chunk();
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) c->sent = 0;
    deliver_all();
}

/* --- starting --- */

/*
 * The mount that holds `path` becomes private in our namespace, so that nothing mounted under it shows outside. Asked
 * from the path upwards, not looked for in mountinfo, which is as long as there are containers.
 */
static void make_private(const char *path) {
    char at[PATH_MAX];
    if (!realpath(path, at)) die("looking for the mount of", path);
    while (mount(NULL, at, NULL, MS_PRIVATE, NULL) < 0) {
        char *slash = strrchr(at, '/');
        if (errno != EINVAL || at[1] == 0) die("making private the mount", at);
        slash[slash == at] = 0;   /* EINVAL: nothing is mounted there */
    }
}

static void mount_below(const char *root, const char *path, const char *target) {
    struct stat s;
    int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = directory < 0 ? -1 : open_path(directory, path, 0, BENEATH);
    if (fd < 0 && (errno == EXDEV || errno == ELOOP)) die("path concatenation escapes the base directory", path);
    if (fd < 0 || fstat(fd, &s) < 0) die("cannot access path", path);
    int made = S_ISDIR(s.st_mode) ? mkdir(target, 0700) : open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (made < 0 && errno != EEXIST) die("making", target);
    if (!S_ISDIR(s.st_mode) && made >= 0) close(made);
    if (mount(path_of_fd(fd).text, target, NULL, MS_BIND | MS_REC, NULL) < 0) die("mounting on", target);
    close(fd);
    close(directory);
}

/* Nobody can have changed the mount at `target`, but at any time what is in it: the file is held, then mounted over. */
static void mount_over(const char *target, const char *file, const char *name, int read_only) {
    struct stat s;
    int directory = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = directory < 0 ? -1 : open_path(directory, name, O_NOFOLLOW, BENEATH);
    if (fd < 0 && directory >= 0 && errno == ENOENT && !read_only)
        fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) {
        if (mount(file, path_of_fd(fd).text, NULL, MS_BIND, NULL) < 0) die("mounting over", name);
        int over = read_only ? open_path(directory, name, O_NOFOLLOW, BENEATH) : -1;
        if (over >= 0 && mount(NULL, path_of_fd(over).text, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
            die("making read-only", name);
        if (over >= 0) close(over);
    }
    if (fd >= 0) close(fd);
    if (directory >= 0) close(directory);
}

static void mount_rootfs(void) {
    if (!options.mount && !options.hide) return;
    if (unshare(CLONE_NEWNS) < 0) die("unsharing the mount namespace", NULL);
    if (options.hide) {
        char parent[4096];
        snprintf(parent, sizeof parent, "%s", options.hide);
        *strrchr(parent, '/') = 0;
        make_private(parent);
        if (umount2(options.hide, MNT_DETACH) < 0) die("hiding", options.hide);
    }
    if (!options.mount) return;
    make_private(options.target);
    if (chdir(options.layers) < 0) die("entering", options.layers);
    if (mount("overlay", options.target, "overlay", 0, options.mount) < 0) die("mounting the root file system on", options.target);
    for (int i = 0; i < options.also_count; i++) {
        const char *target = room->also[i].target;
        if (target && mkdir(target, 0711) < 0 && errno != EEXIST) die("making", target);
        if (!target || mount("overlay", target, "overlay", 0, room->also[i].options) < 0) die("mounting layers on", target);
    }
    for (int i = 0; i < options.below_count; i++)
        mount_below(room->below[i].root, room->below[i].path, room->below[i].target);
    for (int i = 0; i < options.over_count; i++)
        mount_over(room->below[room->over[i].on].target, room->over[i].file, room->over[i].name, room->over[i].read_only);
}

/* The daemon says who the process is once it knows; one that goes away meanwhile has given the start up. */
static void settle_user(void) {
    answer_about_user(options.user, send_answer, connections);
    while (!may_go) {
        if (connections->kind != CONTROL) exit(1);
        struct pollfd control = {.fd = connections->fd, .events = POLLIN};
        if (poll(&control, 1, -1) > 0) read_control(connections);
    }
}

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die("listening at", path);
    }
    strcpy(address.sun_path, path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0)
        die("listening at", path);
    return fd;
}

static int receive_terminal(int from) {
    int fd = accept4(from, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return -1;
    char byte[256];
    union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control;
    struct iovec part = {byte, sizeof byte};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    int master = -1;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) >= 0) {
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        if (c && c->cmsg_type == SCM_RIGHTS) memcpy(&master, CMSG_DATA(c), sizeof master);
    }
    close(fd);
    return master;
}

/*
 * Executes the runtime; crun off a read-only mount of nothing but its file, which it is told of in its own words. It need
 * then not start a second time, from such a mount of its own making, to be safe from being written to through the
 * container's /proc. Other runtimes cannot make use of it: runc would copy itself into memory instead.
 */
static void execute(char **argv) {
    /* As in linux/mount.h, which musl does not bring. */
    const struct { uint64_t set, clear, propagation, userns; } read_only = {1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
    const int clone = 1 /* OPEN_TREE_CLONE */, open_tree = 428, mount_setattr = 442;
    int file = options.off_mount ? (int)syscall(open_tree, AT_FDCWD, argv[0], clone | O_CLOEXEC) : -1;
    if (file >= 0 && syscall(mount_setattr, file, "", AT_EMPTY_PATH, &read_only, sizeof read_only) == 0) {
        setenv("_LIBCONTAINER_CLONED_BINARY", "1", 1);
        syscall(SYS_execveat, file, "", argv, environ, AT_EMPTY_PATH);
        unsetenv("_LIBCONTAINER_CLONED_BINARY");
    }
    execvp(argv[0], argv);
}

/* The directory given as --cgroup and the one it is in, opened before the mount they are on may be hidden. */
static int cgroup_fd = -1, cgroup_parent = -1;

static void open_cgroup(void) {
    char parent[4096];
    snprintf(parent, sizeof parent, "%s", options.cgroup);
    *strrchr(parent, '/') = 0;
    cgroup_parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup_fd = open(options.cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroup_fd < 0 || cgroup_parent < 0) die("opening the cgroup", options.cgroup);
}

/* Removes a cgroup and those below it. Processes that are just ending keep it busy for a moment. */
static void remove_cgroup(int parent, const char *name, int depth) {
    for (int i = 0; i < 50; i++) {
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY) return;
        int fd = depth < 64 ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent *e; d && (e = readdir(d));)
            if (e->d_type == DT_DIR && e->d_name[0] != '.') remove_cgroup(fd, e->d_name, depth + 1);
        if (d) closedir(d);
        else if (fd >= 0) close(fd);
        usleep(1000);
    }
}

/* As fork, with the child in the cgroup from its first moment: no process of the container was ever outside. */
static pid_t fork_into(int cgroup) {
    /* As in linux/sched.h, which musl does not bring. */
    const uint64_t into_cgroup = 0x200000000;
    struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; }
        how = {.flags = into_cgroup, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup};
    return (pid_t)syscall(435 /* clone3 */, &how, sizeof how);
}

static void set_oom_score(void) {
    int fd = options.oom_score ? open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? 0 : write(fd, options.oom_score, strlen(options.oom_score));
    if (fd >= 0 && n >= 0) close(fd);
}

/* Executes the runtime to its end; what starts the container starts it in its cgroup, with its OOM score. */
static int run(char **argv, const int stdio[3], int cgroup, int starts) {
    pid_t pid = cgroup < 0 ? fork() : fork_into(cgroup);
    if (pid < 0) die("starting", argv[0]);
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        for (int s = 1; s < 32; s++) signal(s, SIG_DFL);
        for (int i = 0; i < 3; i++) dup2(stdio[i], i);
        if (starts) set_oom_score();
        execute(argv);
        _exit(127);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Helpers of the runtime that are about to end must not be left to the host's process 1: until it reaps them,
 * which may take it seconds, they keep the container's pid namespace from ending.
 */
static void reap_stragglers(void) {
    for (int i = 0; i < 100 && waitpid(-1, NULL, WNOHANG) >= 0; i++) usleep(500);
}

/* A small file as a string, without stdio: its buffers would stay with an idle container. 0: not to be read. */
static int read_text(const char *path, char *text, size_t room_for) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, room_for - 1);
    if (fd >= 0) close(fd);
    text[n < 0 ? 0 : n] = 0;
    return n > 0;
}

static void read_pid(void) {
    char path[4096], text[32];
    snprintf(path, sizeof path, "%s/pid", options.dir);
    if (!read_text(path, text, sizeof text) || (container = atoi(text)) <= 0) die("reading the process id in", path);
}

static void start(void) {
    char console[4096];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), consoles = -1;
    int theirs[3] = {null, null, null}, pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    if (options.tty) {
        snprintf(console, sizeof console, "%s/console", options.dir);
        consoles = listen_at(console);
        fcntl(consoles, F_SETFL, 0);
    } else {
        for (int i = options.keep_stdin ? 0 : 1; i < 3; i++) {
            if (pipe2(pipes[i], O_CLOEXEC) < 0) die("making a pipe", NULL);
            theirs[i] = pipes[i][i == 0 ? 0 : 1];
        }
    }
    int code = run(options.run, theirs, cgroup_fd, 1);
    if (cgroup_fd >= 0) close(cgroup_fd);
    if (code != 0) {
        char line[64];
        snprintf(line, sizeof line, "failed %d\n", code);
        tell(line);
        reap_stragglers();
        if (options.cgroup && options.delete) remove_cgroup(cgroup_parent, strrchr(options.cgroup, '/') + 1, 0);
        exit(1);
    }
    read_pid();
    close(null);
    if (options.tty) {
        int master = receive_terminal(consoles);
        if (master < 0) die("receiving the terminal at", console);
        close(consoles);
        unlink(console);
        fcntl(master, F_SETFL, O_NONBLOCK | O_RDWR);
        input_fd = output_fd[0] = master;
        if (options.rows) resize(options.rows, options.cols);
    } else {
        for (int i = 0; i < 3; i++) {
            if (theirs[i] != null) close(theirs[i]);
            int ours = pipes[i][i == 0 ? 1 : 0];
            if (ours >= 0) fcntl(ours, F_SETFL, O_NONBLOCK | (i == 0 ? O_WRONLY : O_RDONLY));
            if (i == 0) input_fd = ours;
            else output_fd[i - 1] = ours;
        }
    }
    char line[64];
    snprintf(line, sizeof line, "pid %d users %d\n", (int)container, (int)getpid());
    tell(line);
}

/* --- ending --- */

static void reap(void) {
    struct signalfd_siginfo info;
    while (read(child_signals, &info, sizeof info) > 0) continue;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != container || exited) continue;
        exited = 1;
        exited_at = now_ns(CLOCK_REALTIME);
        exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (pid < 0 && errno == ECHILD && !exited) {   /* a runtime that reaped the process took its code along */
        exited = 1;
        exited_at = now_ns(CLOCK_REALTIME);
        exit_code = LOST_EXIT_CODE;
    }
}

static int oom_kills(void) {
    char text[1024];
    const char *line = options.oom && read_text(options.oom, text, sizeof text) ? strstr(text, "oom_kill ") : NULL;
    return line ? atoi(line + 9) : 0;
}

/* Ends connections of one kind, or all (FREE). */
static void hang_up(enum kind kind) {
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind == FREE || (kind != FREE && c->kind != kind)) continue;
        uint8_t unread[4096];   /* unread input would turn the reader's end of file into a reset */
        while (recv(c->fd, unread, sizeof unread, MSG_DONTWAIT) > 0) continue;
        close(c->fd);
        c->kind = FREE;
        c->fd = -1;
    }
}

/* Keeps the exit code where a daemon that was away finds it, and tells those that are here. */
static void notify(void) {
    char temporary[4096], path[4096], line[96];
    snprintf(temporary, sizeof temporary, "%s/exit.tmp", options.dir);
    snprintf(path, sizeof path, "%s/exit", options.dir);
    int n = snprintf(line, sizeof line, "exit %d %lld %d\n", exit_code, exited_at, oom_kills());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, line + 5, (size_t)n - 5) == n - 5) rename(temporary, path);
    if (fd >= 0) close(fd);
    tell(line);
    notified = 1;
    if (output_fd[0] < 0 && output_fd[1] < 0 && chunk_length == 0) hang_up(ATTACH);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), stdio[3] = {null, null, null};
    if (!options.delete) return;
    run(options.delete, stdio, -1, 0);
    if (options.cgroup) remove_cgroup(cgroup_parent, strrchr(options.cgroup, '/') + 1, 0);
}

static int finished(void) {
    if (!exited) return 0;
    int drained = output_fd[0] < 0 && output_fd[1] < 0;
    long long waited = now_ns(CLOCK_REALTIME) - exited_at;
    if (!notified && ((drained && chunk_length == 0) || waited > NOTIFY_PATIENCE_MS * 1000000LL)) notify();
    return drained && chunk_length == 0;
}

/* --- the loop --- */

static short interest(const struct connection *c) {
    if (c->kind != ATTACH) return POLLIN;
    short events = chunk_length > 0 && c->sent < chunk_length ? POLLOUT : 0;
    int input_full = (c->flags & WANT_STDIN) && input_fd >= 0 && input_length > 0;
    return (short)(events | (c->input_ended || input_full ? 0 : POLLIN));
}

static void serve_connection(struct connection *c, short events) {
    if (c->kind == HELLO) read_hello(c, MSG_DONTWAIT);
    else if (c->kind == CONTROL) read_control(c);
    else if (events & POLLIN) read_attached(c, events);
    else if (events & (POLLHUP | POLLERR)) drop(c);
}

static void turn(void) {
    struct pollfd polls[MAX_CONNECTIONS + 5];
    struct connection *owners[MAX_CONNECTIONS + 5] = {0};
    nfds_t n = 0;
    polls[n++] = (struct pollfd){.fd = child_signals, .events = POLLIN};
    polls[n++] = (struct pollfd){.fd = listener, .events = POLLIN};
    polls[n++] = (struct pollfd){.fd = input_length > 0 ? input_fd : -1, .events = POLLOUT};
    for (int i = 0; i < 2; i++)
        polls[n++] = (struct pollfd){.fd = chunk_length == 0 ? output_fd[i] : -1, .events = POLLIN};
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind == FREE) continue;
        owners[n] = c;
        polls[n++] = (struct pollfd){.fd = c->fd, .events = interest(c)};
    }
    if (poll(polls, n, exited ? 10 : -1) < 0 && errno != EINTR) die("polling", NULL);
    if (polls[0].revents) reap();
    if (polls[1].revents) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) adopt(fd, HELLO);
    }
    if (polls[2].revents) write_input();
    for (nfds_t i = 5; i < n; i++)
        if (polls[i].revents && owners[i]->kind != FREE) serve_connection(owners[i], polls[i].revents);
    if (chunk_length > 0) deliver_all();
    for (int i = 0; i < 2; i++)
        if (chunk_length == 0 && output_fd[i] >= 0 && (polls[3 + i].revents || exited)) read_output(i);
}

/* --- options --- */

static void parse_options(int argc, char **argv) {
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *name = argv[i] + 2;
        if (strcmp(name, "tty") == 0) { options.tty = 1; continue; }
        if (strcmp(name, "off-mount") == 0) { options.off_mount = 1; continue; }
        if (strcmp(name, "stdin") == 0) { options.keep_stdin = 1; continue; }
        if (strcmp(name, "stdin-once") == 0) { options.stdin_once = 1; continue; }
        if (strcmp(name, "over-read-only") == 0 && options.over_count > 0) {
            room->over[options.over_count - 1].read_only = 1;
            continue;
        }
        const char *value = ++i < argc ? argv[i] : "";
        if (strcmp(name, "dir") == 0) options.dir = value;
        else if (strcmp(name, "mount") == 0) options.mount = value;
        else if (strcmp(name, "layers") == 0) options.layers = value;
        else if (strcmp(name, "target") == 0) options.target = value;
        else if (strcmp(name, "also") == 0 && options.also_count < MAX_ALSO) room->also[options.also_count++].options = value;
        else if (strcmp(name, "below") == 0 && options.below_count < MAX_ALSO) room->below[options.below_count++].root = value;
        else if (strcmp(name, "path") == 0 && options.below_count > 0) room->below[options.below_count - 1].path = value;
        else if (strcmp(name, "on") == 0 && options.below_count > 0) room->below[options.below_count - 1].target = value;
        else if (strcmp(name, "over") == 0 && options.below_count > 0 && options.over_count < MAX_OVER) {
            room->over[options.over_count].on = options.below_count - 1;
            room->over[options.over_count++].file = value;
        }
        else if (strcmp(name, "as") == 0 && options.over_count > 0) room->over[options.over_count - 1].name = value;
        else if (strcmp(name, "at") == 0 && options.also_count > 0) room->also[options.also_count - 1].target = value;
        else if (strcmp(name, "cgroup") == 0) options.cgroup = value;
        else if (strcmp(name, "oom-score") == 0) options.oom_score = value;
        else if (strcmp(name, "user") == 0) options.user = i < argc ? argv[i] : NULL;
        else if (strcmp(name, "hide") == 0) options.hide = value;
        else if (strcmp(name, "log") == 0) options.log = value;
        else if (strcmp(name, "oom") == 0) options.oom = value;
        else if (strcmp(name, "log-size") == 0) options.log_size = atoll(value);
        else if (strcmp(name, "log-files") == 0) options.log_files = atoi(value);
        else if (strcmp(name, "rows") == 0) options.rows = atoi(value);
        else if (strcmp(name, "cols") == 0) options.cols = atoi(value);
        else if (strcmp(name, "attach") == 0) options.attach = atoi(value);
        else { fprintf(stderr, "barge-shim: unknown option --%s\n", name); exit(2); }
    }
    options.run = argv + i + 1;
    for (i++; i < argc && strcmp(argv[i], "--") != 0; i++) continue;
    if (i < argc) {
        argv[i] = NULL;
        options.delete = argv + i + 1;
    }
    if (!options.dir || !options.run[0] || (options.user && !options.target)) { fprintf(stderr, "barge-shim: --dir and a runtime are needed\n"); exit(2); }
}

/* Making ready takes more of the stack than serving does: what lies below goes back to the kernel. */
static __attribute__((noinline)) void give_stack_back(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), much = 64 << 10, in_use = 512;
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - in_use) / page * page;
    madvise((void *)(end - much), much, MADV_DONTNEED);
}

static __attribute__((noinline)) void make_ready(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (size_t i = 0; i < 4; i++) signal((int[]){SIGPIPE, SIGHUP, SIGINT, SIGTERM}[i], SIG_IGN);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    child_signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child_signals < 0) die("watching for exits", NULL);

    adopt(CONTROL_FD, CONTROL);
    char path[4096];
    snprintf(path, sizeof path, "%s/sock", options.dir);
    listener = listen_at(path);
    for (int i = 0; i < options.attach; i++) {
        struct connection *c = adopt(FIRST_ATTACH_FD + i, HELLO);
        while (c && c->kind == HELLO) read_hello(c, 0);
    }
    if (options.cgroup) open_cgroup();
    mount_rootfs();
    if (options.user) settle_user();
    if (options.log) open_log();
    start();
}

int main(int argc, char **argv) {
    if (argc < 4) { fprintf(stderr, "usage: barge-shim OPTION... -- RUNTIME ARG... [-- RUNTIME DELETE-ARG...]\n"); return 2; }
    room = mmap(NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) { fprintf(stderr, "barge-shim: no memory\n"); return 1; }
    parse_options(argc, argv);
    make_ready();
    give_stack_back();
    while (!finished()) turn();
    hang_up(FREE);
    reap_stragglers();
    return 0;
}
