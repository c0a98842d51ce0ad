/*
 * The guest's init process: sets up the guest, starts the agent, and passes its bytes to and from the harness. It
 * decides when the guest is paused: when the agent has sent something and the guest is idle, or at the deadline.
 */
#define _GNU_SOURCE 1

#include "give_up.h"
#include "shared_memory.h"
#include "prepare.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AGENT "/usr/local/bin/halfopen-agent"

/**
 * Interval and limit of the checks whether the guest is idle: more than a second in all, because a program that
 * computes without end never lets it become idle. Only an idle guest is paused at a moment that is the same in every
 * run.
 */
#define LOOK_NS 20000
#define LOOKS 20000

static volatile struct shared_memory *shared;
static int to_agent, from_agent, load;
static pid_t agent;

/** Starts the agent. An earlier agent must have ended. */
static void start_agent(void) {
	int input[2], output[2];
	if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) give_up("pipe");
	agent = fork();
	if (agent < 0) give_up("fork");
	if (agent == 0) {
		dup2(input[0], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		execl(AGENT, AGENT, (char *)NULL);
		give_up(AGENT);
	}
	close(input[0]);
	close(output[1]);
	to_agent = input[1];
	from_agent = output[0];
	fcntl(from_agent, F_SETFL, O_NONBLOCK);
	fcntl(to_agent, F_SETFL, O_NONBLOCK);
}

/** Whether no other process wants the processor. */
static bool at_rest(void) {
	char text[64] = "";
	int running = 0;
	if (pread(load, text, sizeof text - 1, 0) <= 0) give_up("/proc/loadavg");
	if (sscanf(text, "%*s %*s %*s %d/", &running) != 1) give_up("/proc/loadavg");
	return running <= 1;
}

/** Reads the agent's output, as far as there is room. */
static void take_output(void) {
	while (shared->from_guest < SHARED_MEMORY_FROM_GUEST_SIZE) {
		uint8_t *free_bytes = shared_memory_from_guest() + shared->from_guest;
		ssize_t taken = read(from_agent, free_bytes, SHARED_MEMORY_FROM_GUEST_SIZE - shared->from_guest);
		if (taken == 0) give_up("the agent has ended by itself");
		if (taken < 0 && errno == EAGAIN) return;
		if (taken < 0) give_up("read from the agent");
		shared->from_guest += (uint32_t)taken;
	}
}

static void rest(void) {
	struct timespec look = {.tv_nsec = LOOK_NS};
	for (int looks = 0; looks < LOOKS; looks++) {
		take_output();
		if (at_rest()) return;
		nanosleep(&look, NULL);
	}
}

/** Returns when the agent has sent something, or at the deadline. */
static void wait_for_output(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t left = (int64_t)(shared->deadline - ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec));
	struct timespec limit = {0};
	if (left > 0) limit = (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
	struct pollfd output = {.fd = from_agent, .events = POLLIN};
	ppoll(&output, 1, &limit, NULL);
}

static void give_input(void) {
	uint8_t *bytes = shared_memory_to_guest();
	for (uint32_t given = 0; given < shared->to_guest;) {
		ssize_t written = write(to_agent, bytes + given, shared->to_guest - given);
		if (written > 0) given += (uint32_t)written;
		else if (errno != EAGAIN) give_up("write to the agent");
		else poll(&(struct pollfd){.fd = to_agent, .events = POLLOUT}, 1, -1);
	}
	shared->to_guest = 0;
}

/** Lets the agent end with all its processes and starts a new one, which knows nothing of the earlier requests. */
static void restart_agent(void) {
	char last[4096];
	close(to_agent);
	fcntl(from_agent, F_SETFL, 0);
	while (read(from_agent, last, sizeof last) > 0) continue;
	close(from_agent);
	waitpid(agent, NULL, 0);
	shared->restart = 0;
	start_agent();
}

int main(void) {
	prepare();
	shared = shared_memory_open();
	load = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	start_agent();
	shared->deadline = UINT64_MAX / 2;
	for (;;) {
		wait_for_output();
		rest();
		shared_memory_pause();
		shared->from_guest = 0;
		if (shared->seed) random_seed(shared->seed);
		shared->seed = 0;
		give_input();
		if (shared->restart) restart_agent();
	}
}
