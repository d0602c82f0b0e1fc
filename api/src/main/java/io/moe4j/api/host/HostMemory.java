package io.moe4j.api.host;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The host memory that this process may use: the installed memory or, if that is less, the limit of the container.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class HostMemory {
    private static final Path INSTALLED = Path.of("/proc/meminfo");
    private static final Path GROUP = Path.of("/sys/fs/cgroup");
    private static final List<Path> LIMITS = List.of(GROUP.resolve("memory.max"),
            GROUP.resolve("memory/memory.limit_in_bytes"));

    private HostMemory() {}

    /** The bytes; {@code Long.MAX_VALUE} if the system does not report them. */
    public static long bytes() {
        return Math.min(field(INSTALLED, "MemTotal:", 1024, Long.MAX_VALUE), limit());
    }

    /** The part of these bytes that the system could give to a process now; {@link #bytes} if the system does not report it. */
    public static long available() {
        long all = bytes();
        return Math.min(Math.min(all, field(INSTALLED, "MemAvailable:", 1024, all)), availableInContainer(all));
    }

    /** The container's limit minus the memory of its processes, not counting cached files, which can be read again. */
    private static long availableInContainer(long otherwise) {
        long limit = limit();
        long taken = field(GROUP.resolve("memory.current"), "", 1, 0);
        return limit == Long.MAX_VALUE ? otherwise
                : Math.max(0, limit - taken + field(GROUP.resolve("memory.stat"), "inactive_file ", 1, 0));
    }

    private static long limit() {
        return LIMITS.stream().mapToLong(limit -> field(limit, "", 1, Long.MAX_VALUE)).min().orElse(Long.MAX_VALUE);
    }

    /** The number in the first line that begins with {@code begin}. */
    private static long field(Path file, String begin, long unit, long otherwise) {
        return lines(file).filter(line -> line.startsWith(begin)).mapToLong(HostMemory::number).limit(1)
                .map(number -> number == Long.MAX_VALUE ? number : unit * number).findFirst().orElse(otherwise);
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
