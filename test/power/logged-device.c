/*
 * A block device that remembers: a FUSE file system with one file, `disk`, whose bytes are those of an image. Every write
 * and every flush is noted in a log, in order, so that a test can lay down what a power cut at any moment would leave.
 *
 *   gcc -O2 -o logged-device logged-device.c $(pkg-config --cflags --libs fuse3)
 *   logged-device IMAGE LOG FAULT MOUNTPOINT        stays in the foreground until MOUNTPOINT is unmounted
 *
 * FAULT is a file whose first letter says what fails with EIO from now on: `f` every flush, `w` every write, `d` those and
 * every read, as of a card that was pulled out; anything else, or nothing: none. What fails is not done and not noted.
 *
 * The log is a row of entries: 8 bytes position, 4 bytes length, 4 bytes kind (1 write, 2 flush), native byte order, then
 * the bytes written. One thread serves all requests, so the log's order is the device's. A loop device on `disk` passes the
 * file system's flushes on as fsync.
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { KIND_WRITE = 1, KIND_FLUSH = 2 };

struct entry {
	uint64_t position;
	uint32_t length;
	uint32_t kind;
};

static const char disk_path[] = "/disk";
static int image_fd;
static int log_fd;
static int fault_fd;

static void write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(log_fd, bytes, length);
		if (written <= 0) {
			perror("logged-device: log");
			abort(); /* a log with a hole would prove nothing */
		}
		bytes += written;
		length -= (size_t)written;
	}
}

static void note(enum kind kind, off_t position, const char *bytes, size_t length)
{
	struct entry entry = { (uint64_t)position, (uint32_t)length, kind };
	write_all((const char *)&entry, sizeof entry);
	write_all(bytes, length);
}

/* Whether one of `faults` is on. */
static int fails(const char *faults)
{
	char letter = 0;
	return pread(fault_fd, &letter, 1, 0) == 1 && letter != 0 && strchr(faults, letter) != NULL;
}

static int is_disk(const char *path)
{
	return strcmp(path, disk_path) == 0;
}

static int device_getattr(const char *path, struct stat *st, struct fuse_file_info *info)
{
	struct stat image;
	(void)info;
	memset(st, 0, sizeof *st);
	if (strcmp(path, "/") == 0) {
		st->st_mode = S_IFDIR | 0755;
		st->st_nlink = 2;
		return 0;
	}
	if (!is_disk(path))
		return -ENOENT;
	if (fstat(image_fd, &image) != 0)
		return -errno;
	st->st_mode = S_IFREG | 0600;
	st->st_nlink = 1;
	st->st_size = image.st_size;
	return 0;
}

static int device_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
			  struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)path, (void)offset, (void)info, (void)flags;
	fill(buffer, disk_path + 1, NULL, 0, 0);
	return 0;
}

static int device_open(const char *path, struct fuse_file_info *info)
{
	info->direct_io = 1; /* nothing may be held back between the loop device and the log */
	return is_disk(path) ? 0 : -ENOENT;
}

static int device_read(const char *path, char *buffer, size_t length, off_t offset, struct fuse_file_info *info)
{
	(void)path, (void)info;
	if (fails("d"))
		return -EIO;
	ssize_t got = pread(image_fd, buffer, length, offset);
	return got < 0 ? -errno : (int)got;
}

static int device_write(const char *path, const char *bytes, size_t length, off_t offset, struct fuse_file_info *info)
{
	(void)path, (void)info;
	if (fails("dw"))
		return -EIO;
	ssize_t written = pwrite(image_fd, bytes, length, offset);
	if (written > 0)
		note(KIND_WRITE, offset, bytes, (size_t)written);
	return written < 0 ? -errno : (int)written;
}

static int device_fsync(const char *path, int only_data, struct fuse_file_info *info)
{
	(void)path, (void)only_data, (void)info;
	if (fails("df"))
		return -EIO;
	note(KIND_FLUSH, 0, "", 0);
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = device_getattr,
	.readdir = device_readdir,
	.open = device_open,
	.read = device_read,
	.write = device_write,
	.fsync = device_fsync,
};

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: logged-device IMAGE LOG FAULT MOUNTPOINT\n");
		return 2;
	}
	image_fd = open(argv[1], O_RDWR | O_CLOEXEC);
	log_fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	fault_fd = open(argv[3], O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (image_fd < 0 || log_fd < 0 || fault_fd < 0) {
		perror("logged-device");
		return 1;
	}
	char *fuse_argv[] = { argv[0], "-f", "-s", argv[4], NULL };
	return fuse_main(4, fuse_argv, &operations, NULL);
}
