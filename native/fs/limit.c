/* barge-fs limit: bounds what a directory may hold, by a project quota of its file system (ext4, XFS). */
#include "fs.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/fs.h and linux/quota.h, which musl does not bring. */
struct inode_attributes {
    uint32_t flags, extent_size, extents, project, cow_extent_size;
    uint8_t padding[8];
};
#define GET_ATTRIBUTES _IOR('X', 31, struct inode_attributes)
#define SET_ATTRIBUTES _IOW('X', 32, struct inode_attributes)
#define INHERIT_PROJECT 0x200u
#define PROJECT_QUOTA 2
#define QUOTA_UNIT 1024
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

void limit(const char *directory, unsigned long long bytes, unsigned project) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct inode_attributes attributes;
    if (fd < 0 || ioctl(fd, GET_ATTRIBUTES, &attributes) < 0) fail("reading the attributes of", directory);
    struct dqblk quota = {
        .dqb_bhardlimit = bytes / QUOTA_UNIT,
        .dqb_bsoftlimit = bytes / QUOTA_UNIT,
        .dqb_valid = QIF_BLIMITS,
    };
    /* First the limit: where quotas are off, nothing has been changed. */
    if (syscall(SYS_quotactl_fd, fd, QCMD(Q_SETQUOTA, PROJECT_QUOTA), project, &quota) < 0)
        fail("setting a project quota on", directory);
    attributes.project = project;
    attributes.flags |= INHERIT_PROJECT;
    if (ioctl(fd, SET_ATTRIBUTES, &attributes) < 0) fail("setting the project of", directory);
    close(fd);
}
