package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;

/**
 * The sequences of one source of text, in the order of training, epoch after epoch. An implementation either reads a stream, or has random access; with
 * random access, {@link #skip} reads nothing. The sequences depend only on the data, the seed and the position, never on the number of ranks, on time or on
 * threads. For use by one thread at a time.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface SequenceSource extends AutoCloseable {

    /** Its name in the configuration, such as {@code web}. */
    String name();

    /**
     * Reads the next sequence.
     *
     * @param target receives S + 1 tokens with their marks; see {@link MarkedToken}
     * @return false if the source is used up: it has given all its epochs, and {@code target} is unchanged
     * @throws InputException if the data cannot be read. The source stays where it is, and throws again when it is asked again
     */
    boolean next(int[] target);

    /**
     * Skips sequences as if they were read.
     *
     * @return how many; fewer than {@code count} only if the source is used up
     * @throws InputException if the data cannot be read
     */
    long skip(long count);

    /** The position after the sequences that {@link #next} and {@link #skip} have passed. */
    SourcePosition position();

    /** Counts of the longest epoch so far, up to the current position. */
    DataCounts counts();

    /** The epoch that it is in, from 1. */
    long epoch();

    /** Sequences that have been read or passed over since the beginning of training. */
    long passed();

    @Override
    void close();
}
