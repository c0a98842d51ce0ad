#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"

struct process;

/** A pipe from a process. */
struct stream {
	struct process *process;
	/** The stream's name in events; NULL for the answers of a controlled process. */
	const char *name;
	int fd;
};

enum { OUT, ERR, LOG, STREAMS };

/**
 * Pending input of a process: the bytes of a request, which is answered when they are in the pipe, or the end of input.
 */
struct pending_input {
	/** 0 if no answer is expected. */
	uint64_t id;
	bool is_end;
	char *bytes;
	size_t length;
	size_t done;
	struct pending_input *next;
};

/** A call that a controlled process has not answered yet. */
struct pending_call {
	uint64_t id;
	struct pending_call *next;
};

struct process {
	uint64_t id;
	pid_t pid;
	bool reaped;
	bool is_controlled;
	/** Whether its standard streams are one terminal. `input` and the stream OUT are then the agent's side of it. */
	bool has_terminal;
	/**
	 * Keeps that side open until the process has been reported. If it closed when the program closes its own side, the
	 * kernel would hang up the session (pty_close, tty_vhangup) and kill a program that is about to exit.
	 */
	int terminal;
	/** Whether the last input of its terminal did not end a line. */
	bool in_line;
	struct stream streams[STREAMS];
	/**
	 * The agent's own writer of the log, so that an observer can open the log late. Closed when something is written to
	 * it, or when the process is reaped.
	 */
	int log_writer;
	int input;
	struct pending_input *inputs;
	struct pending_call *calls;
	/** An answer of a controlled process that has not arrived completely. */
	struct buffer partial;
	struct process *next;
};

extern struct process *processes;

struct process *process_add(uint64_t id);
/** Removes a process that was added, and closes its descriptors. */
void process_discard(struct process *process);
struct process *process_find(uint64_t id);

/** Queues bytes for a process's input and takes ownership of them. With `id` 0 there is no answer. */
void process_write(struct process *process, uint64_t id, char *bytes, size_t length);
/** Writes as much as the pipe takes (a `ready_function`; the subject is the process). */
void process_input_ready(void *process);
/** Ends the process's input after everything that was queued. */
void process_end_input(struct process *process, uint64_t id);

void processes_watch(void);
/** Reaps all processes that have ended, after reporting their output. */
void processes_reap(void);
/** Discards processes about which nothing more will be reported. */
void processes_sweep(void);
