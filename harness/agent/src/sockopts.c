/* Socket options by name, and struct tcp_info. */

#include "call.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct option {
	const char *name;
	int level, option;
};

#define OF_SOCKET(option) {#option, SOL_SOCKET, option}
#define OF_TCP(option) {#option, IPPROTO_TCP, option}

static const struct option OPTIONS[] = {
	OF_SOCKET(SO_REUSEADDR), OF_SOCKET(SO_KEEPALIVE), OF_SOCKET(SO_RCVBUF), OF_SOCKET(SO_SNDBUF), OF_SOCKET(SO_LINGER),
	OF_SOCKET(SO_ERROR), OF_TCP(TCP_NODELAY), OF_TCP(TCP_USER_TIMEOUT), OF_TCP(TCP_KEEPIDLE), OF_TCP(TCP_KEEPINTVL),
	OF_TCP(TCP_KEEPCNT), OF_TCP(TCP_DEFER_ACCEPT), OF_TCP(TCP_SYNCNT),
};

static const char BAD_DESCRIPTOR[] = "fd is not a number";
static const char BAD_OPTION[] = "no such socket option";

static const struct option *option_named(const char *name) {
	for (size_t i = 0; i < COUNT(OPTIONS); i++)
		if (strcmp(OPTIONS[i].name, name) == 0) return &OPTIONS[i];
	return NULL;
}

const char *call_setsockopt(struct call *call) {
	int fd, values[2];
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	const struct option *option = option_named(call->arguments[1].bytes);
	if (!option) return BAD_OPTION;
	bool is_linger = option->option == SO_LINGER && option->level == SOL_SOCKET;
	if (call->count != (is_linger ? 4 : 3)) return "a wrong number of values for this option";
	for (size_t i = 2; i < call->count; i++)
		if (!parse_int(&call->arguments[i], &values[i - 2])) return "a value is not a number";
	struct linger linger = {.l_onoff = values[0], .l_linger = is_linger ? values[1] : 0};
	const void *value = is_linger ? (const void *)&linger : values;
	MEASURED(call, setsockopt(fd, option->level, option->option, value, is_linger ? sizeof linger : sizeof values[0]));
	return NULL;
}

const char *call_getsockopt(struct call *call) {
	int fd;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	const struct option *option = option_named(call->arguments[1].bytes);
	if (!option) return BAD_OPTION;
	/* Large enough for struct linger, which consists of two ints. */
	int values[2] = {0};
	socklen_t size = sizeof values;
	MEASURED(call, getsockopt(fd, option->level, option->option, values, &size));
	if (call->result < 0) return NULL;
	for (size_t i = 0; i < size / sizeof values[0]; i++) buffer_printf(&call->values, " %d", values[i]);
	return NULL;
}

/**
 * struct tcp_info as in every kernel since 5.10 (include/uapi/linux/tcp.h); later kernels append fields. It is declared
 * here, because C libraries know only older versions and the kernel's header conflicts with theirs.
 */
struct info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, wscale, flags;
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce;
	uint64_t bytes_sent, bytes_retrans;
	uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};

#define FIELD(field) {#field, offsetof(struct info, field), sizeof(((struct info *)0)->field)}

static const struct {
	const char *name;
	size_t offset, size;
} FIELDS[] = {
	FIELD(state), FIELD(ca_state), FIELD(retransmits), FIELD(probes), FIELD(backoff), FIELD(options), FIELD(rto),
	FIELD(ato), FIELD(snd_mss), FIELD(rcv_mss), FIELD(unacked), FIELD(sacked), FIELD(lost), FIELD(retrans),
	FIELD(fackets), FIELD(last_data_sent), FIELD(last_data_recv), FIELD(last_ack_recv), FIELD(pmtu), FIELD(rcv_ssthresh),
	FIELD(rtt), FIELD(rttvar), FIELD(snd_ssthresh), FIELD(snd_cwnd), FIELD(advmss), FIELD(reordering), FIELD(rcv_rtt),
	FIELD(rcv_space), FIELD(total_retrans), FIELD(pacing_rate), FIELD(max_pacing_rate), FIELD(bytes_acked),
	FIELD(bytes_received), FIELD(segs_out), FIELD(segs_in), FIELD(notsent_bytes), FIELD(min_rtt), FIELD(data_segs_in),
	FIELD(data_segs_out), FIELD(delivery_rate), FIELD(busy_time), FIELD(rwnd_limited), FIELD(sndbuf_limited),
	FIELD(delivered), FIELD(delivered_ce), FIELD(bytes_sent), FIELD(bytes_retrans), FIELD(dsack_dups), FIELD(reord_seen),
	FIELD(rcv_ooopack), FIELD(snd_wnd),
};

static uint64_t field_value(const struct info *info, size_t offset, size_t size) {
	const char *at = (const char *)info + offset;
	uint64_t wide;
	uint32_t narrow;
	if (size == 1) return *(const uint8_t *)at;
	if (size == 4) return memcpy(&narrow, at, 4), narrow;
	return memcpy(&wide, at, 8), wide;
}

const char *call_tcpinfo(struct call *call) {
	int fd;
	struct info info = {0};
	socklen_t size = sizeof info;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	MEASURED(call, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
	for (size_t i = 0; call->result >= 0 && i < COUNT(FIELDS); i++)
		buffer_printf(&call->values, " %s=%llu", FIELDS[i].name,
			(unsigned long long)field_value(&info, FIELDS[i].offset, FIELDS[i].size));
	return NULL;
}
