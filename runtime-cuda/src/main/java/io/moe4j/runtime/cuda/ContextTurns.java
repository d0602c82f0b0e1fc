package io.moe4j.runtime.cuda;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/**
 * Two kinds of driver calls on one context that must not overlap, though they are made for ranks that know nothing of each other, such as those of two groups.
 *
 * <ul>
 * <li>Ranks launch their barrier kernels together. From the first launch to the last, a kernel spins for one that is not there yet.
 * <li>The driver waits for all that runs in the context when it takes or frees memory, or loads a kernel, its own or a library's; and it keeps every thread from launching
 * until then.
 * </ul>
 *
 * A call of the second kind that began between two launches of the first would wait for a kernel that waits for a launch that waits for the call. The ranks of one
 * group cannot do that to each other (see {@link HostGate}); here, nobody does it to anybody. Calls of one kind overlap as they like.
 */
public final class ContextTurns {
    private final AtomicInteger launching = new AtomicInteger();
    private final AtomicInteger calling = new AtomicInteger();

    /** To be followed by {@link #endLaunch}. Returns when no call is under way; none begins until all who launch have ended. */
    public void beginLaunch() {
        launching.incrementAndGet();
        while (calling.get() > 0) {
            Thread.onSpinWait();
        }
    }

    /** When all kernels that wait for each other are launched. */
    public void endLaunch() {
        launching.decrementAndGet();
    }

    /** Makes a call during which the driver may wait for all that runs, and gives its result. It must not make another one through here, nor launch a barrier. */
    public int call(IntSupplier driverCall) {
        beginCall();
        try {
            return driverCall.getAsInt();
        } finally {
            calling.decrementAndGet();
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
            calling.incrementAndGet();
            if (launching.get() == 0) {
                return;
            }
            // Those who launch may be waiting for this one to step back.
            calling.decrementAndGet();
            while (launching.get() > 0) {
                Thread.onSpinWait();
            }
        }
    }
}
