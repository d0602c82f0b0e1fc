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
 * How threads of a device wait for their peers. A waiting thread first marks its core as free; it spins for a moment if nothing else needs the core
 * ({@link Contention}); then it sleeps until a thread of this device calls {@link #wake()}. It also wakes after a timeout, because a peer may be in another
 * process: after 0.2 ms first, then after twice as long each time, up to 2 ms.
 */
@Stability(Stability.Level.INTERNAL)
public final class Waits {
    private static final int SPINS = 500;
    private static final int YIELDS = SPINS + 20;
    private static final long NAP_NANOS = 200_000;
    private static final long LONGEST_NAP_NANOS = 2_000_000;

    private final CorePool pool;
    private final Duration timeout;
    private final Map<Rendezvous, Integer> parties = new ConcurrentHashMap<>();
    private final Set<Thread> asleep = ConcurrentHashMap.newKeySet();

    Waits(CorePool pool, Duration timeout) {
        this.pool = pool;
        this.timeout = timeout;
    }

    /** From now on, every wait ends if a rank that meets at {@code rendezvous} has failed. This holds until each join has its {@link #leave}. */
    public void join(Rendezvous rendezvous) {
        parties.merge(rendezvous, 1, Integer::sum);
    }

    /** Undoes one {@link #join}. After the last one, failures at this rendezvous do not end waits any more. */
    public void leave(Rendezvous rendezvous) {
        parties.computeIfPresent(rendezvous, (party, members) -> members == 1 ? null : members - 1);
    }

    /** The longest time that a wait may take. */
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
     * @return true if the condition holds, false if the time limit has passed
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

    @SuppressWarnings("ThreadPriorityCheck") // gives the core away only while it has nothing to do
    private boolean look(BooleanSupplier condition) {
        WaitLimit limit = WaitLimit.of(timeout);
        Contention contention = pool.contention();
        long looked = contention.now();
        long nap = NAP_NANOS;
        for (int i = 0; !condition.getAsBoolean(); i++) {
            if (i < YIELDS && !contention.isLikely()) {
                boolean ownPeersRun = pool.isCrowded();
                if (i < SPINS && pool.hasFreeCore()) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
                // If a peer of this device may have got the core, the gap does not show that another program needs it.
                looked = ownPeersRun || pool.isCrowded() ? contention.now() : contention.look(looked);
            } else {
                parties.keySet().forEach(Rendezvous::check);
                if (limit.expired()) {
                    return false;
                }
                sleep(condition, nap);
                nap = Math.min(LONGEST_NAP_NANOS, 2 * nap);
            }
        }
        return true;
    }

    private void sleep(BooleanSupplier condition, long napNanos) {
        Thread me = Thread.currentThread();
        if (me.isInterrupted()) {
            throw new DeviceException("thread " + me.getName()
                    + " was interrupted while it waited for other ranks; the session is being stopped");
        }
        asleep.add(me);
        if (!condition.getAsBoolean()) {
            LockSupport.parkNanos(this, napNanos);
        }
        asleep.remove(me);
    }

    /** Wakes sleeping threads, so that they check their conditions again. */
    public void wake() {
        // Publish the change before scanning for sleepers; a sleeper enters the set before it checks its condition. A sleeper that is missed wakes by
        // its timeout.
        VarHandle.fullFence();
        asleep.forEach(LockSupport::unpark);
    }
}
