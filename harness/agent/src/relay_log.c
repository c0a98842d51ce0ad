#define _GNU_SOURCE 1

#include "relay.h"
#include "buffer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** Room for packets that were not read yet, in bytes. Without CAP_NET_ADMIN outside, rmem_max limits it. */
#define LOG_BUFFER (64 << 20)

#define ALIGNED(length) (((length) + 3u) & ~3u)

/** Sends one attribute of the configuration of a group, and waits until the kernel has accepted it. */
static void configure(int log, uint16_t group, uint16_t attribute, const void *value, size_t length) {
	struct {
		struct nlmsghdr header;
		struct nfgenmsg about;
		struct nlattr attribute;
		unsigned char value[8];
	} request = {
		.header = {
			.nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.about = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(group)},
		.attribute = {.nla_len = (uint16_t)(sizeof(struct nlattr) + length), .nla_type = attribute},
	};
	memcpy(request.value, value, length);
	request.header.nlmsg_len = (uint32_t)(offsetof(__typeof__(request), value) + ALIGNED(length));
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		unsigned char request[256];
	} answer;
	if (send(log, &request, request.header.nlmsg_len, 0) < 0) die("relay: the log cannot be configured");
	if (recv(log, &answer, sizeof answer, 0) < 0) die("relay: the log does not answer");
	errno = answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
	if (errno != 0) die("relay: the log refuses its configuration");
}

int relay_log_open(uint16_t group) {
	int log = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};
	if (log < 0 || bind(log, (struct sockaddr *)&own, sizeof own) < 0) die("relay: the log cannot be opened");
	int room = LOG_BUFFER;
	if (setsockopt(log, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		setsockopt(log, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	/* The mode first: the group logs from the moment at which it is bound. */
	struct nfulnl_msg_config_cmd bind_group = {.command = NFULNL_CFG_CMD_BIND};
	configure(log, group, NFULA_CFG_CMD, &bind_group, sizeof bind_group);
	struct nfulnl_msg_config_mode whole = {.copy_range = htonl(0xffff), .copy_mode = NFULNL_COPY_PACKET};
	configure(log, group, NFULA_CFG_MODE, &whole, sizeof whole);
	uint32_t at_once = htonl(1);
	configure(log, group, NFULA_CFG_QTHRESH, &at_once, sizeof at_once);
	return log;
}

static void parse(const struct nlmsghdr *header, void (*handle)(const struct logged *)) {
	struct logged logged = {.prefix = ""};
	size_t length = header->nlmsg_len;
	const unsigned char *message = (const unsigned char *)header;
	for (size_t at = NLMSG_LENGTH(ALIGNED(sizeof(struct nfgenmsg))); at + sizeof(struct nlattr) <= length;) {
		struct nlattr attribute;
		memcpy(&attribute, message + at, sizeof attribute);
		if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > length) return;
		const unsigned char *value = message + at + sizeof attribute;
		size_t size = attribute.nla_len - sizeof attribute;
		uint32_t mark;
		switch (attribute.nla_type & NLA_TYPE_MASK) {
		case NFULA_PREFIX:
			if (size > 0 && value[size - 1] == '\0') logged.prefix = (const char *)value;
			break;
		case NFULA_MARK:
			if (size != sizeof mark) return;
			memcpy(&mark, value, sizeof mark);
			logged.mark = ntohl(mark);
			break;
		case NFULA_HWHEADER:
			if (size == ETHERNET_HEADER) logged.ethernet = value;
			break;
		case NFULA_PAYLOAD:
			logged.packet = value;
			logged.length = size;
		}
		at += ALIGNED(attribute.nla_len);
	}
	if (logged.ethernet && logged.packet && logged.length + ETHERNET_HEADER <= LONGEST_FRAME) handle(&logged);
}

void relay_log_drain(int log, void (*handle)(const struct logged *), void (*lost)(void)) {
	static unsigned char bytes[LONGEST_FRAME + (64 << 10)] __attribute__((aligned(8)));
	for (;;) {
		ssize_t received = recv(log, bytes, sizeof bytes, MSG_DONTWAIT);
		if (received < 0 && errno == ENOBUFS) lost();
		else if (received < 0 && errno == EINTR) continue;
		else if (received < 0 && errno == EAGAIN) return;
		else if (received <= 0) die("relay: the log cannot be read");
		int left = (int)received;
		for (struct nlmsghdr *header = (void *)bytes; left > 0 && NLMSG_OK(header, (unsigned)left);
			header = NLMSG_NEXT(header, left))
			if (header->nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) parse(header, handle);
	}
}
