#!/usr/bin/env bash
# strace never shows how a poll ended that SIGSTOP and SIGCONT interrupted, though it is told to trace poll.
#
# Version:   strace 6.1-0.1 (Debian 12)
# Guess:     the poll of a program that was stopped for a while is shown with its result, or is shown again.
# Behaviour: the trace has "= ? ERESTART_RESTARTBLOCK", and then nothing. The program is back in its wait and returns from it later.
#            epoll_wait differs: it fails with EINTR, and the program's next call is shown.
# Why:       the kernel goes on with a call of its own, restart_syscall(2), which -e trace=poll leaves out.
#            With -e trace=poll,restart_syscall the end is there.
# Output:    the lines of poll, without arguments; then the last line with both filters.
source "$(dirname "$0")/common.sh"
debian strace=6.1-0.1 libunwind8=1.6.2-3

cat >wait.py <<'PY'
import os, select, socket, subprocess
listener = socket.create_server(('127.0.0.1', 0))
poll = select.poll()
poll.register(listener, select.POLLIN)
# Another process stops this one and lets it go on.
subprocess.Popen(['sh', '-c', f'sleep 0.5; kill -STOP {os.getpid()}; sleep 0.2; kill -CONT {os.getpid()}'])
assert poll.poll(1500) == []
PY
traced() {
	isolated strace -e trace="$1" -e signal=none -o trace.txt python3 wait.py
	sed -En 's/^(poll|restart_syscall)\(.*\) += (.*)/\1 = \2/p' trace.txt
}
same 'poll = ? ERESTART_RESTARTBLOCK (Interrupted by signal)
and with restart_syscall:
restart_syscall = 0' "$(traced poll)
and with restart_syscall:
$(traced poll,restart_syscall | tail -n 1)"
