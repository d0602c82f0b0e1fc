package io.moe4j.api.group;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The rendezvous of ranks that are threads of this JVM: one object, shared by all of them. Any number of groups may meet at once. A key may be used
 * again: a rank leaves a meeting only when it is complete, so that each rank's n-th exchange with a key meets the others' n-th.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ThreadRendezvous implements Rendezvous {
    private final int worldSize;
    private final Duration timeout;
    private final Map<Slot, Meeting> meetings = new HashMap<>();
    private volatile @Nullable RankFailure failure;

    private ThreadRendezvous(int worldSize, Duration timeout) {
        this.worldSize = worldSize;
        this.timeout = timeout;
    }

    /**
     * A rendezvous for all ranks of the world.
     *
     * @param worldSize number of ranks, at least 1
     * @param timeout the longest that a rank waits for the others
     */
    public static ThreadRendezvous of(int worldSize, Duration timeout) {
        if (worldSize < 1 || timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("a rendezvous of " + worldSize + " ranks with a time limit of " + timeout
                    + ": at least one rank and a positive limit are needed");
        }
        return new ThreadRendezvous(worldSize, timeout);
    }

    @Override
    public List<byte[]> exchange(Group group, String key, byte[] mine) {
        checkRanks(group);
        WaitLimit limit = WaitLimit.of(timeout);
        synchronized (this) {
            check();
            Meeting meeting = join(group, key, mine);
            while (!meeting.isComplete()) {
                await(limit, group, key, meeting);
            }
            return meeting.contributions();
        }
    }

    @Override
    public void fail(RankFailure report) {
        synchronized (this) {
            if (failure == null) {
                failure = report;
            }
            notifyAll();
        }
    }

    @Override
    public Optional<RankFailure> failure() {
        return Optional.ofNullable(failure);
    }

    private Meeting join(Group group, String key, byte[] mine) {
        Slot slot = new Slot(group.name(), group.ranks(), key);
        Meeting meeting = meetings.computeIfAbsent(slot, ignored -> new Meeting(group.size()));
        meeting.put(group.index(), mine);
        if (meeting.isComplete()) {
            // Waiting ranks keep their own reference to the meeting.
            meetings.remove(slot);
            notifyAll();
        }
        return meeting;
    }

    @SuppressWarnings("WaitNotInLoop") // the caller has the loop
    private void await(WaitLimit limit, Group group, String key, Meeting meeting) {
        if (limit.expired()) {
            fail(tooLate(group, key, meeting));
        }
        check();
        try {
            wait(limit.pauseMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail(new RankFailure(group.rank(), phase(group, key),
                    "the rank's thread was interrupted while it waited for the others"));
        }
        if (!meeting.isComplete()) {
            check();
        }
    }

    private RankFailure tooLate(Group group, String key, Meeting meeting) {
        List<Integer> missing = meeting.missing().mapToObj(group.ranks()::get).toList();
        return new RankFailure(missing.getFirst(), phase(group, key),
                Shown.ranks(missing) + " did not come within " + timeout.toMillis() + " ms, as rank " + group.rank()
                        + " found; the others had arrived. Look for what these ranks were doing, or raise the time limit");
    }

    private static String phase(Group group, String key) {
        return "the exchange \"" + key + "\" of group " + group.name();
    }

    private void checkRanks(Group group) {
        if (group.ranks().stream().anyMatch(rank -> rank < 0 || rank >= worldSize)) {
            throw new IllegalArgumentException(
                    "group " + group.name() + " has ranks " + group.ranks() + " in a world of " + worldSize
                            + "; ranks are from 0 to " + (worldSize - 1));
        }
    }

    private record Slot(String group, List<Integer> ranks, String key) {}

    /** The values that the ranks have sent so far; guarded by the rendezvous. */
    private static final class Meeting {
        private final List<Optional<byte[]>> brought;
        private int present;

        Meeting(int size) {
            brought = new ArrayList<>(Collections.nCopies(size, Optional.empty()));
        }

        void put(int index, byte[] bytes) {
            if (brought.get(index).isPresent()) {
                throw new IllegalStateException(
                        "index " + index + " of the group takes part twice at once; a rank is one thread");
            }
            brought.set(index, Optional.of(bytes.clone()));
            present++;
        }

        boolean isComplete() {
            return present == brought.size();
        }

        IntStream missing() {
            return IntStream.range(0, brought.size()).filter(index -> brought.get(index).isEmpty());
        }

        List<byte[]> contributions() {
            return brought.stream().map(bytes -> bytes.orElseThrow().clone()).toList();
        }
    }
}
