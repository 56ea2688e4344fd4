#include "temporary.h"

#include "helpers.h"

#include <stdlib.h>
#include <unistd.h>

const char *temporary_file(const char *text, size_t length)
{
    static char path[64];
    int fd;
    snprintf(path, sizeof path, "/tmp/understudy-test-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
    close(fd);
    return path;
}
