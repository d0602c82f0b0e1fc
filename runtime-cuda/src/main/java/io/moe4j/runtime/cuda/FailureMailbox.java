package io.moe4j.runtime.cuda;

import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.runtime.cuda.driver.AddressablePointer;
import io.moe4j.runtime.cuda.driver.Driver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/**
 * Where kernels report failures, because they cannot throw: a few words of host memory that the device writes and reads. Layout, in 64-bit words:
 * [0] stop (the host or a kernel asks every wait to end), [1] waiting rank, [2] phase, [3] position of the missing rank in the group, [4] expected
 * value, [5] value seen.
 */
public final class FailureMailbox implements AutoCloseable {
    private static final int BYTES = 64;
    private static final int HOST_ALLOC_PORTABLE_AND_MAPPED = 3;

    private final ContextTurns turns;
    private final Pointer host = new Pointer();
    private final ByteBuffer words;
    private final long deviceAddress;
    private final List<Phase> phases = new CopyOnWriteArrayList<>();
    private final CopyOnWriteArrayList<Rendezvous> parties = new CopyOnWriteArrayList<>();
    private final FailureWatch watch = new FailureWatch(this);

    /** Allocates the mailbox in the current context. */
    public FailureMailbox(ContextTurns turns) {
        this.turns = turns;
        Driver.check(turns.call(() -> JCudaDriver.cuMemHostAlloc(host, BYTES, HOST_ALLOC_PORTABLE_AND_MAPPED)),
                "cuMemHostAlloc of " + BYTES + " bytes");
        words = host.getByteBuffer(0, BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < BYTES; i += Long.BYTES) {
            words.putLong(i, 0);
        }
        AddressablePointer mapped = new AddressablePointer();
        Driver.check(JCudaDriver.cuMemHostGetDevicePointer(mapped, host, 0), "cuMemHostGetDevicePointer");
        deviceAddress = mapped.address();
    }

    /** The address that kernels use. */
    public long deviceAddress() {
        return deviceAddress;
    }

    /** A phase in which a group waits, for error messages. */
    private record Phase(String name, List<Integer> ranks) {}

    /** The number by which kernels refer to {@code phase} of the group of {@code ranks}. */
    public synchronized int phase(String phase, List<Integer> ranks) {
        Phase wanted = new Phase(phase, ranks);
        int known = phases.indexOf(wanted);
        if (known >= 0) {
            return known;
        }
        phases.add(wanted);
        return phases.size() - 1;
    }

    /** From now on, reports failures to {@code rendezvous}, and ends waits on the device when one of its ranks fails, even in another process. */
    public void join(Rendezvous rendezvous) {
        parties.add(rendezvous);
        watch.start();
    }

    /**
     * Ends one {@link #join}; nothing of its group may wait on the device any more. When the last group has left, the failure is cleared, so that
     * later groups can use the device.
     */
    public synchronized void leave(Rendezvous rendezvous) {
        parties.remove(rendezvous);
        if (parties.isEmpty()) {
            words.putLong(0, 0);
        }
    }

    /** Calls {@code look} a few times per second, on a separate thread, until {@code look} is passed to {@link #unwatch}. It must not block. */
    public void watch(Runnable look) {
        watch.add(look);
    }

    /** Ends {@link #watch}. */
    public void unwatch(Runnable look) {
        watch.remove(look);
    }

    /** If a rank has failed, asks every waiting kernel to end. Otherwise it would wait until the time limit. */
    public synchronized void stopAfterFailure() {
        if (parties.stream().anyMatch(rendezvous -> rendezvous.failure().isPresent())) {
            words.putLong(0, 1);
        }
    }

    /** Throws if a kernel has reported a missing peer, or if a rank has failed. */
    public void check() {
        if (words.getLong(0) == 0) {
            return;
        }
        parties.forEach(Rendezvous::check);
        int waiting = (int) words.getLong(8);
        Phase phase = phases.get((int) words.getLong(16));
        RankFailure failure = new RankFailure(phase.ranks.get((int) words.getLong(24)), phase.name,
                "rank " + waiting + " waited past the time limit for arrival " + words.getLong(32) + ", saw "
                        + words.getLong(40)
                        + "; the rank is stuck or gone, see its log, or raise the device's time limit");
        parties.forEach(rendezvous -> rendezvous.fail(failure));
        throw new RankFailedException(failure);
    }

    @Override
    public void close() {
        watch.close();
        Driver.check(turns.call(() -> JCudaDriver.cuMemFreeHost(host)), "cuMemFreeHost");
    }
}
