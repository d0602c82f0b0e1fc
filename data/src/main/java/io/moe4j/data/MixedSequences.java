package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sequences of several sources, mixed by their weights into one order for all ranks. After any number of sequences, each source has given its share, to
 * within one sequence; see {@code Mixture}. For use by one thread at a time.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MixedSequences implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MixedSequences.class);

    private final List<WeightedSource> sources;
    private final int sequenceTokens;
    private final Mixture mixture;
    private final boolean tellsEnds;

    /**
     * Begins a mixture, or continues one.
     *
     * @param sources the sources, in the same order in each run; each already at its position
     * @param sequenceTokens S
     * @param position from where the mixture continues. If its sources or weights differ from {@code sources}, the new weights apply from there on
     * @param tellsEnds whether to log when a source is used up
     */
    public MixedSequences(List<WeightedSource> sources, int sequenceTokens, Optional<DataPosition> position,
            boolean tellsEnds) {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("there is no source; give at least one");
        }
        this.sources = List.copyOf(sources);
        this.sequenceTokens = sequenceTokens;
        this.tellsEnds = tellsEnds;
        this.mixture = mixture(position);
    }

    /** S, tokens of a sequence. */
    public int sequenceTokens() {
        return sequenceTokens;
    }

    /**
     * Reads the next sequence, if there is one.
     *
     * @param target receives S + 1 tokens with their marks
     * @return false if the data is used up
     * @throws InputException if the data cannot be read
     */
    public boolean poll(int[] target) {
        return advance(source -> source.next(target));
    }

    /**
     * Skips sequences as if they were read.
     *
     * @return how many; fewer than {@code count} only if the data is used up
     * @throws InputException if the data cannot be read
     */
    public long skip(long count) {
        if (sources.size() == 1) {
            long skipped = sources.getFirst().sequences().skip(count);
            mixture.take(0, skipped);
            return skipped;
        }
        for (long i = 0; i < count; i++) {
            if (!advance(source -> source.skip(1) == 1)) {
                return i;
            }
        }
        return count;
    }

    /** The position after the sequences read so far. */
    public DataPosition position() {
        List<DataPosition.Part> parts = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            WeightedSource source = sources.get(i);
            parts.add(new DataPosition.Part(source.sequences().position(), source.weight(), mixture.taken(i),
                    mixture.isUsedUp(i)));
        }
        return new DataPosition(sequenceTokens, parts);
    }

    /** Counts of all sources together. */
    public DataCounts counts() {
        return sources.stream().map(source -> source.sequences().counts()).reduce(DataCounts.NONE, DataCounts::plus);
    }

    /** The progress of each source. */
    public List<SourceProgress> progress() {
        return sources.stream().map(WeightedSource::sequences)
                .map(source -> new SourceProgress(source.name(), source.passed(), source.epoch(), source.counts()))
                .toList();
    }

    @Override
    public void close() {
        closeAll(sources);
    }

    /** Closes all sources, even if closing some of them fails. */
    static void closeAll(List<WeightedSource> sources) {
        try (Resources opened = new Resources("the data")) {
            sources.forEach(source -> opened.add(source.sequences()));
        }
    }

    private boolean advance(Step step) {
        while (!mixture.isUsedUp()) {
            int chosen = mixture.choose();
            if (step.passes(sources.get(chosen).sequences())) {
                mixture.take(chosen, 1);
                return true;
            }
            end(chosen);
        }
        return false;
    }

    private void end(int source) {
        mixture.end(source);
        if (tellsEnds) {
            log.warn("the data source {} is used up{}", sources.get(source).sequences().name(),
                    mixture.isUsedUp() ? "" : "; the others share its part of the mixture");
        }
    }

    /** The error for data that is used up. */
    InputException usedUp() {
        return new InputException("the data is used up: "
                + String.join(", ", progress().stream()
                        .map(each -> each.source() + " gave " + Shown.count(each.sequences(), "sequence") + " in "
                                + Shown.count(each.epoch(), "epoch"))
                        .toList())
                + "; raise data.epochs, set it to 0 for no limit, or lower training.steps");
    }

    private Mixture mixture(Optional<DataPosition> position) {
        double[] weights = new double[sources.size()];
        long[] taken = new long[sources.size()];
        boolean same = position.isPresent() && position.get().sources().size() == sources.size();
        for (int i = 0; i < weights.length; i++) {
            WeightedSource source = sources.get(i);
            Optional<DataPosition.Part> before = position.flatMap(all -> all.of(source.sequences().name()));
            boolean usedUp = before.filter(DataPosition.Part::usedUp).isPresent();
            weights[i] = usedUp ? 0 : source.weight();
            taken[i] = before.map(DataPosition.Part::taken).orElse(0L);
            same &= before.filter(part -> part.weight() == source.weight()).isPresent();
        }
        // With other weights the counts begin anew: to compensate for the old ones, one source might be read alone for a long time.
        return new Mixture(weights, same ? taken : new long[weights.length]);
    }

    /** Reads or skips a sequence of the chosen source; false if the source is used up. */
    @FunctionalInterface
    private interface Step {
        boolean passes(SequenceSource source);
    }
}
