package io.moe4j.runtime.cpu.engine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.moe4j.api.device.DeviceException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The allocator of the C library. Large blocks that were never written take no physical memory. An {@code Arena} does not offer that: it writes zeros
 * to the whole block.
 */
final class NativeHeap {
    private static final long HUGE_PAGE = 2L << 20;
    private static final int ADVISE_HUGE_PAGES = 14;

    private final MethodHandle calloc;
    private final MethodHandle malloc;
    private final MethodHandle free;
    private final Optional<MethodHandle> madvise;

    NativeHeap() {
        Linker linker = Linker.nativeLinker();
        SymbolLookup library = linker.defaultLookup();
        calloc = linker.downcallHandle(library.findOrThrow("calloc"),
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG));
        malloc = linker.downcallHandle(library.findOrThrow("malloc"), FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        free = linker.downcallHandle(library.findOrThrow("free"), FunctionDescriptor.ofVoid(JAVA_LONG));
        madvise = System.getProperty("os.name").equals("Linux")
                ? library.find("madvise").map(symbol -> linker.downcallHandle(symbol,
                        FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT)))
                : Optional.empty();
    }

    /** Allocates {@code bytes} bytes of zeros; returns their address, or 0 if the system has no more memory. */
    long allocate(long bytes) {
        try {
            return advised((long) calloc.invokeExact(1L, bytes), bytes);
        } catch (Throwable e) {
            throw failed("calloc", e);
        }
    }

    /** Like {@link #allocate}, but the contents are undefined. To clear a block that was used before would take as long as to write all of it. */
    long allocateUncleared(long bytes) {
        try {
            return advised((long) malloc.invokeExact(bytes), bytes);
        } catch (Throwable e) {
            throw failed("malloc", e);
        }
    }

    private long advised(long address, long bytes) throws Throwable {
        if (address != 0 && bytes >= 2 * HUGE_PAGE && madvise.isPresent()) {
            long from = Math.ceilDiv(address, HUGE_PAGE) * HUGE_PAGE;
            long to = (address + bytes) / HUGE_PAGE * HUGE_PAGE;
            // This is only advice: if the system refuses it, pages are small, and everything still works.
            int ignored = (int) madvise.get().invokeExact(from, to - from, ADVISE_HUGE_PAGES);
        }
        return address;
    }

    void free(long address) {
        try {
            free.invokeExact(address);
        } catch (Throwable e) {
            throw failed("free", e);
        }
    }

    private static DeviceException failed(String function, Throwable cause) {
        return new DeviceException("the C library's " + function + " cannot be called: " + cause.getMessage(), cause);
    }
}
