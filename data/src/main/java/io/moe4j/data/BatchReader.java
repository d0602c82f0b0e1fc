package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.Stability;

/**
 * Reads the batches of one rank, step after step. For use by one thread.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class BatchReader implements AutoCloseable {
    private final SequenceReader sequences;
    private final Share share;
    private final int[] sequence;

    /**
     * Opens a corpus at its beginning.
     *
     * @param share the part of the corpus that this rank reads
     * @param seed seed of the order
     */
    public BatchReader(Corpus corpus, Tokenizer tokenizer, Share share, long seed) {
        this.sequences = new SequenceReader(corpus, tokenizer, share.sequence() + 1, seed, share.rank() == 0);
        this.share = share;
        this.sequence = new int[share.sequence() + 1];
    }

    /** This rank's part of the next step. */
    public Batch next() {
        int count = share.batch() * share.sequence();
        int[] ids = new int[count];
        int[] labels = new int[count];
        sequences.skip((long) share.rank() * share.batch());
        for (int b = 0; b < share.batch(); b++) {
            sequences.next(sequence);
            System.arraycopy(sequence, 0, ids, b * share.sequence(), share.sequence());
            System.arraycopy(sequence, 1, labels, b * share.sequence(), share.sequence());
        }
        sequences.skip((long) (share.ranks() - 1 - share.rank()) * share.batch());
        return new Batch(ids, labels);
    }

    /** Moves to the position of a reader of the same data, seed and sequence length after all ranks together have read {@code count} sequences. */
    public void seek(long count) {
        sequences.seek(count);
    }

    /** Counts of one pass over the data, as far as this reader has read. */
    public DataCounts counts() {
        return sequences.counts();
    }

    @Override
    public void close() {
        sequences.close();
    }

    /**
     * Which part of the data a rank reads.
     *
     * @param rank in the world, from 0
     * @param ranks number of ranks in the world
     * @param batch sequences of this rank in a step, all microbatches together
     * @param sequence S, tokens of a sequence
     */
    public record Share(int rank, int ranks, int batch, int sequence) {
        public Share {
            if (rank < 0 || rank >= ranks || batch < 1 || sequence < 1 || (long) ranks * batch > Integer.MAX_VALUE
                    || (long) batch * (sequence + 1) > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException("rank " + rank + " of " + ranks + " with " + batch
                        + " sequences of " + sequence + " tokens: 0 <= rank < ranks, and at least one sequence of one "
                        + "token, fewer than 2^31 in all, are needed");
            }
        }
    }

    /**
     * Tokens of one rank in one step, sequence after sequence.
     *
     * @param ids ({@code batch · sequence})
     * @param labels ({@code batch · sequence}), for each id the one that follows it in the text
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Batch(int[] ids, int[] labels) {}
}
