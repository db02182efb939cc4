#include "count.h"
#include <ctype.h>

long count_words(FILE *stream) {
    long words = 0;
    int inside = 0;
    for (int c = fgetc(stream); c != EOF; c = fgetc(stream)) {
        if (!isspace(c) && !inside) words++;
        inside = !isspace(c);
    }
    return words;
}
