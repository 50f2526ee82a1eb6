// Starting a child process, and ending it. In C because what happens between vfork and exec cannot be written in Swift, and
// because posix_spawn knows neither the parent-death signal nor limits.
#ifndef QUEUE_WORKER_CSPAWN_H
#define QUEUE_WORKER_CSPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// What to run.
struct queue_spawn_plan {
    /// Absolute, or relative to `directory`.
    const char *path;
    char *_Nullable const *_Nonnull arguments;
    char *_Nullable const *_Nonnull environment;
    /// Null: the folder of this process.
    const char *_Nullable directory;
    /// Address space, bytes; 0: as this process.
    uint64_t memory;
    /// CPU time, seconds; 0: as this process.
    uint64_t cpu;
    /// `output` is the child's descriptor 3 instead of its stdout, which then goes where its stderr goes.
    bool reports;
};

/// A child that runs. Whoever has it owns the descriptors; those of the pipes do not block.
struct queue_spawn_child {
    pid_t pid;
    /// Readable once the child has ended.
    int pidfd;
    int input;
    int output;
    int error;
};

/// What failed.
enum queue_spawn_step {
    queue_spawn_pipes,
    queue_spawn_fork,
    queue_spawn_limits,
    queue_spawn_directory,
    queue_spawn_exec,
    queue_spawn_watch,
};

/// Starts a child at the head of a process group of its own, with default signals and no descriptors but 0, 1 and 2 (and 3).
///
/// The kernel kills it when the calling *thread* ends: that must wait for it. Answers 0, or errno and the step; then there
/// is no child.
int queue_spawn(
    const struct queue_spawn_plan *plan, struct queue_spawn_child *child, enum queue_spawn_step *step);

/// Lets this process have so many descriptors, or as many as its hard limit permits, and never fewer than before. Children
/// of `queue_spawn` get the limit from before: programs that use select() do not survive a descriptor above 1023. To be
/// called before there are threads. Answers the limit that holds now.
uint64_t queue_files_raise(uint64_t wanted);

/// Sends a signal to the group of a child, or to what is left of it. Only before `queue_reap`: as long as the child is not
/// reaped, nobody else can get its number.
void queue_kill_group(pid_t pid, int signal);

/// Sends TERM to a child alone, with a number above 0 that says why: for children that called `queue_isolated_begin`.
void queue_tell(pid_t pid, int reason);

/// Takes the status of a child, waiting for its end. Answers 0 with the exit code or the signal, the other one being -1, and
/// the most memory that it ever had, bytes (Linux counts in what this process had when it started the child).
int queue_reap(pid_t pid, int *code, int *signal, uint64_t *peak);

/// Sends a signal to the process that a descriptor stands for, and to nobody else however long that is gone. Answers 0 or
/// errno: ESRCH once it is reaped.
int queue_signal(int pidfd, int signal);

/// Memory without a name, all zeros, to be shared with a child: a descriptor that no child inherits, or -1 and errno.
int queue_board_open(size_t size);

/// Maps such memory, for good. Null and errno when that cannot be.
void *_Nullable queue_board_map(int descriptor, size_t size);

/// Runs `body` on a new thread with a name of up to 15 bytes and a stack of that size. Signals are blocked there, so that
/// SIGPIPE becomes EPIPE and the process' handlers run elsewhere; not those of a crash, which can run nowhere else. The
/// thread ends with the body; nobody need join it. Answers 0 or errno.
int queue_thread(const char *name, size_t stack, void (*body)(void *argument), void *argument);

/// A descriptor that is readable once it was flipped, or -1 and errno.
int queue_switch_open(void);
void queue_switch_flip(int descriptor);

/// From now on a signal of this process does nothing but put its number, a byte, where `queue_signals_open` said, which has to
/// be called first. Programs that are started do not inherit that. Answers 0 or errno.
int queue_signals_take(int signal);

/// A descriptor that does not block, always the same; -1 and errno when there is none.
int queue_signals_open(void);

/// Gives every key of a terminal to this process, unseen and as it is typed, and remembers how the terminal was. Should this
/// process crash, these bytes, at most 256, are written to it and it is put back. Answers 0 or errno; 0 when it is so already.
int queue_terminal_raw(int descriptor, const void *bytes, size_t count);

/// Puts the terminal back as it was, and drops what was typed and not read. Nothing where it is so already.
void queue_terminal_restore(void);

/// Where a child with `reports` says how its run ended.
#define QUEUE_ISOLATED_REPORT 3

/// Makes this process the child that runs one job. Answers a descriptor, or -1 and errno: each TERM of the parent puts a
/// byte there, the number of `queue_tell` or 0; a TERM of anybody else does nothing.
int queue_isolated_begin(void);

/// Writes how the run ended, then what was printed, and ends the process at once.
_Noreturn void queue_isolated_end(const void *report, size_t count);

#pragma clang assume_nonnull end

#endif
