#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static atomic_bool flag;
static atomic_int count;
static volatile sig_atomic_t last;
static atomic_bool hangup;

static void on_signal(int number)
{
    last = number;
    atomic_fetch_add(&count, 1);
    atomic_store(&flag, true);
}

void interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

const atomic_bool *interrupt_flag(void)
{
    return &flag;
}

int interrupt_signal(void)
{
    return last;
}

int interrupt_count(void)
{
    return atomic_load(&count);
}

void interrupt_clear(void)
{
    atomic_store(&flag, false);
}

static void on_hangup(int number)
{
    (void)number;
    atomic_store(&hangup, true);
}

void interrupt_keep_hangup(void)
{
    struct sigaction action = {.sa_handler = on_hangup};
    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
}

bool interrupt_take_hangup(void)
{
    return atomic_exchange(&hangup, false);
}
