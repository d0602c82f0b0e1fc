package io.moe4j.app.terminal;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The three calls of the C library that the JDK has no method for: is a descriptor a terminal, how wide is it, and take one descriptor for
 * another. None of them changes a terminal's settings or a signal's handler.
 */
public final class TerminalCalls {
    private static final Logger log = LoggerFactory.getLogger(TerminalCalls.class);
    /** {@code struct winsize}: rows, columns, and two sizes in pixels, each an unsigned short. */
    private static final long WINSIZE_BYTES = 8;
    private static final long COLUMNS_OFFSET = 2;
    /** The number of the ioctl request TIOCGWINSZ, which differs between Linux and macOS. */
    private static final long REQUEST_LINUX = 0x5413L;
    private static final long REQUEST_MACOS = 0x40087468L;

    private final MethodHandle isatty;
    private final MethodHandle ioctl;
    private final MethodHandle dup2;
    private final MethodHandle close;
    private final long sizeRequest;

    private TerminalCalls(long sizeRequest) {
        this.sizeRequest = sizeRequest;
        Linker linker = Linker.nativeLinker();
        isatty = linker.downcallHandle(linker.defaultLookup().findOrThrow("isatty"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        ioctl = linker.downcallHandle(linker.defaultLookup().findOrThrow("ioctl"), FunctionDescriptor
                .of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));
        dup2 = linker.downcallHandle(linker.defaultLookup().findOrThrow("dup2"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        close = linker.downcallHandle(linker.defaultLookup().findOrThrow("close"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    /** The calls, on Linux and macOS, if this module may make native calls. */
    public static Optional<TerminalCalls> find() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        boolean linux = system.contains("linux");
        if (!TerminalCalls.class.getModule().isNativeAccessEnabled() || (!linux && !system.contains("mac"))) {
            return Optional.empty();
        }
        try {
            return Optional.of(new TerminalCalls(linux ? REQUEST_LINUX : REQUEST_MACOS));
        } catch (RuntimeException e) {
            log.debug("no native calls to the terminal", e);
            return Optional.empty();
        }
    }

    /** Whether a file descriptor is a terminal. */
    public boolean isTerminal(int descriptor) {
        try {
            return (int) isatty.invokeExact(descriptor) == 1;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The width of a terminal; empty if the descriptor is none, or does not know. */
    public OptionalInt columns(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(WINSIZE_BYTES, ValueLayout.JAVA_SHORT.byteAlignment());
            if ((int) ioctl.invokeExact(descriptor, sizeRequest, size) != 0) {
                return OptionalInt.empty();
            }
            int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, COLUMNS_OFFSET));
            return columns == 0 ? OptionalInt.empty() : OptionalInt.of(columns);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Makes descriptor {@code to} refer to what {@code from} refers to, and closes {@code from}. Does nothing if {@code from} is not open. */
    public void move(int from, int to) {
        try {
            if ((int) dup2.invokeExact(from, to) == to) {
                int ignored = (int) close.invokeExact(from);
            }
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static IllegalStateException unexpected(Throwable e) {
        return new IllegalStateException("a native call failed: " + e, e);
    }
}
