/*
 * Who `user`, `group` and further groups are in a root file system, by its /etc/passwd and /etc/group. Digits are ids,
 * whatever those files call by that name.
 *
 * A question is lines: the user (empty: root), its group (empty: the one of its entry, with its memberships), and
 * any number of further groups. The answer is one line:
 *   found UID GID GROUPS HOME   groups with commas between them, GID the first; the home is `=` and what the user's entry
 *                               says, or `-` without an entry
 *   unknown-user | unknown-group N   no entry has that name; N counts the question's groups from 0, the first one its own
 *   out-of-range                an id that no process can have
 *   too-large PATH              a name would have to be looked up in a file of more than MAX_ACCOUNTS bytes,
 *                               or one that takes seconds to read
 *   too-many-groups | no-memory
 */
#ifndef BARGE_USER_H
#define BARGE_USER_H
#include <stddef.h>

enum {
    MAX_ACCOUNTS = 8 << 20,
    MAX_QUESTION = 8 << 10,
    MAX_GROUPS = 1024,
    MAX_HOME = 4096,
    MAX_ANSWER = MAX_GROUPS * 11 + MAX_HOME + 64
};

/* @param question is changed. @param answer has room for MAX_ANSWER bytes, and gets a newline. */
void look_up_user(int root, char *question, char *answer);

#endif
