package io.moe4j.trainer.checkpoint;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** The source of the values that this process's ranks write, and the threads that write them. */
public abstract sealed class StateWriting {

    private StateWriting() {}

    /**
     * Writes from copies in the host's memory, while the ranks' threads go on.
     *
     * @param copies the copies of the ranks that write
     * @param threads how many threads write at the same time, at least 1
     */
    public static StateWriting copied(List<HostCopy> copies, int threads) {
        return new Copied(copies, threads);
    }

    /**
     * Writes from the devices, while the run waits.
     *
     * @param ranks the ranks that write
     * @param onRanks runs work for the state of each of these ranks, on the rank's own thread, and waits for all of them
     */
    public static StateWriting live(List<RankState> ranks, Consumer<Consumer<RankState>> onRanks) {
        return new Live(ranks, onRanks);
    }

    /** Names and sizes of the tensors that are written. */
    abstract List<RankLayout> layouts();

    /** Gives the state of each rank to {@code writer}, once; waits for all, and throws the exception of the first that failed. */
    abstract void write(Consumer<StateBytes> writer);

    private static final class Copied extends StateWriting {
        private final List<HostCopy> copies;
        private final int threads;

        Copied(List<HostCopy> copies, int threads) {
            this.copies = List.copyOf(copies);
            this.threads = threads;
        }

        @Override
        List<RankLayout> layouts() {
            return copies.stream().map(HostCopy::layout).toList();
        }

        @Override
        void write(Consumer<StateBytes> writer) {
            List<Future<?>> writing = new ArrayList<>();
            try (ExecutorService executor = Executors.newFixedThreadPool(threads,
                    Thread.ofPlatform().daemon().name("writing a checkpoint ", 0).factory())) {
                copies.forEach(copy -> writing.add(executor.submit(() -> writer.accept(copy))));
            }
            for (Future<?> each : writing) {
                if (each.state() == Future.State.FAILED) {
                    throw unchecked(each.exceptionNow());
                }
            }
        }
    }

    private static final class Live extends StateWriting {
        private final List<RankState> ranks;
        private final Consumer<Consumer<RankState>> onRanks;

        Live(List<RankState> ranks, Consumer<Consumer<RankState>> onRanks) {
            this.ranks = List.copyOf(ranks);
            this.onRanks = onRanks;
        }

        @Override
        List<RankLayout> layouts() {
            return ranks.stream().map(RankLayout::of).toList();
        }

        @Override
        void write(Consumer<StateBytes> writer) {
            List<RuntimeException> failures = Collections.synchronizedList(new ArrayList<>());
            onRanks.accept(rank -> {
                try {
                    writer.accept(new LiveState(rank));
                } catch (UncheckedIOException | NonFiniteStateException e) {
                    // The disk has failed, and not the rank, which can go on.
                    failures.add(e);
                }
            });
            if (!failures.isEmpty()) {
                throw failures.getFirst();
            }
        }
    }

    private static RuntimeException unchecked(Throwable failure) {
        return failure instanceof RuntimeException known ? known : new IllegalStateException(failure);
    }
}
