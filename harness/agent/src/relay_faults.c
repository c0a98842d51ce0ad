#define _GNU_SOURCE 1

#include "relay.h"
#include "buffer.h"
#include "loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A packet passes the faults of its mark in this order, whatever the order in which they were injected. */
enum kind { CORRUPT, DUPLICATE, RATE, REORDER, HOLD, KINDS };

static const struct {
	const char *name;
	/** How many numbers it needs. */
	size_t numbers;
} KIND[KINDS] = {
	[CORRUPT] = {"corrupt", 0},
	[DUPLICATE] = {"duplicate", 0},
	/* Kilobits per second; the most bytes that wait. */
	[RATE] = {"rate", 2},
	/* The bit of packets that are overtaken; by how many; the longest time in microseconds. */
	[REORDER] = {"reorder", 3},
	[HOLD] = {"hold", 0},
};

struct relay_fault {
	unsigned bit;
	char id[32];
	enum kind kind;
	uint64_t numbers[3];
	/** The packets that it keeps, in order. */
	struct relayed *kept;
	/** For RATE, by the host to which they are sent: when the line is free again. */
	struct line {
		struct relay_port *to;
		long long free_at;
		size_t bytes;
		struct line *next;
	} *lines;
	struct relay_fault *next;
};

/** In the order in which packets pass them. */
static struct relay_fault *faults;

static void keep(struct relay_fault *fault, struct relayed *packet) {
	struct relayed **at = &fault->kept;
	while (*at) at = &(*at)->next;
	packet->next = NULL;
	*at = packet;
}

static struct relay_fault *fault_of(unsigned bit) {
	struct relay_fault *fault = faults;
	while (fault && fault->bit != bit) fault = fault->next;
	return fault;
}

static void pass_on(struct relayed *packet);

static struct relayed *copy_of(const struct relayed *packet) {
	struct relayed *copy = relayed_new(packet->to, packet->mark, packet->length);
	memcpy(copy->frame, packet->frame, packet->length);
	return copy;
}

static void release(struct relay_fault *fault, struct relayed *packet) {
	struct relayed **at = &fault->kept;
	while (*at != packet) at = &(*at)->next;
	*at = packet->next;
	relay_tell("released", packet, fault->id, packet->overtaken);
	pass_on(packet);
}

static struct line *line_to(struct relay_fault *fault, struct relay_port *to) {
	struct line *line = fault->lines;
	while (line && line->to != to) line = line->next;
	if (line) return line;
	line = allocate(sizeof *line);
	*line = (struct line){.to = to, .next = fault->lines};
	fault->lines = line;
	return line;
}

/** A line of this rate. What does not fit into its queue is lost. Returns whether it keeps the packet. */
static bool queue(struct relay_fault *fault, struct relayed *packet) {
	struct line *line = line_to(fault, packet->to);
	long long now = monotonic_microseconds(), from = line->free_at > now ? line->free_at : now;
	if (line->bytes + packet->length > fault->numbers[1]) {
		relay_tell("dropped", packet, fault->id, 0);
		free(packet);
		return true;
	}
	line->bytes += packet->length;
	/* Bits divided by kilobits per second are milliseconds. */
	line->free_at = from + (long long)(packet->length * 8 * 1000 / fault->numbers[0]);
	packet->due = line->free_at;
	relay_tell("queued", packet, fault->id, 0);
	keep(fault, packet);
	return true;
}

/** Lets a packet pass others that wait for it. Returns whether it is one that waits itself. */
static bool overtake(struct relay_fault *fault, struct relayed *packet) {
	uint32_t overtaken = 1u << fault->numbers[0];
	if (packet->mark & overtaken) {
		packet->mark &= ~overtaken;
		packet->overtaken = 0;
		packet->due = monotonic_microseconds() + (long long)fault->numbers[2];
		relay_tell("reordered", packet, fault->id, 0);
		keep(fault, packet);
		return true;
	}
	struct relay_port *to = packet->to;
	pass_on(packet);
	for (struct relayed *waiting = fault->kept, *next; waiting; waiting = next) {
		next = waiting->next;
		if (waiting->to == to && ++waiting->overtaken == fault->numbers[1]) release(fault, waiting);
	}
	return true;
}

