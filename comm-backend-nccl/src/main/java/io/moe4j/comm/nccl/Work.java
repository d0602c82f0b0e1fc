package io.moe4j.comm.nccl;

import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** What the device does for a communicator. */
interface Work {

    /** How many of its calls are done: each of them has the time limit. */
    long done();

    /** The call that it is at; none if it is past all of them. */
    Optional<String> current();

    /** One call. Whether it is done, the event behind it tells. */
    record Call(String name) implements Work {
        @Override
        public long done() {
            return 0;
        }

        @Override
        public Optional<String> current() {
            return Optional.of(name);
        }
    }

    /**
     * The calls of a graph that is replayed.
     *
     * @param counter how many calls of all replays are done
     * @param before how many of them came before this replay
     */
    record Replay(List<String> names, LongSupplier counter, long before) implements Work {
        @Override
        public long done() {
            return Math.clamp(counter.getAsLong() - before, 0, names.size());
        }

        @Override
        public Optional<String> current() {
            int done = (int) done();
            return done == names.size() ? Optional.empty()
                    : Optional.of(names.get(done) + " (call " + (done + 1) + " of " + names.size()
                            + " in a replayed graph)");
        }
    }
}
