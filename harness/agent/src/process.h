#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"

struct process;

/** A pipe out of a process. */
struct stream {
	struct process *process;
	/** As events name it; NULL for the answers of a puppet. */
	const char *name;
	int fd;
};

enum { OUT, ERR, LOG, STREAMS };

/**
 * What waits to go into a process: bytes of a request that is answered when all are in the pipe, or the end of input.
 */
struct feed {
	/** 0: nobody waits for an answer. */
	uint64_t id;
	bool is_end;
	char *bytes;
	size_t length;
	size_t done;
	struct feed *next;
};

/** A call that a puppet has not answered yet. */
struct pending_call {
	uint64_t id;
	struct pending_call *next;
};

struct process {
	uint64_t id;
	pid_t pid;
	bool reaped;
	bool is_puppet;
	/** Its standard streams are one terminal: `input` and the stream OUT are ends of the agent's side of it. */
	bool has_terminal;
	/**
	 * A hold on that side until nothing more can be told: where it closed as soon as the program has closed its own side,
	 * the kernel would hang up the session (pty_close, tty_vhangup), and kill a program that is about to exit.
	 */
	int terminal;
	/** What was last fed to its terminal did not end a line. */
	bool in_line;
	struct stream streams[STREAMS];
	/**
	 * The agent's own hold on the log, so that an observer can open it late: until something is written to it, or the
	 * process is reaped.
	 */
	int log_writer;
	int input;
	struct feed *feeds;
	struct pending_call *calls;
	/** A puppet's answer, as far as it has arrived. */
	struct buffer partial;
	struct process *next;
};

extern struct process *processes;

struct process *process_add(uint64_t id);
/** Undoes process_add and closes what the record holds. */
void process_discard(struct process *process);
struct process *process_find(uint64_t id);

/** Queues bytes (which it then owns) for a process's input; `id` 0 asks for no answer. */
void process_feed(struct process *process, uint64_t id, char *bytes, size_t length);
/** Writes what the pipe takes (a `ready_function`; the subject is the process). */
void process_feed_ready(void *process);
/** The process's input ends after all that was queued. */
void process_end_input(struct process *process, uint64_t id);

void processes_watch(void);
/** Reaps all that ended, after telling what they had written. */
void processes_reap(void);
/** Forgets processes of which nothing more can be told. */
void processes_sweep(void);
