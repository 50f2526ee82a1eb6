#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

struct task {
    char name[16];
    void (*body)(void *);
    void *argument;
};

static void *perform(void *pointer) {
    struct task task = *(struct task *)pointer;
    free(pointer);
    prctl(PR_SET_NAME, task.name);
    task.body(task.argument);
    return NULL;
}

int queue_thread(const char *name, size_t stack, void (*body)(void *), void *argument) {
    struct task *task = calloc(1, sizeof *task);
    if (task == NULL) return ENOMEM;
    strncpy(task->name, name, sizeof task->name - 1);
    task->body = body;
    task->argument = argument;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // Only what is touched takes memory.
    pthread_attr_setstacksize(&attributes, stack);
    sigset_t most, before;
    sigfillset(&most);
    // Blocked, they would end the process without the lines that say where.
    const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
    for (size_t at = 0; at < sizeof crashes / sizeof *crashes; at++) sigdelset(&most, crashes[at]);
    // A thread starts with the mask of the one that makes it.
    pthread_sigmask(SIG_BLOCK, &most, &before);
    pthread_t thread;
    int failure = pthread_create(&thread, &attributes, perform, task);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure != 0) free(task);
    return failure;
}

int queue_switch_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void queue_switch_flip(int descriptor) { eventfd_write(descriptor, 1); }
