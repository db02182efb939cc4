/*
 * Connections to the shim: of the daemon that controls it, and of readers that have attached. What they say arrives in any
 * pieces; nobody of them can make the shim wait.
 */
#include "shim.h"
#include "user.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOOK_UP_SECONDS = 10, ANSWER_PATIENCE_MS = 5000 };

struct connection connections[MAX_CONNECTIONS];
static int may_go;

int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die("listening at", path);
    }
    strcpy(address.sun_path, path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0) die("listening at", path);
    return fd;
}

void drop(struct connection *c) {
    int had_stdin = c->kind == ATTACH && (c->flags & WANT_STDIN);
    close(c->fd);
    c->kind = FREE;
    c->fd = -1;
    if (had_stdin && options.stdin_once && !options.tty && input_fd >= 0) end_input();
}

void tell(const char *line) {
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++)
        if (c->kind == CONTROL && send(c->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) drop(c);
}

_Noreturn void die(const char *what, const char *on) {
    char line[512];
    int failure = errno;
    snprintf(line, sizeof line, "errno %d\nerror %s %s: %s\n", failure, what, on ? on : "", strerror(failure));
    tell(line);
    exit(1);
}

struct connection *adopt(int fd, enum kind kind) {
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind != FREE) continue;
        *c = (struct connection){.fd = fd, .kind = kind};
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        return c;
    }
    close(fd);
    return NULL;
}

void send_pid(struct connection *c) {
    char line[64];
    int n = snprintf(line, sizeof line, "pid %d users %d\n", (int)container, (int)getpid());
    if (container && send(c->fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) drop(c);
}

/* Gives `use` the line `user ANSWER`. Frees the memory at once: an idle container would pay for it. */
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

/* Answers are longer than other lines: waits a little for a daemon that has yet to read earlier ones. */
static void send_answer(const char *line, struct connection *c) {
    ssize_t n = -1;
    for (int i = 0; i < 2 && n < 0; i++) {
        struct pollfd ready = {.fd = c->fd, .events = POLLOUT};
        if (i > 0 && errno == EAGAIN) poll(&ready, 1, ANSWER_PATIENCE_MS);
        n = send(c->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (n < 0) drop(c);
}

/* Forks a process that waits for the rest of the question and answers it. */
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
    c->sent = chunk_length;   /* the current chunk began before this reader attached */
    c->kind = c->line[0] == 'C' ? CONTROL : ATTACH;
    if (c->kind == CONTROL) send_pid(c);
}

void resize(int rows, int cols) {
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

void read_control(struct connection *c) {
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

void read_hello(struct connection *c, int flags) {
    ssize_t n = recv(c->fd, c->line + c->line_length, (size_t)(HEADER - c->line_length), flags);
    if (n > 0) c->line_length = (uint8_t)(c->line_length + n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR)) drop(c);
    if (c->kind == HELLO && c->line_length == HEADER) greet(c);
}

/* Waits until the daemon has written the bundle for this user. A daemon that disconnects meanwhile has abandoned the start. */
void settle_user(void) {
    answer_about_user(options.user, send_answer, connections);
    while (!may_go) {
        if (connections->kind != CONTROL) exit(1);
        struct pollfd control = {.fd = connections->fd, .events = POLLIN};
        if (poll(&control, 1, -1) > 0) read_control(connections);
    }
}

/* Ends connections of one kind, or all (FREE). */
void hang_up(enum kind kind) {
    for (struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++) {
        if (c->kind == FREE || (kind != FREE && c->kind != kind)) continue;
        uint8_t unread[4096];   /* unread input would turn the reader's end of file into a reset */
        while (recv(c->fd, unread, sizeof unread, MSG_DONTWAIT) > 0) continue;
        close(c->fd);
        c->kind = FREE;
        c->fd = -1;
    }
}
