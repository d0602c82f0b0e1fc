package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.InputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** The sequences of a corpus in the order of training, epoch after epoch; see the documentation of the package. */
final class SequenceReader implements AutoCloseable {
    /** Tokens of a block. Larger blocks shuffle better, and take more memory. */
    private static final int BLOCK_TOKENS = 1 << 22;

    private final Corpus corpus;
    private final Tokenizer tokenizer;
    private final int length;
    private final long seed;
    private final int blockSequences;

    private final boolean reports;
    private DataCounts counts = DataCounts.NONE;
    private TokenStream stream;
    private long epoch;
    private long block;
    private int[] tokens;
    private int[] order = new int[0];
    private int next;

    /** Reads sequences of {@code length} tokens. */
    SequenceReader(Corpus corpus, Tokenizer tokenizer, int length, long seed, boolean reports) {
        this(corpus, tokenizer, length, seed, reports, Math.max(1, BLOCK_TOKENS / length));
    }

    SequenceReader(Corpus corpus, Tokenizer tokenizer, int length, long seed, boolean reports, int blockSequences) {
        this.corpus = corpus;
        this.tokenizer = tokenizer;
        this.length = length;
        this.seed = seed;
        this.blockSequences = blockSequences;
        this.reports = reports;
        this.tokens = new int[length];
        this.stream = stream(0);
    }

    /** Copies the next sequence's tokens. */
    void next(int[] target) {
        prepare();
        System.arraycopy(tokens, order[next++] * length, target, 0, length);
    }

    /** Skips {@code count} sequences. */
    void skip(long count) {
        for (long left = count; left > 0;) {
            prepare();
            int passed = (int) Math.min(left, order.length - next);
            next += passed;
            left -= passed;
        }
    }

    /**
     * Moves to the position of a reader of the same data that has read {@code position} sequences from the start. Reads at most one epoch to find its
     * length, and then up to the position.
     */
    void seek(long position) {
        start(0);
        long length = 0;
        while (length < position && fill()) {
            length += order.length;
        }
        start(length < position ? position / length : 0);
        skip(length < position ? position % length : position);
    }

    /** Counts of the longest pass so far. */
    DataCounts counts() {
        DataCounts current = stream.counts();
        return current.documents() + current.badLines() >= counts.documents() + counts.badLines() ? current : counts;
    }

    @Override
    public void close() {
        counts = counts();
        stream.close();
    }

    private void start(long newEpoch) {
        close();
        epoch = newEpoch;
        block = 0;
        stream = stream(epoch);
        order = new int[0];
        next = 0;
    }

    /** Reads, if needed into the next epoch, until a sequence is available. */
    private void prepare() {
        if (next < order.length || fill()) {
            return;
        }
        start(epoch + 1);
        if (!fill()) {
            throw new InputException(corpus.name() + " has no text; give files that are not empty");
        }
    }

    /** Reads a block and shuffles it; false at the end of the epoch. */
    private boolean fill() {
        int sequences = 0;
        while (sequences < blockSequences) {
            if (tokens.length == sequences * length) {
                tokens = Arrays.copyOf(tokens, (int) Math.min(2L * sequences, blockSequences) * length);
            }
            int read = stream.read(tokens, sequences * length, length);
            if (read < 0) {
                break;
            }
            check(sequences * length, read);
            Arrays.fill(tokens, sequences * length + read, (sequences + 1) * length, tokenizer.endToken());
            sequences++;
        }
        if (sequences == 0) {
            return false;
        }
        order = new int[sequences];
        Arrays.setAll(order, i -> i);
        Random random = random(epoch, block++);
        for (int i = sequences - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[other];
            order[other] = swapped;
        }
        next = 0;
        return true;
    }

    private void check(int from, int count) {
        for (int i = from; i < from + count; i++) {
            if (tokens[i] < 0 || tokens[i] >= tokenizer.vocabulary()) {
                throw new InputException("the tokenizer gave the id " + tokens[i] + " for text of " + corpus.name()
                        + "; ids must be in [0, " + tokenizer.vocabulary() + ")");
            }
        }
    }

    private TokenStream stream(long ofEpoch) {
        List<Source> sources = new ArrayList<>(corpus.sources());
        Collections.shuffle(sources, random(ofEpoch, -1));
        // Bad lines are reported only in the first pass: they are the same in all passes.
        return new TokenStream(sources, tokenizer, new Reading(corpus.badLines(), reports && ofEpoch == 0));
    }

    /** Independent random numbers for each block, and for the sources of each epoch. */
    private Random random(long ofEpoch, long ofBlock) {
        return new Random((seed * 0x9E3779B97F4A7C15L + ofEpoch) * 0xBF58476D1CE4E5B9L + ofBlock);
    }
}