/** Returns whether the fault has taken the packet over. */
static bool apply(struct relay_fault *fault, struct relayed *packet) {
	struct relayed *copy;
	switch (fault->kind) {
	case CORRUPT:
		if (frame_corrupt(packet->frame, packet->length)) relay_tell("corrupted", packet, fault->id, 0);
		return false;
	case DUPLICATE:
		copy = copy_of(packet);
		relay_tell("duplicated", packet, fault->id, copy->serial);
		pass_on(packet);
		pass_on(copy);
		return true;
	case RATE:
		return queue(fault, packet);
	case REORDER:
		return overtake(fault, packet);
	default:
		relay_tell("held", packet, fault->id, 0);
		keep(fault, packet);
		return true;
	}
}

/** Gives a packet to the faults that it has not passed yet, and then to its port. */
static void pass_on(struct relayed *packet) {
	for (struct relay_fault *fault = faults; fault; fault = fault->next) {
		uint32_t bit = 1u << fault->bit;
		if (!(packet->mark & bit)) continue;
		packet->mark &= ~bit;
		if (apply(fault, packet)) return;
	}
	relay_send(packet);
}

void faults_take(struct relayed *packet) {
	pass_on(packet);
}

void faults_copy(struct relayed *packet) {
	struct relay_fault *fault = faults;
	while (fault && (fault->kind != DUPLICATE || !(packet->mark & 1u << fault->bit))) fault = fault->next;
	if (fault) relay_tell("copied", packet, fault->id, 0);
	relay_send(packet);
}

static bool parse_kind(const char *name, enum kind *kind) {
	for (*kind = 0; *kind < KINDS; (*kind)++)
		if (strcmp(KIND[*kind].name, name) == 0) return true;
	return false;
}

const char *fault_add(unsigned bit, const char *id, const char *name, const uint64_t *numbers, size_t count) {
	enum kind kind;
	if (!parse_kind(name, &kind)) return "no such kind of fault";
	if (count != KIND[kind].numbers) return "a wrong number of numbers";
	if (fault_of(bit)) return "this bit is in use";
	if (kind == RATE && numbers[0] == 0) return "a rate is above 0";
	if (kind == REORDER && (numbers[0] > 31 || numbers[1] == 0)) return "a bit, and a number of packets above 0";
	struct relay_fault *fault = allocate(sizeof *fault), **at = &faults;
	*fault = (struct relay_fault){.bit = bit, .kind = kind};
	snprintf(fault->id, sizeof fault->id, "%s", id);
	memcpy(fault->numbers, numbers, count * sizeof *numbers);
	while (*at && (*at)->kind <= kind) at = &(*at)->next;
	fault->next = *at;
	*at = fault;
	return NULL;
}

const char *fault_release(unsigned bit, size_t count) {
	struct relay_fault *fault = fault_of(bit);
	if (!fault) return "no such fault";
	for (; count > 0 && fault->kept; count--) release(fault, fault->kept);
	return NULL;
}

const char *fault_end(unsigned bit) {
	struct relay_fault *fault = fault_of(bit), **at = &faults;
	if (!fault) return "no such fault";
	while (fault->kept) release(fault, fault->kept);
	while (*at != fault) at = &(*at)->next;
	*at = fault->next;
	for (struct line *line = fault->lines, *next; line; line = next) {
		next = line->next;
		free(line);
	}
	free(fault);
	return NULL;
}

static void let_go(struct relay_fault *fault, struct relayed *packet) {
	if (fault->kind == RATE) line_to(fault, packet->to)->bytes -= packet->length;
	release(fault, packet);
}

long long faults_due(void) {
	long long next_due = -1;
	for (struct relay_fault *fault = faults; fault; fault = fault->next) {
		if (fault->kind != RATE && fault->kind != REORDER) continue;
		for (struct relayed *packet = fault->kept, *next; packet; packet = next) {
			next = packet->next;
			if (packet->due <= monotonic_microseconds()) let_go(fault, packet);
			else if (next_due < 0 || packet->due < next_due) next_due = packet->due;
		}
	}
	return next_due;
}
