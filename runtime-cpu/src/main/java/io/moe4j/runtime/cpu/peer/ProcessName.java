package io.moe4j.runtime.cpu.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A name of a process of this machine that no other process ever has.
 *
 * @param pid the process id, within its namespace
 * @param startTicks when the process started, in clock ticks since the machine started; 0 if unknown
 * @param namespace the number of the PID namespace, of which each container has its own; 0 where there are none
 */
record ProcessName(long pid, long startTicks, long namespace) {

    /** The name of this process. */
    static ProcessName own() {
        long pid = ProcessHandle.current().pid();
        return new ProcessName(pid, start(pid), ownNamespace());
    }

    /** Reads what {@link #toString()} writes. */
    static Optional<ProcessName> parse(String text) {
        String[] parts = text.split("-", -1);
        try {
            return parts.length == 3
                    ? Optional.of(new ProcessName(Long.parseLong(parts[0]), Long.parseLong(parts[1]),
                            Long.parseLong(parts[2])))
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Whether the process has certainly ended; false for another namespace, whose processes cannot be seen from here. */
    boolean isGone() {
        if (namespace != ownNamespace()) {
            return false;
        }
        long start = start(pid);
        return ProcessHandle.of(pid).isEmpty() || (startTicks != 0 && start != 0 && start != startTicks);
    }

    /** Field 22 of Linux's {@code stat}. The second field is the command's name in parentheses, which may contain blanks. */
    private static long start(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }

    /** The number of this namespace, which Linux gives in a link: {@code pid:[4026531836]}. */
    private static long ownNamespace() {
        try {
            String digits = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString().replaceAll("\\D", "");
            return digits.isEmpty() ? 0 : Long.parseLong(digits);
        } catch (IOException | UnsupportedOperationException e) {
            return 0;
        }
    }

    /** {@code pid-startTicks-namespace}. */
    @Override
    public String toString() {
        return pid + "-" + startTicks + "-" + namespace;
    }
}
