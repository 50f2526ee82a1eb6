#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int heard[2] = {-1, -1};

// Runs on whatever thread the signal hits: system calls only.
static void hear(int signal) {
    int before = errno;
    unsigned char number = (unsigned char)signal;
    ssize_t written = write(heard[1], &number, 1);
    (void)written;  // a full pipe has said enough
    errno = before;
}

int queue_signals_open(void) {
    if (heard[0] < 0 && pipe2(heard, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    return heard[0];
}

int queue_signals_take(int signal) {
    struct sigaction action = {.sa_handler = hear, .sa_flags = SA_RESTART};
    return sigaction(signal, &action, NULL) == 0 ? 0 : errno;
}
