package io.moe4j.comm.nccl;

import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Work that the device does for a communicator. */
interface Work {

    /** How many of its calls are done. The time limit applies to each call. */
    long done();

    /** The call that is running; none if all are done. */
    Optional<String> current();

    /** One call. The event recorded after it tells whether it is done. */
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
     * The calls of one replay of a graph.
     *
     * @param counter returns how many calls of all replays are done
     * @param before how many calls there were before this replay
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
