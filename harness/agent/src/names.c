#define _GNU_SOURCE 1

#include "names.h"
#include "buffer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NAME(constant) {#constant, constant}
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct name ERRNOS[] = {
	NAME(EPERM), NAME(ENOENT), NAME(ESRCH), NAME(EINTR), NAME(EIO), NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC), NAME(EBADF),
	NAME(ECHILD), NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT), NAME(EBUSY), NAME(EEXIST), NAME(ENODEV),
	NAME(ENOTDIR), NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE), NAME(ENOTTY), NAME(ETXTBSY), NAME(EFBIG),
	NAME(ENOSPC), NAME(ESPIPE), NAME(EROFS), NAME(EPIPE), NAME(EDOM), NAME(ERANGE), NAME(EDEADLK), NAME(ENAMETOOLONG),
	NAME(ENOSYS), NAME(ELOOP), NAME(EPROTO), NAME(EBADMSG), NAME(EOVERFLOW), NAME(ELIBBAD), NAME(EUSERS), NAME(ENOTSOCK),
	NAME(EDESTADDRREQ), NAME(EMSGSIZE), NAME(EPROTOTYPE), NAME(ENOPROTOOPT), NAME(EPROTONOSUPPORT),
	NAME(ESOCKTNOSUPPORT), NAME(EOPNOTSUPP), NAME(EPFNOSUPPORT), NAME(EAFNOSUPPORT), NAME(EADDRINUSE),
	NAME(EADDRNOTAVAIL), NAME(ENETDOWN), NAME(ENETUNREACH), NAME(ENETRESET), NAME(ECONNABORTED), NAME(ECONNRESET),
	NAME(ENOBUFS), NAME(EISCONN), NAME(ENOTCONN), NAME(ESHUTDOWN), NAME(ETOOMANYREFS), NAME(ETIMEDOUT),
	NAME(ECONNREFUSED), NAME(EHOSTDOWN), NAME(EHOSTUNREACH), NAME(EALREADY), NAME(EINPROGRESS), NAME(ESTALE),
	NAME(ECANCELED), NAME(ENOKEY), NAME(EKEYREJECTED),
};

static const struct name SIGNALS[] = {
	NAME(SIGHUP), NAME(SIGINT), NAME(SIGQUIT), NAME(SIGILL), NAME(SIGTRAP), NAME(SIGABRT), NAME(SIGBUS), NAME(SIGFPE),
	NAME(SIGKILL), NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2), NAME(SIGPIPE), NAME(SIGALRM), NAME(SIGTERM),
	NAME(SIGSTKFLT), NAME(SIGCHLD), NAME(SIGCONT), NAME(SIGSTOP), NAME(SIGTSTP), NAME(SIGTTIN), NAME(SIGTTOU),
	NAME(SIGURG), NAME(SIGXCPU), NAME(SIGXFSZ), NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGIO),
	NAME(SIGPWR), NAME(SIGSYS),
};

static const struct name MESSAGE_FLAGS[] = {
	NAME(MSG_NOSIGNAL), NAME(MSG_DONTWAIT), NAME(MSG_OOB), NAME(MSG_MORE), NAME(MSG_PEEK), NAME(MSG_WAITALL),
	NAME(MSG_TRUNC),
};

static const struct name POLL_EVENTS[] = {
	NAME(POLLIN), NAME(POLLPRI), NAME(POLLOUT), NAME(POLLERR), NAME(POLLHUP), NAME(POLLNVAL), NAME(POLLRDHUP),
};

static const char *name_of(const struct name *table, size_t count, int value) {
	for (size_t i = 0; i < count; i++)
		if (table[i].value == value) return table[i].name;
	return NULL;
}

static const struct name *named(const struct name *table, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0) return &table[i];
	return NULL;
}

const char *errno_name(int number) {
	return name_of(ERRNOS, COUNT(ERRNOS), number);
}

int signal_number(const char *name) {
	const struct name *known = named(SIGNALS, COUNT(SIGNALS), name);
	if (known) return known->value;
	if (strncmp(name, "SIG", 3) != 0) return 0;
	char *end;
	long number = strtol(name + 3, &end, 10);
	return *end == '\0' && name[3] >= '1' && name[3] <= '9' && number < NSIG ? (int)number : 0;
}

void append_signal_name(struct buffer *buffer, int number) {
	const char *name = name_of(SIGNALS, COUNT(SIGNALS), number);
	if (name) buffer_printf(buffer, "%s", name);
	else buffer_printf(buffer, "SIG%d", number);
}

static bool parse_list(const struct name *table, size_t count, char *list, int *bits) {
	*bits = 0;
	if (strcmp(list, "-") == 0) return true;
	for (char *item = list, *rest; item; item = rest) {
		rest = strchr(item, ',');
		if (rest) *rest++ = '\0';
		const struct name *known = named(table, count, item);
		if (!known) return false;
		*bits |= known->value;
	}
	return true;
}

bool parse_message_flags(char *list, int *flags) {
	return parse_list(MESSAGE_FLAGS, COUNT(MESSAGE_FLAGS), list, flags);
}

bool parse_poll_events(char *list, int *events) {
	return parse_list(POLL_EVENTS, COUNT(POLL_EVENTS), list, events);
}

void append_poll_events(struct buffer *buffer, int events) {
	const char *separator = "";
	for (size_t i = 0; i < COUNT(POLL_EVENTS); i++) {
		if (!(events & POLL_EVENTS[i].value)) continue;
		buffer_printf(buffer, "%s%s", separator, POLL_EVENTS[i].name);
		separator = ",";
	}
	if (*separator == '\0') buffer_append(buffer, "-", 1);
}
