package io.moe4j.runtime.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Where the ranks of one process wait for each other when they close something that a library made for all of them, so that no rank continues while the
 * library still works for another. Each rank has a slot of host memory, which the others read by its address; it says whether the rank has arrived.
 *
 * <p>Unlike a {@link HostGate}, it is used only once, and can be used after a failure: if a rank does not arrive in time, the others continue without it, and
 * report no failure.
 */
public final class JointEnd {
    private static final VarHandle COME = ValueLayout.JAVA_LONG.varHandle();
    private static final long PAUSE_NANOS = 100_000;

    private final MemorySegment mine;
    private final List<MemorySegment> slots;

    private JointEnd(MemorySegment mine, List<MemorySegment> slots) {
        this.mine = mine;
        this.slots = slots;
    }

    /** What a rank tells the others: its process, and the address of a new slot. */
    public static byte[] seat() {
        return ByteBuffer.allocate(ThisProcess.BYTES + Long.BYTES).put(ThisProcess.identity())
                .putLong(SharedSlot.open().address()).array();
    }

    /**
     * The joint end of the ranks with these seats. A rank does not wait for ranks of other processes.
     *
     * @param mine the seat of this rank
     * @param seats the seats of all ranks, including this one
     */
    public static JointEnd of(byte[] mine, List<byte[]> seats) {
        return new JointEnd(slot(mine), seats.stream()
                .filter(seat -> Arrays.equals(seat, 0, ThisProcess.BYTES, mine, 0, ThisProcess.BYTES))
                .map(JointEnd::slot).toList());
    }

    private static MemorySegment slot(byte[] seat) {
        return SharedSlot.at(ByteBuffer.wrap(seat).getLong(ThisProcess.BYTES));
    }

    /** Marks this rank as arrived. */
    public void come() {
        COME.setVolatile(mine, 0L, 1L);
    }

    /** Marks this rank as arrived, and waits until all ranks of this process have arrived; returns false if one has not within {@code limit}. */
    public boolean await(Duration limit) {
        come();
        long start = System.nanoTime();
        for (MemorySegment slot : slots) {
            while ((long) COME.getVolatile(slot, 0L) == 0) {
                if (System.nanoTime() - start > limit.toNanos()) {
                    return false;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        return true;
    }
}
