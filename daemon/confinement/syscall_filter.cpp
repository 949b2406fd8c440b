#include "daemon/confinement/syscall_filter.hpp"

#include <array>
#include <memory>
#include <system_error>

#include <fmt/format.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace octroi {
namespace {

// A name that another architecture lacks, or has under another number, is libseccomp's business.
constexpr std::array worker_calls = {
    // packets in, verdicts out
    "recvmmsg", "recvmsg", "recvfrom", "sendto", "sendmsg", "poll", "ppoll", "read", "write",
    "writev",
    // memory; mmap and mprotect by rules of their own
    "brk", "munmap", "mremap", "madvise",
    // other threads, and the clock where the vDSO has none
    "futex", "sched_yield", "clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
    "restart_syscall", "getrandom", "getpid", "gettid", "sched_getaffinity", "membarrier",
    // an orderly end, and abort()
    "rt_sigprocmask", "rt_sigreturn", "rt_sigaction", "sigaltstack", "tgkill", "close",
    "set_robust_list", "rseq", "exit", "exit_group"};

// Control, HTTP and event threads; iptables and the loader of programs.
constexpr std::array process_calls = {
    // reload, events
    "open", "openat", "openat2", "creat", "pread64", "readv", "preadv", "pwrite64", "pwritev",
    "lseek", "_llseek", "stat", "fstat", "lstat", "newfstatat", "fstatat64", "statx", "statfs",
    "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents",
    "getdents64", "fcntl", "fcntl64", "flock", "ftruncate", "fsync", "fdatasync", "fallocate",
    "fadvise64", "rename", "renameat", "renameat2", "unlink", "unlinkat", "fchmod", "umask",
    "memfd_create", "ioctl",
    // sockets that are open, and new ones of some socket_families
    "bind", "connect", "getsockname", "getpeername", "getsockopt", "setsockopt", "accept",
    "accept4", "shutdown", "sendmmsg", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "eventfd2", "timerfd_create", "timerfd_settime", "signalfd4", "select", "pselect6", "pipe",
    "pipe2", "dup", "dup2", "dup3",
    // iptables as a subprocess
    "clone", "clone3", "fork", "vfork", "execve", "wait4", "waitid", "kill", "pidfd_open",
    "pidfd_send_signal", "set_tid_address", "arch_prctl", "mmap", "mmap2", "mprotect", "prlimit64",
    "getrlimit", "getuid", "geteuid", "getgid", "getegid", "getppid", "getpgrp", "setpgid",
    "getgroups", "uname", "sysinfo", "getrusage", "times", "alarm", "setitimer", "capget",
    // threads of their own: names, priorities, and the workers' narrower filter
    "prctl", "seccomp", "setpriority", "getpriority", "sched_getparam", "sched_getscheduler",
    "rt_sigtimedwait", "rt_sigpending", "rt_sigsuspend", "pause", "clock_getres", "getcpu"};

// Packet sockets, and any way out by the network, are not among them.
constexpr std::array socket_families = {AF_NETLINK, AF_UNIX};

class CallFilter {
  public:
    // Ending the process, not the thread: a gateway with a worker less would be worse.
    CallFilter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS)) {}

    void allow(const char* call, const scmp_arg_cmp& condition) { add(call, &condition, 1); }

    void allow_each(const auto& calls) {
        for (const char* call : calls)
            add(call, nullptr, 0);
    }

    [[nodiscard]] std::expected<void, std::string> load(bool all_threads) {
        constexpr unsigned binary_tree = 2;
        note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, binary_tree));
        note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, all_threads ? 1 : 0));
        if (error_ == 0)
            note(seccomp_load(context_.get()));
        if (error_ == 0)
            return {};
        return std::unexpected(
            fmt::format("can't filter system calls: {}. The kernel needs CONFIG_SECCOMP_FILTER, "
                        "and a container must allow seccomp(2)",
                        std::generic_category().message(-error_)));
    }

  private:
    struct Release {
        void operator()(void* context) const { seccomp_release(context); }
    };

    void add(const char* call, const scmp_arg_cmp* conditions, unsigned count) {
        const int number = seccomp_syscall_resolve_name(call);
        if (number != __NR_SCMP_ERROR)
            note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, number, count, conditions));
    }

    void note(int result) {
        if (error_ == 0)
            error_ = result;
    }

    std::unique_ptr<void, Release> context_;
    int error_ = 0;
};

}  // namespace

std::expected<void, std::string> filter_process_calls() {
    CallFilter filter;
    filter.allow_each(worker_calls);
    filter.allow_each(process_calls);
    for (const int family : socket_families)
        filter.allow("socket", {.arg = 0,
                                .op = SCMP_CMP_EQ,
                                .datum_a = static_cast<scmp_datum_t>(family),
                                .datum_b = 0});
    return filter.load(true);
}

std::expected<void, std::string> filter_worker_calls() {
    CallFilter filter;
    filter.allow_each(worker_calls);
    for (const char* call : {"mmap", "mmap2", "mprotect"})
        filter.allow(call,
                     {.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0});
    return filter.load(false);
}

}  // namespace octroi
