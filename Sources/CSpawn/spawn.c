#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Each pair is { read end, write end }.
struct pipes {
    int input[2];
    int output[2];
    int error[2];
};

static void shut(int *end) {
    if (*end >= 0) close(*end);
    *end = -1;
}

static void shut_all(struct pipes *pipes) {
    for (int end = 0; end < 2; end++) {
        shut(&pipes->input[end]);
        shut(&pipes->output[end]);
        shut(&pipes->error[end]);
    }
}

// Both ends above 3, so that giving the child its 0 to 3 overwrites none: a daemon may run with these closed.
static int open_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ends[0] = ends[1] = -1;
        return errno;
    }
    for (int end = 0; end < 2; end++) {
        if (ends[end] > QUEUE_ISOLATED_REPORT) continue;
        int higher = fcntl(ends[end], F_DUPFD_CLOEXEC, QUEUE_ISOLATED_REPORT + 1);
        if (higher < 0) return errno;
        close(ends[end]);
        ends[end] = higher;
    }
    return 0;
}

static int open_pipes(struct pipes *pipes) {
    *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    int failure = open_pipe(pipes->input);
    if (failure == 0) failure = open_pipe(pipes->output);
    if (failure == 0) failure = open_pipe(pipes->error);
    if (failure == 0) {
        // Of this side only: a flag belongs to one end of a pipe.
        fcntl(pipes->input[1], F_SETFL, O_NONBLOCK);
        fcntl(pipes->output[0], F_SETFL, O_NONBLOCK);
        fcntl(pipes->error[0], F_SETFL, O_NONBLOCK);
    } else {
        shut_all(pipes);
    }
    return failure;
}

// The soft limit of descriptors before `queue_files_raise`; 0: it was not raised.
static rlim_t files_before = 0;

uint64_t queue_files_raise(uint64_t wanted) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
    rlim_t best = files.rlim_max < wanted ? files.rlim_max : wanted;
    rlim_t before = files.rlim_cur;
    if (before >= best) return before;
    files.rlim_cur = best;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) return before;
    files_before = before;
    return best;
}

static void give_back_files(void) {
    struct rlimit files;
    if (files_before == 0 || getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files_before;
    setrlimit(RLIMIT_NOFILE, &files);
}

static int limit(int resource, uint64_t value, uint64_t beyond) {
    struct rlimit limit = {value, value + beyond};
    struct rlimit present;
    if (getrlimit(resource, &present) != 0) return errno;
    // What this process may not do, its child may not either.
    if (present.rlim_max != RLIM_INFINITY && limit.rlim_max > present.rlim_max) limit.rlim_max = present.rlim_max;
    if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

static void close_others(int first) {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
    // Before Linux 5.9. Ours close by themselves; those of libraries may not.
    struct rlimit files;
    rlim_t end = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 65536 ? files.rlim_cur : 65536;
    for (rlim_t file = (rlim_t)first; file < end; file++) close((int)file);
}

// In the child, which still shares this process' memory: system calls only. Answers errno, or never.
static int become(
    const struct queue_spawn_plan *plan, const struct pipes *pipes, pid_t parent, volatile enum queue_spawn_step *step) {
    // The parent may have died before the first of these took effect.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(127);
    if (setpgid(0, 0) != 0) return errno;

    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);  // refused for a few, rightly
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    *step = queue_spawn_pipes;
    int printed = plan->reports ? pipes->error[1] : pipes->output[1];
    if (dup2(pipes->input[0], 0) < 0 || dup2(printed, 1) < 0 || dup2(pipes->error[1], 2) < 0) return errno;
    if (plan->reports && dup2(pipes->output[1], QUEUE_ISOLATED_REPORT) < 0) return errno;
    close_others(plan->reports ? QUEUE_ISOLATED_REPORT + 1 : QUEUE_ISOLATED_REPORT);
    give_back_files();

    *step = queue_spawn_directory;
    if (plan->directory != NULL && chdir(plan->directory) != 0) return errno;
    // Last: a small address space may be too small for anything else.
    *step = queue_spawn_limits;
    int failure = 0;
    // SIGXCPU at the limit, SIGKILL two seconds later.
    if (plan->cpu > 0) failure = limit(RLIMIT_CPU, plan->cpu, 2);
    if (failure == 0 && plan->memory > 0) failure = limit(RLIMIT_AS, plan->memory, 0);
    if (failure != 0) return failure;

    *step = queue_spawn_exec;
    execve(plan->path, plan->arguments, plan->environment);
    return errno;
}

int queue_spawn(
    const struct queue_spawn_plan *plan, struct queue_spawn_child *child, enum queue_spawn_step *step) {
    struct pipes pipes;
    *step = queue_spawn_pipes;
    int opened = open_pipes(&pipes);
    if (opened != 0) return opened;

    // Written by the child, in memory that both share until exec.
    volatile int failure = 0;
    volatile enum queue_spawn_step reached = queue_spawn_fork;
    pid_t parent = getpid();
    sigset_t all, before;
    sigfillset(&all);
    // A handler of this process must not run in the child.
    pthread_sigmask(SIG_BLOCK, &all, &before);
    // vfork: fork would copy the page tables of a worker that may be large, and takes as long as all the rest.
    pid_t pid = vfork();
    if (pid == 0) {
        failure = become(plan, &pipes, parent, &reached);
        _exit(127);
    }
    if (pid < 0) failure = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    int pidfd = -1;
    if (failure == 0) {
        reached = queue_spawn_watch;
        pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (pidfd < 0) {
            failure = errno;
            queue_kill_group(pid, SIGKILL);
        }
    }
    if (failure != 0) {
        if (pid > 0) waitpid(pid, NULL, 0);
        shut_all(&pipes);
        *step = reached;
        return failure;
    }
    shut(&pipes.input[0]);
    shut(&pipes.output[1]);
    shut(&pipes.error[1]);
    *child = (struct queue_spawn_child){pid, pidfd, pipes.input[1], pipes.output[0], pipes.error[0]};
    return 0;
}

void queue_kill_group(pid_t pid, int signal) {
    // 0 and 1 would mean very different groups.
    if (pid > 1) kill(-pid, signal);
}

void queue_tell(pid_t pid, int reason) {
    if (pid > 1) sigqueue(pid, SIGTERM, (union sigval){.sival_int = reason});
}

int queue_reap(pid_t pid, int *code, int *signal, uint64_t *peak) {
    int status;
    struct rusage usage;
    while (wait4(pid, &status, 0, &usage) < 0) {
        if (errno != EINTR) return errno;
    }
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
    *peak = (uint64_t)usage.ru_maxrss * 1024;
    // Process 1 of a container inherits the orphans of the group, which were killed, and nobody else reaps them.
    if (getpid() == 1) {
        while (waitpid(-pid, NULL, 0) > 0 || errno == EINTR) {}
    }
    return 0;
}
