/* The front door: a table of subcommands. Only main prints errors. */
#include <stdio.h>

int main(void)
{
    puts("understudy " UND_VERSION);
    return 0;
}
