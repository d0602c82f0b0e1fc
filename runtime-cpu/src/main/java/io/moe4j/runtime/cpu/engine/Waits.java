package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.WaitLimit;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * How threads of a device wait for their peers: they give their core away first, look around for a moment if nobody wants it, then sleep until
 * a thread of this device calls {@link #wake()}. They also look by themselves now and then, because a peer may be in another process.
 */
@Stability(Stability.Level.INTERNAL)
public final class Waits {
    private static final int SPINS = 500;
    private static final int YIELDS = SPINS + 20;
    private static final long NAP_NANOS = 200_000;

    private final CorePool pool;
    private final Duration timeout;
    private final Map<Rendezvous, Integer> parties = new ConcurrentHashMap<>();
    private final Set<Thread> asleep = ConcurrentHashMap.newKeySet();

    Waits(CorePool pool, Duration timeout) {
        this.pool = pool;
        this.timeout = timeout;
    }

    /** Ends every wait when a rank that meets at {@code rendezvous} has failed, until all who joined have left. */
    public void join(Rendezvous rendezvous) {
        parties.merge(rendezvous, 1, Integer::sum);
    }

    /** Once for each {@link #join}: its failures are nobody's any more. */
    public void leave(Rendezvous rendezvous) {
        parties.computeIfPresent(rendezvous, (party, members) -> members == 1 ? null : members - 1);
    }

    /** The longest that a wait may take. */
    public Duration timeout() {
        return timeout;
    }

    /** Whether a rank has failed. */
    boolean hasFailed() {
        return parties.keySet().stream().anyMatch(party -> party.failure().isPresent());
    }

    /**
     * Waits until {@code condition} holds.
     *
     * @return whether it does; if not, the time limit has passed
     * @throws io.moe4j.api.group.RankFailedException if a rank has failed
     */
    public boolean until(BooleanSupplier condition) {
        if (condition.getAsBoolean()) {
            return true;
        }
        pool.leave();
        try {
            return look(condition);
        } finally {
            pool.enter();
        }
    }

    private boolean look(BooleanSupplier condition) {
        WaitLimit limit = WaitLimit.of(timeout);
        for (int i = 0; !condition.getAsBoolean(); i++) {
            if (i < SPINS && pool.hasFreeCore()) {
                Thread.onSpinWait();
            } else if (i < YIELDS) {
                Thread.yield();
            } else {
                parties.keySet().forEach(Rendezvous::check);
                if (limit.expired()) {
                    return false;
                }
                sleep(condition);
            }
        }
        return true;
    }

    private void sleep(BooleanSupplier condition) {
        Thread me = Thread.currentThread();
        if (me.isInterrupted()) {
            throw new DeviceException("thread " + me.getName()
                    + " was interrupted while it waited for other ranks; the session is being stopped");
        }
        asleep.add(me);
        if (!condition.getAsBoolean()) {
            LockSupport.parkNanos(this, NAP_NANOS);
        }
        asleep.remove(me);
    }

    /** Tells sleepers that something has changed. */
    public void wake() {
        // The change before the look at who sleeps; a sleeper does it the other way round. Who is missed looks again soon.
        VarHandle.fullFence();
        asleep.forEach(LockSupport::unpark);
    }
}
