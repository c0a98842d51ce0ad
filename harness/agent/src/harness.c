#include "harness.h"
#include "names.h"
#include "framing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG_LIMIT (4u << 20)

static int output = -1;
static struct buffer backlog;

void harness_open(int fd) {
	output = fd;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void append_time(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	buffer_printf(&backlog, "%lld.%06ld ", (long long)now.tv_sec, now.tv_nsec / 1000);
}

static void append_start(uint64_t id) {
	append_time();
	buffer_printf(&backlog, "%llu ", (unsigned long long)id);
}

void harness_send(uint64_t id, const char *format, ...) {
	append_start(id);
	va_list arguments;
	va_start(arguments, format);
	buffer_vprintf(&backlog, format, arguments);
	va_end(arguments);
	buffer_append(&backlog, "\n", 1);
}

void harness_send_error(uint64_t id, int error, const char *text) {
	const char *name = errno_name(error);
	append_start(id);
	if (name) buffer_printf(&backlog, "error %s ", name);
	else buffer_printf(&backlog, "error errno%%20%d ", error);
	append_word(&backlog, text, strlen(text));
	buffer_append(&backlog, "\n", 1);
}

void harness_send_bytes(uint64_t id, const char *stream, const void *bytes, size_t length) {
	append_start(id);
	buffer_printf(&backlog, "%s %zu\n", stream, length);
	buffer_append(&backlog, bytes, length);
}

void harness_send_line(const char *line, size_t length) {
	append_time();
	buffer_append(&backlog, line, length);
	buffer_append(&backlog, "\n", 1);
}

bool harness_is_behind(void) {
	return backlog.length > BACKLOG_LIMIT;
}

bool harness_has_backlog(void) {
	return backlog.length > 0;
}

bool harness_flush(void) {
	while (backlog.length > 0) {
		ssize_t written = write(output, buffer_bytes(&backlog), backlog.length);
		if (written > 0) buffer_consume(&backlog, (size_t)written);
		else if (written < 0 && errno == EINTR) continue;
		else return written < 0 && errno == EAGAIN;
	}
	return true;
}
