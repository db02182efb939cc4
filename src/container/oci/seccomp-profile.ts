import type { OciSeccomp, OciSyscallRule } from '../../api/oci-runtime.ts';

/** When a rule holds: capabilities of the container, architecture in Go's words, lowest kernel version. */
export interface SeccompCondition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

/** A profile in the form that docker's `--security-opt seccomp=FILE` takes. */
export interface SeccompProfile extends Pick<OciSeccomp, 'defaultAction' | 'defaultErrnoRet'> {
  readonly architectures?: readonly string[];
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures?: readonly string[] | null;
  }[];
  readonly syscalls?: readonly SeccompRule[];
}

interface SeccompRule extends Omit<OciSyscallRule, 'names'> {
  readonly name?: string;
  readonly names?: readonly string[];
  readonly includes?: SeccompCondition;
  readonly excludes?: SeccompCondition;
}

const EPERM = 1;
const ENOSYS = 38;
const ALLOW = 'SCMP_ACT_ALLOW';

/* Arguments of socket(2). An AF_VSOCK socket reaches the hypervisor, AF_ALG the kernel's ciphers. */
const AF_ALG = 38;
const AF_VSOCK = 40;

/** Every flag of clone(2) that makes a namespace: mount, cgroup, UTS, IPC, user, pid, network. */
const CLONE_NEW_ANY = 0x7e020000;

/* Personas of personality(2): Linux, 32-bit machine names, the same with kernel 2.6's version, and "only ask". */
const PERSONAS = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** Calls that every container may make, by subject. */
const ALWAYS = {
  files: `
    access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2
    fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync
    flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64
    ioctl lchown lchown32 link linkat listmount _llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat
    name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read
    readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 splice stat stat64 statfs
    statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink
    unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev`,
  attributes: `
    fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr
    lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat`,
  waiting: `
    epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
    eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch _newselect pause poll ppoll
    ppoll_time64 pselect6 pselect6_time64 select`,
  asynchronous: `
    io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit`,
  memory: `
    brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap
    mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease
    remap_file_pages`,
  processes: `
    execve execveat exit exit_group fork getpgid getpgrp getpid getppid getrusage getsid gettid get_thread_area kill
    pidfd_open pidfd_send_signal prctl rseq set_thread_area set_tid_address setpgid setsid tgkill tkill vfork wait4
    waitid waitpid`,
  confinement: `
    landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp`,
  identity: `
    capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32
    getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
    setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32`,
  scheduling: `
    getcpu getpriority getrlimit ioprio_get ioprio_set prlimit64 sched_getaffinity sched_getattr sched_getparam
    sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval
    sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield
    setpriority setrlimit ugetrlimit`,
  signals: `
    alarm restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signalfd signalfd4 sigprocmask sigreturn`,
  /* Setting the clock is refused by the kernel without CAP_SYS_TIME; adjtimex and its kin also only read. */
  time: `
    adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
    clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete
    timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
    timerfd_gettime64 timerfd_settime timerfd_settime64 times`,
  locks: `
    futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list set_robust_list`,
  messages: `
    ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
    mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget`,
  sockets: `
    accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64
    recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair`,
  system: `
    getrandom riscv_hwprobe sysinfo uname uretprobe`,
};

/** Calls that a capability opens. One named twice is opened by either capability. */
const BY_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_BPF: 'bpf',
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_PERFMON: 'perf_event_open',
  CAP_SYS_ADMIN: `
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
    sethostname setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module finit_module init_module',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'ioperm iopl',
  CAP_SYS_TIME: 'clock_settime clock_settime64 settimeofday stime',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYSLOG: 'syslog',
};

/** Calls that only some processors have, by Go's names of these. */
const BY_ARCHITECTURE: readonly (readonly [readonly string[], string])[] = [
  [['amd64', 'x32'], 'arch_prctl'],
  [['amd64', 'x32', 'x86'], 'modify_ldt'],
  [['arm', 'arm64'], 'arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2'],
  [['ppc64le'], 'swapcontext sync_file_range2'],
  [['riscv64'], 'riscv_flush_icache'],
  [['s390', 's390x'], 's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr'],
];

/** Architectures whose filter also covers programs of related ones. */
const RELATED: Readonly<Record<string, readonly string[]>> = {
  SCMP_ARCH_AARCH64: ['SCMP_ARCH_ARM'],
  SCMP_ARCH_LOONGARCH64: [],
  SCMP_ARCH_MIPS64: ['SCMP_ARCH_MIPS', 'SCMP_ARCH_MIPS64N32'],
  SCMP_ARCH_MIPS64N32: ['SCMP_ARCH_MIPS', 'SCMP_ARCH_MIPS64'],
  SCMP_ARCH_MIPSEL64: ['SCMP_ARCH_MIPSEL', 'SCMP_ARCH_MIPSEL64N32'],
  SCMP_ARCH_MIPSEL64N32: ['SCMP_ARCH_MIPSEL', 'SCMP_ARCH_MIPSEL64'],
  SCMP_ARCH_RISCV64: [],
  SCMP_ARCH_S390X: ['SCMP_ARCH_S390'],
  SCMP_ARCH_X86_64: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
};

const S390 = ['s390', 's390x'];
const WITHOUT_ADMIN = ['CAP_SYS_ADMIN'];

const split = (names: string) => names.trim().split(/\s+/);

function allow(names: string, rule: Omit<SeccompRule, 'names' | 'action'> = {}): SeccompRule {
  return { names: split(names), action: ALLOW, ...rule };
}

const compare = (op: string, value: number, index = 0) => ({ args: [{ index, value, op }] });

/* clone(2) without flags that make namespaces; s390 has its first two parameters the other way round. */
const noNewNamespace = (index: number) => ({
  args: [{ index, value: CLONE_NEW_ANY, op: 'SCMP_CMP_MASKED_EQ' }],
});

/**
 * The profile of containers that ask for none: what it forbids fails with EPERM. Equal in effect to Docker's
 * default. clone3 hides its flags in memory, where a filter cannot look, and so fails with ENOSYS, upon which C
 * libraries fall back to clone.
 */
export const DEFAULT_PROFILE: SeccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: EPERM,
  archMap: Object.entries(RELATED).map(([architecture, subArchitectures]) => ({
    architecture,
    subArchitectures,
  })),
  syscalls: [
    allow(Object.values(ALWAYS).join(' ')),
    /* Before 4.8 a traced process could change the call after the filter had passed it. */
    allow('process_vm_readv process_vm_writev ptrace', { includes: { minKernel: '4.8' } }),
    allow('socket', compare('SCMP_CMP_LT', AF_ALG)),
    allow('socket', compare('SCMP_CMP_EQ', AF_ALG + 1)),
    allow('socket', compare('SCMP_CMP_GT', AF_VSOCK)),
    ...PERSONAS.map((persona) => allow('personality', compare('SCMP_CMP_EQ', persona))),
    ...BY_ARCHITECTURE.map(([arches, names]) => allow(names, { includes: { arches } })),
    ...Object.entries(BY_CAPABILITY).map(([cap, names]) => allow(names, { includes: { caps: [cap] } })),
    allow('clone', { ...noNewNamespace(0), excludes: { caps: WITHOUT_ADMIN, arches: S390 } }),
    allow('clone', {
      ...noNewNamespace(1),
      includes: { arches: S390 },
      excludes: { caps: WITHOUT_ADMIN },
    }),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS, excludes: { caps: WITHOUT_ADMIN } },
  ],
};
