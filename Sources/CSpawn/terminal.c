#include "CSpawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static volatile sig_atomic_t is_raw;
static int terminal = -1;
static char farewell[256];
static size_t farewell_size;

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE};
#define CRASHES (sizeof crashes / sizeof *crashes)
static struct sigaction earlier[CRASHES];

// What is said of the crash shall be read on the terminal as it was. Then the crash goes on as it would have.
static void crashed(int signal) {
    int code = errno;
    if (is_raw) {
        (void)!write(terminal, farewell, farewell_size);
        (void)tcsetattr(terminal, TCSANOW, &before);
    }
    for (size_t i = 0; i < CRASHES; i++) {
        if (crashes[i] == signal) sigaction(signal, &earlier[i], NULL);
    }
    errno = code;
    // It is blocked here, and comes once this returns.
    raise(signal);
}

static void guard(void) {
    static int done;
    if (done) return;
    done = 1;
    struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
    for (size_t i = 0; i < CRASHES; i++) sigaction(crashes[i], &action, &earlier[i]);
}

int queue_terminal_raw(int descriptor, const void *bytes, size_t count) {
    if (is_raw) return 0;
    if (count > sizeof farewell) return EINVAL;
    if (tcgetattr(descriptor, &before) != 0) return errno;
    terminal = descriptor;
    memcpy(farewell, bytes, count);
    farewell_size = count;
    guard();
    struct termios raw = before;
    raw.c_iflag &= (tcflag_t) ~(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    raw.c_lflag &= (tcflag_t) ~(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    is_raw = 1;
    // What was typed before is not lost.
    if (tcsetattr(descriptor, TCSADRAIN, &raw) == 0) return 0;
    is_raw = 0;
    return errno;
}

void queue_terminal_restore(void) {
    if (!is_raw) return;
    // What nobody has read was meant for the program that leaves.
    (void)tcsetattr(terminal, TCSAFLUSH, &before);
    is_raw = 0;
}
