package io.moe4j.runtime.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.stream.Stream;

/**
 * Keeps two kinds of driver calls from overlapping, on one context or on contexts of GPUs that can reach each other. The calls may come from independent
 * ranks, such as ranks of two groups.
 *
 * <ul>
 * <li>Ranks launch their barrier kernels together. From the first of these launches to the last, a kernel spins for a peer that is not launched yet.
 * <li>When the driver allocates or frees memory, or loads a kernel (its own or a library's), it waits for everything that runs in the context, or in all
 * contexts that can reach its memory. Meanwhile, no thread can launch.
 * </ul>
 *
 * A call of the second kind that began between two launches of the first kind would deadlock: the call waits for a kernel, the kernel waits for a
 * launch, and the launch waits for the call. {@link HostGate} prevents this within a group; this class prevents the same deadlock across groups.
 * Calls of the same kind may overlap.
 *
 * <p>The two counts are in host memory, one pair for each GPU, because the driver gives all sessions of a JVM on one GPU the same context. Devices of
 * a process tell each other the addresses of their counts. A launch is counted at every device that its own device has met.
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

    /** The turns of the GPU at a PCI address, shared by this JVM. */
    static ContextTurns of(String gpu) {
        return new ContextTurns(SharedSlot.of("turns " + gpu));
    }

    /** The address of the counts, for other devices of this process. */
    public long address() {
        return own.address();
    }

    /** From now on, launches here also take turns with the calls of the device whose counts are at {@code address}. */
    public synchronized void shareWith(long address) {
        if (met.stream().noneMatch(known -> known.address() == address)) {
            met = Stream.concat(met.stream(), Stream.of(SharedSlot.at(address))).toList();
        }
    }

    /**
     * Begins a launch of kernels that wait for each other. Returns when no call is running; no call begins until all such launches have ended. Close
     * the turn when all of these kernels are launched.
     */
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

    /**
     * Makes a call during which the driver may wait for everything that runs; returns its result. The call must not call this method again, or launch
     * a barrier.
     */
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
            // A launch may be waiting for this call to step back.
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
