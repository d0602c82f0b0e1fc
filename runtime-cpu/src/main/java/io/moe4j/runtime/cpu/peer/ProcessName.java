package io.moe4j.runtime.cpu.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process of this machine, so named that no other one ever has the same name.
 *
 * @param pid its number, within its namespace
 * @param startTicks when it started, in clock ticks since the machine did; 0 where that is not known
 * @param namespace the number of the namespace that counts its processes, which each container has for itself; 0 where there are none
 */
record ProcessName(long pid, long startTicks, long namespace) {

    /** This one. */
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

    /** Whether it has ended for certain; that of another namespace cannot be known from here. */
    boolean isGone() {
        if (namespace != ownNamespace()) {
            return false;
        }
        long start = start(pid);
        return ProcessHandle.of(pid).isEmpty() || startTicks != 0 && start != 0 && start != startTicks;
    }

    /** Field 22 of Linux's {@code stat}. The second field is the command's name in parentheses, in which there may be blanks. */
    private static long start(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }

    /** Linux names it in a link: {@code pid:[4026531836]}. */
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
