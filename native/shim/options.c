/* The command line. shim.c describes it. */
#include "shim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options = {.log_size = 20 << 20, .log_files = 5};
struct room *room;

void parse_options(int argc, char **argv) {
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *name = argv[i] + 2;
        if (strcmp(name, "tty") == 0) {
            options.tty = 1;
            continue;
        }
        if (strcmp(name, "off-mount") == 0) {
            options.off_mount = 1;
            continue;
        }
        if (strcmp(name, "stdin") == 0) {
            options.keep_stdin = 1;
            continue;
        }
        if (strcmp(name, "stdin-once") == 0) {
            options.stdin_once = 1;
            continue;
        }
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
        } else if (strcmp(name, "as") == 0 && options.over_count > 0) room->over[options.over_count - 1].name = value;
        else if (strcmp(name, "at") == 0 && options.also_count > 0) room->also[options.also_count - 1].target = value;
        else if (strcmp(name, "cgroup") == 0) options.cgroup = value;
        else if (strcmp(name, "oom-score") == 0) options.oom_score = value;
        else if (strcmp(name, "own-oom-score") == 0) options.own_oom_score = value;
        else if (strcmp(name, "user") == 0) options.user = i < argc ? argv[i] : NULL;
        else if (strcmp(name, "hide") == 0) options.hide = value;
        else if (strcmp(name, "log") == 0) options.log = value;
        else if (strcmp(name, "oom") == 0) options.oom = value;
        else if (strcmp(name, "log-size") == 0) options.log_size = atoll(value);
        else if (strcmp(name, "log-files") == 0) options.log_files = atoi(value);
        else if (strcmp(name, "rows") == 0) options.rows = atoi(value);
        else if (strcmp(name, "cols") == 0) options.cols = atoi(value);
        else if (strcmp(name, "attach") == 0) options.attach = atoi(value);
        else {
            fprintf(stderr, "barge-shim: unknown option --%s\n", name);
            exit(2);
        }
    }
    options.run = argv + i + 1;
    for (i++; i < argc && strcmp(argv[i], "--") != 0; i++) continue;
    if (i < argc) {
        argv[i] = NULL;
        options.delete = argv + i + 1;
    }
    if (!options.dir || !options.run[0] || (options.user && !options.target)) {
        fprintf(stderr, "barge-shim: --dir and a runtime are needed\n");
        exit(2);
    }
}
