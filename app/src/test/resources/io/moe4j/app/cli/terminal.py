"""Runs a command in a pseudo-terminal, as a shell with job control would, and does things when its output says something.

    terminal.py RAW COLUMNS ACTIONS COMMAND...

RAW gets all that the command writes. ACTIONS are lines "TEXT<tab>DO": when TEXT has been written (after what the action before has waited for), DO one of
    type CODE        type a key by its number: 3 is Ctrl-C, 26 is Ctrl-Z
    columns N        change the width
A command that is stopped is continued after half a second, with a line "<stopped>" between. Exits as the command does, with 128 + N after signal N.
"""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time

raw_path, columns, actions, command = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]


def set_columns(terminal, width):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))


def shell():
    """Runs the command as the terminal's foreground job; continues it when it is stopped."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        # Ctrl-C counts, also where these tests run in the background of a script, which ignores it and hands that on.
        for each in (signal.SIGTTOU, signal.SIGINT, signal.SIGQUIT):
            signal.signal(each, signal.SIG_DFL)
        os.execvp(command[0], command)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.tcsetpgrp(0, os.getpid())
            os.write(1, b"\r\n<stopped>\r\n")
            time.sleep(0.5)
            os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)
        else:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


pid, master = pty.fork()
if pid == 0:
    # The width is set by the other side before it sends this byte.
    os.read(0, 1)
    os._exit(shell())
attributes = termios.tcgetattr(master)
attributes[3] &= ~termios.ECHO
termios.tcsetattr(master, termios.TCSANOW, attributes)
set_columns(master, columns)
os.write(master, b"\n")

waiting = [line.split("\t") for line in actions.splitlines() if line]
seen = b""
searched = 0
with open(raw_path, "wb") as raw:
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        raw.write(data)
        raw.flush()
        seen += data
        while waiting:
            at = seen.find(waiting[0][0].encode(), searched)
            if at < 0:
                break
            searched = at + len(waiting[0][0].encode())
            kind, value = waiting.pop(0)[1].split(" ")
            if kind == "type":
                os.write(master, bytes([int(value)]))
            else:
                set_columns(master, int(value))
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
