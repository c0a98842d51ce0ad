/*
 * The guest's init process: sets up the guest, starts the agent, and passes its bytes to and from the harness. It
 * decides when the guest is paused: when the agent has sent something and the guest is idle, or at the deadline.
 */
#define _GNU_SOURCE 1

#include "die.h"
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
 * The interval and number of checks whether the guest is idle: more than a second in all. The number is limited,
 * because a program that computes without end never lets the guest become idle. Only an idle guest is paused at the
 * same moment in every run.
 */
#define POLL_NS 20000
#define MAX_POLLS 20000

static volatile struct shared_memory *shared;
static int to_agent, from_agent, load;
static pid_t agent;

/** Starts the agent. An earlier agent must have ended. */
static void start_agent(void) {
	int input[2], output[2];
	if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) die("pipe");
	agent = fork();
	if (agent < 0) die("fork");
	if (agent == 0) {
		dup2(input[0], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		execl(AGENT, AGENT, (char *)NULL);
		die(AGENT);
	}
	close(input[0]);
	close(output[1]);
	to_agent = input[1];
	from_agent = output[0];
	fcntl(from_agent, F_SETFL, O_NONBLOCK);
	fcntl(to_agent, F_SETFL, O_NONBLOCK);
}

/** Whether no other process is runnable. */
static bool is_idle(void) {
	char text[64] = "";
	int running = 0;
	if (pread(load, text, sizeof text - 1, 0) <= 0) die("/proc/loadavg");
	if (sscanf(text, "%*s %*s %*s %d/", &running) != 1) die("/proc/loadavg");
	return running <= 1;
}

/** Reads the agent's output, as far as there is room for it. */
static void read_output(void) {
	while (shared->from_guest < SHARED_MEMORY_FROM_GUEST_SIZE) {
		uint8_t *free_bytes = shared_memory_from_guest() + shared->from_guest;
		ssize_t length = read(from_agent, free_bytes, SHARED_MEMORY_FROM_GUEST_SIZE - shared->from_guest);
		if (length == 0) die("the agent has ended");
		if (length < 0 && errno == EAGAIN) return;
		if (length < 0) die("read from the agent");
		shared->from_guest += (uint32_t)length;
	}
}

/** Waits until the guest is idle, and reads the agent's output meanwhile. */
static void wait_until_idle(void) {
	struct timespec interval = {.tv_nsec = POLL_NS};
	for (int polls = 0; polls < MAX_POLLS; polls++) {
		read_output();
		if (is_idle()) return;
		nanosleep(&interval, NULL);
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

/** Passes the harness's bytes to the agent. */
static void write_input(void) {
	uint8_t *bytes = shared_memory_to_guest();
	for (uint32_t done = 0; done < shared->to_guest;) {
		ssize_t written = write(to_agent, bytes + done, shared->to_guest - done);
		if (written > 0) done += (uint32_t)written;
		else if (errno != EAGAIN) die("write to the agent");
		else poll(&(struct pollfd){.fd = to_agent, .events = POLLOUT}, 1, -1);
	}
	shared->to_guest = 0;
}

/** Ends the agent and all its processes, and starts a new agent without the state of the old one. */
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
		wait_until_idle();
		shared_memory_pause();
		shared->from_guest = 0;
		if (shared->seed) random_seed(shared->seed);
		shared->seed = 0;
		write_input();
		if (shared->restart) restart_agent();
	}
}
