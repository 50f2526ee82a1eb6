#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int told[2] = {-1, -1};

// Runs on whatever thread the signal hits: system calls only.
static void hear(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    // A service manager that ends a service tells all its processes. Only the worker knows how long its jobs may go on.
    if (info->si_pid != getppid()) return;
    int before = errno;
    unsigned char reason = info->si_code == SI_QUEUE ? (unsigned char)info->si_value.sival_int : 0;
    ssize_t written = write(told[1], &reason, 1);
    (void)written;  // a full pipe has said enough
    errno = before;
}

int queue_isolated_begin(void) {
    // A worker gives a pipe. Without one, somebody has set the variable that makes a program run a job.
    struct stat facts;
    if (fstat(QUEUE_ISOLATED_REPORT, &facts) != 0 || !S_ISFIFO(facts.st_mode)) return -1;
    // What the handler starts must not be able to speak for it.
    if (fcntl(QUEUE_ISOLATED_REPORT, F_SETFD, FD_CLOEXEC) != 0) return -1;
    if (pipe2(told, O_CLOEXEC) != 0) return -1;
    fcntl(told[1], F_SETFL, O_NONBLOCK);
    struct sigaction action = {.sa_sigaction = hear, .sa_flags = SA_SIGINFO | SA_RESTART};
    if (sigaction(SIGTERM, &action, NULL) != 0) return -1;
    // As on the threads of a worker: writing to a closed socket is an error there, not the end.
    signal(SIGPIPE, SIG_IGN);
    // Else it would be called "exe".
    prctl(PR_SET_NAME, "isolated job");
    // Lines are logged when they are printed, not when the buffer is full.
    setvbuf(stdout, NULL, _IOLBF, 0);
    // The handlers are there: what goes wrong from here on is the job's. A space, which means nothing in JSON.
    if (write(QUEUE_ISOLATED_REPORT, " ", 1) != 1) return -1;
    return told[0];
}

void queue_isolated_end(const void *report, size_t count) {
    const char *rest = report;
    while (count > 0) {
        ssize_t written = write(QUEUE_ISOLATED_REPORT, rest, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) break;
        rest += written;
        count -= (size_t)written;
    }
    fflush(NULL);
    // Not exit: other threads still run, and what is torn down under them crashes.
    _exit(0);
}
