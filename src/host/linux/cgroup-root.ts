/** Where the control groups of every distribution are mounted. */
export const CGROUP_ROOT = '/sys/fs/cgroup';
