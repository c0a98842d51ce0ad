#!/usr/bin/env bash
# With -e trace=poll, strace never shows the result of a poll that SIGSTOP and SIGCONT interrupted.
#
# Version:   strace 6.1-0.1 (Debian 12)
# Guess:     The poll of a program that was stopped for a while is shown with its result, or is shown again.
# Behaviour: The trace has "= ? ERESTART_RESTARTBLOCK", and nothing after it. The program waits again and returns later.
#            epoll_wait differs: it fails with EINTR, and the next call is shown.
# Why:       The kernel continues with another call, restart_syscall(2), which -e trace=poll does not include. With -e
#            trace=poll,restart_syscall the result is shown.
# Output:    The lines of poll, without arguments; then the last line with both filters.
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
