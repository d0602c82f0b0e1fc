package io.moe4j.runtime.cpu.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** How much memory this process may use: what is installed or, if less, what the container allows. */
final class HostMemory {
    private static final Path INSTALLED = Path.of("/proc/meminfo");
    private static final List<Path> LIMITS = List.of(Path.of("/sys/fs/cgroup/memory.max"),
            Path.of("/sys/fs/cgroup/memory/memory.limit_in_bytes"));

    private HostMemory() {}

    /** The bytes; {@code Long.MAX_VALUE} if the system does not report them. */
    static long bytes() {
        long least = lines(INSTALLED).filter(line -> line.startsWith("MemTotal:"))
                .mapToLong(line -> 1024 * number(line)).findFirst().orElse(Long.MAX_VALUE);
        for (Path limit : LIMITS) {
            least = Math.min(least, lines(limit).mapToLong(HostMemory::number).findFirst().orElse(Long.MAX_VALUE));
        }
        return least;
    }

    /** Of these bytes, those that the system could give to a process now; {@link #bytes} if it does not report them. */
    static long available() {
        long all = bytes();
        return Math.min(all, lines(INSTALLED).filter(line -> line.startsWith("MemAvailable:"))
                .mapToLong(line -> 1024 * number(line)).findFirst().orElse(all));
    }

    private static Stream<String> lines(Path path) {
        try {
            return Files.isReadable(path) ? Files.readAllLines(path).stream() : Stream.of();
        } catch (IOException e) {
            return Stream.of();
        }
    }

    /** The digits of a line, as a number; {@code Long.MAX_VALUE} if there are none, as in {@code max}. */
    private static long number(String line) {
        String digits = line.replaceAll("\\D", "");
        return digits.isEmpty() || digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits);
    }
}
