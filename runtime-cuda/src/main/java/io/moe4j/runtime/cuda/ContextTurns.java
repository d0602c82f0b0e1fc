package io.moe4j.runtime.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.stream.Stream;

/**
 * Two kinds of driver calls that must not overlap, on one context or on contexts of GPUs that reach each other, though they are made for ranks that know nothing
 * of each other, such as those of two groups.
 *
 * <ul>
 * <li>Ranks launch their barrier kernels together. From the first launch to the last, a kernel spins for one that is not there yet.
 * <li>The driver waits for all that runs in the context, or in those that reach its memory, when it takes or frees memory, or loads a kernel, its own or a library's;
 * and it keeps every thread from launching until then.
 * </ul>
 *
 * A call of the second kind that began between two launches of the first would wait for a kernel that waits for a launch that waits for the call. The ranks of one
 * group cannot do that to each other (see {@link HostGate}); here, nobody does it to anybody. Calls of one kind overlap as they like.
 *
 * <p>The two counts are in host memory: one pair for each GPU, since all sessions of a JVM on one GPU are given the same context by the driver. Devices of a process tell each
 * other where theirs are: who launches counts itself at all that its device has met.
 */
public final class ContextTurns {
    private static final VarHandle COUNT = ValueLayout.JAVA_LONG.varHandle();
    private static final long LAUNCHING = 0;
    private static final long CALLING = Long.BYTES;

    private final MemorySegment own;
    private volatile List<MemorySegment> met;

    private ContextTurns(MemorySegment own) {
        this.own = own;
        this.met = List.of(own);
    }

    /** Those of the GPU at a PCI address, in this JVM. */
    static ContextTurns of(String gpu) {
        return new ContextTurns(SharedSlot.of("turns " + gpu));
    }

    /** Where the counts are, for other devices of this process. */
    public long address() {
        return own.address();
    }

    /** Lets launches here, from now on, also take turns with the calls of the device whose counts are at {@code address}. */
    public synchronized void shareWith(long address) {
        if (met.stream().noneMatch(known -> known.address() == address)) {
            met = Stream.concat(met.stream(), Stream.of(SharedSlot.at(address))).toList();
        }
    }

    /** To be closed when all kernels that wait for each other are launched. Returns when no call is under way; none begins until all who launch have ended. */
    public Turn beginLaunch() {
        List<MemorySegment> all = met;
        all.forEach(counts -> add(counts, LAUNCHING, 1));
        for (MemorySegment counts : all) {
            while (count(counts, CALLING) > 0) {
                Thread.onSpinWait();
            }
        }
        return new Turn(all);
    }

    /** Makes a call during which the driver may wait for all that runs, and gives its result. It must not make another one through here, nor launch a barrier. */
    public int call(IntSupplier driverCall) {
        beginCall();
        try {
            return driverCall.getAsInt();
        } finally {
            add(own, CALLING, -1);
        }
    }

    /** The same, for calls without a result. */
    public void run(Runnable driverCalls) {
        call(() -> {
            driverCalls.run();
            return 0;
        });
    }

    private void beginCall() {
        while (true) {
            add(own, CALLING, 1);
            if (count(own, LAUNCHING) == 0) {
                return;
            }
            // Those who launch may be waiting for this one to step back.
            add(own, CALLING, -1);
            while (count(own, LAUNCHING) > 0) {
                Thread.onSpinWait();
            }
        }
    }

    private static void add(MemorySegment counts, long which, long value) {
        COUNT.getAndAdd(counts, which, value);
    }

    private static long count(MemorySegment counts, long which) {
        return (long) COUNT.getVolatile(counts, which);
    }

    /** A launch of barriers that has begun. */
    public static final class Turn implements AutoCloseable {
        private final List<MemorySegment> counted;

        private Turn(List<MemorySegment> counted) {
            this.counted = counted;
        }

        @Override
        public void close() {
            counted.forEach(counts -> add(counts, LAUNCHING, -1));
        }
    }
}
