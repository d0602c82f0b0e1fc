package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The batches of all ranks of this process, step after step. One reader serves them all, so that nothing is read twice. In step {@code n}, with
 * {@code batch} sequences for each of {@code ranks} ranks, rank {@code r} has {@code batch} sequences, from number {@code (n * ranks + r) * batch} on, of
 * those that {@link MixedSequences} gives. While a step runs, the next one is read in the background. Thread-safe.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class StepBatches implements AutoCloseable {
    private final MixedSequences sequences;
    private final Layout layout;
    private final Packing packing;
    private final Ending ending;
    private final ExecutorService background;
    /** Batches that were read and not yet taken, by step and rank. */
    private final Map<Long, Map<Integer, SequenceBatch>> waiting = new HashMap<>();
    private final Map<Integer, Long> nextStep = new HashMap<>();
    private Future<Step> ahead;
    private long steps;
    private State state;

    /**
     * How the sequences of a step are divided over ranks.
     *
     * @param ranks number of ranks in the world
     * @param localRanks the ranks of this process
     * @param batch sequences of a rank in a step, all microbatches together
     */
    public record Layout(int ranks, Set<Integer> localRanks, int batch) {
        public Layout {
            localRanks = Set.copyOf(localRanks);
            if (ranks < 1 || batch < 1 || localRanks.stream().anyMatch(rank -> rank < 0 || rank >= ranks)) {
                throw new IllegalArgumentException("ranks " + localRanks + " of " + ranks + ", each with " + batch
                        + " sequences: ranks are numbered from 0, and each has at least one sequence");
            }
        }
    }

    /**
     * The progress of the data.
     *
     * @param position from where it continues
     * @param counts counts of the longest pass
     * @param progress progress of each source
     */
    public record State(DataPosition position, DataCounts counts, List<SourceProgress> progress) {
        public State {
            progress = List.copyOf(progress);
        }
    }

    /** What happens when the data is used up. */
    public enum Ending {
        /** A step that the remaining data does not fill fails; for training. */
        FAILS,
        /** The last step is filled up with tokens without labels, and no further step follows; for validation. */
        IS_FILLED
    }

    private record Step(Map<Integer, SequenceBatch> batches, State after) {}

    /** Begins to read ahead from the current place of {@code sequences}. Closes them when it is closed. */
    public StepBatches(MixedSequences sequences, Layout layout, Packing packing, Ending ending) {
        this.sequences = sequences;
        this.ending = ending;
        this.layout = layout;
        this.packing = packing;
        layout.localRanks().forEach(rank -> nextStep.put(rank, 0L));
        state = state();
        background = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("moe4j-data").factory());
        ahead = background.submit((Callable<Step>) this::readStep);
    }

    /**
     * A rank's batch of its next step. Waits until it has been read.
     *
     * @throws io.moe4j.api.InputException if the data cannot be read: for every rank, and again in later calls
     */
    public SequenceBatch next(int rank) {
        return take(rank).orElseThrow(sequences::usedUp);
    }

    /**
     * A rank's batch of its next step; empty if the data has ended, which is so for all ranks in the same step.
     *
     * @throws io.moe4j.api.InputException if the data cannot be read
     */
    public Optional<SequenceBatch> poll(int rank) {
        return take(rank);
    }

    private synchronized Optional<SequenceBatch> take(int rank) {
        long step = nextStep.getOrDefault(rank, -1L);
        if (step == steps) {
            Step read = Background.await(ahead);
            if (read.batches().isEmpty()) {
                return Optional.empty();
            }
            waiting.put(steps++, new HashMap<>(read.batches()));
            state = read.after();
            ahead = background.submit((Callable<Step>) this::readStep);
        }
        Map<Integer, SequenceBatch> batches = waiting.get(step);
        SequenceBatch batch = batches == null ? null : batches.remove(rank);
        if (batches == null || batch == null) {
            throw new IllegalArgumentException("rank " + rank + " is none of " + layout.localRanks());
        }
        if (batches.isEmpty()) {
            waiting.remove(step);
        }
        nextStep.put(rank, step + 1);
        return Optional.of(batch);
    }

    /** The progress of the data after the last step that a rank has taken. Call it between steps, when all ranks have taken the same steps. */
    public synchronized State current() {
        return state;
    }

    @Override
    public void close() {
        background.shutdownNow();
        // Ends the read for which the background thread waits.
        sequences.close();
    }

    /** Reads the next step; one without batches if the data has ended. */
    private Step readStep() {
        int length = sequences.sequenceTokens();
        int[] window = new int[length + 1];
        Map<Integer, SequenceBatch> batches = new HashMap<>();
        long found = 0;
        for (int rank = 0; rank < layout.ranks(); rank++) {
            if (!layout.localRanks().contains(rank)) {
                found += skip(layout.batch());
                continue;
            }
            int tokens = Math.multiplyExact(layout.batch(), length);
            SequenceBatch batch = new SequenceBatch(new int[tokens], new int[tokens],
                    packing.documentBoundaries() ? Optional.of(new int[tokens]) : Optional.empty());
            for (int i = 0; i < layout.batch(); i++) {
                found += read(window) ? 1 : 0;
                packing.put(window, batch, i * length);
            }
            batches.put(rank, batch);
        }
        return new Step(found == 0 ? Map.of() : batches, state());
    }

    private long skip(long count) {
        long skipped = sequences.skip(count);
        if (skipped < count && ending == Ending.FAILS) {
            throw sequences.usedUp();
        }
        return skipped;
    }

    /** Reads a sequence; false where the data has ended, and the sequence has no label. */
    private boolean read(int[] window) {
        boolean present = sequences.poll(window);
        if (!present) {
            if (ending == Ending.FAILS) {
                throw sequences.usedUp();
            }
            Arrays.fill(window, MarkedToken.PADDING | MarkedToken.NOT_LEARNED);
        }
        if (ending == Ending.IS_FILLED) {
            // Padding after the end of the data has no loss.
            Arrays.setAll(window, i -> MarkedToken.has(window[i], MarkedToken.PADDING)
                    ? window[i] | MarkedToken.NOT_LEARNED : window[i]);
        }
        return present;
    }

    private State state() {
        return new State(sequences.position(), sequences.counts(), sequences.progress());
    }
}
