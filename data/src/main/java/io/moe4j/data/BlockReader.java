package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;

/** Reads a corpus block by block, epoch after epoch; see the documentation of the package. For use by one thread at a time. */
final class BlockReader implements AutoCloseable {
    private final Corpus corpus;
    private final Tokenizer tokenizer;
    private final StreamOptions options;
    private final int length;
    private DocumentStream stream;
    private long epoch;
    private long number;
    /** The seed of the current epoch. An epoch that has begun keeps its seed, even if the run is continued with another one. */
    private long seed;
    private int blockSequences;
    private volatile boolean closed;

    /**
     * Where a block begins.
     *
     * @param epoch from 0
     * @param number number of the block in its epoch, from 0
     * @param place the place in the files, in the order of this epoch
     * @param seed the seed of this epoch's order
     * @param sequences the largest number of sequences of this block
     */
    record Start(long epoch, long number, DocumentStream.Place place, long seed, int sequences) {

        /** The beginning of an epoch. */
        static Start of(long epoch, StreamOptions options) {
            return new Start(epoch, 0, DocumentStream.Place.BEGINNING, options.seed(), options.blockSequences());
        }
    }

    /**
     * Sequences of one epoch in the order in which they are given.
     *
     * @param start where they begin
     * @param tokens one sequence after another, marked
     * @param order the place of each sequence in {@code tokens}, counted in sequences
     * @param after where the next block begins; at the end of the epoch, after its last file
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Block(Start start, int[] tokens, int[] order, Start after) {}

    BlockReader(Corpus corpus, Tokenizer tokenizer, StreamOptions options, Start start) {
        this.corpus = corpus;
        this.tokenizer = tokenizer;
        this.options = options;
        length = options.sequenceTokens() + 1;
        epoch = start.epoch();
        number = start.number();
        seed = start.seed();
        blockSequences = start.sequences();
        stream = stream(start.place());
    }

    /** The next block, perhaps of the next epoch; empty if the corpus is used up. */
    Optional<Block> read() {
        if (options.epochs() > 0 && epoch >= options.epochs()) {
            return Optional.empty();
        }
        Optional<Block> block = block();
        if (block.isPresent()) {
            return block;
        }
        begin(epoch + 1);
        if (options.epochs() > 0 && epoch >= options.epochs()) {
            return Optional.empty();
        }
        block = block();
        if (block.isEmpty()) {
            throw new InputException(corpus.name() + " has no text"
                    + TextAmount.leftOut(stream.counts().badLines()) + (options.split().selects()
                            ? " on this side of validation.split; give more documents, or another fraction"
                            : "; give files that are not empty"));
        }
        return block;
    }

    /** Goes to the beginning of an epoch. */
    void begin(long newEpoch) {
        stream.close();
        epoch = newEpoch;
        number = 0;
        seed = options.seed();
        blockSequences = options.blockSequences();
        stream = stream(DocumentStream.Place.BEGINNING);
    }

    /** Ends a read that is in progress with a {@link CancellationException}. May be called by any thread. */
    void cancel() {
        closed = true;
    }

    @Override
    public void close() {
        stream.close();
    }

    /** Reads a block and shuffles it; empty at the end of the epoch. */
    private Optional<Block> block() {
        int most = blockSequences;
        Start start = new Start(epoch, number, stream.place(), seed, most);
        int padding = tokenizer.endToken() | MarkedToken.PADDING
                | (corpus.options().conversations().isPresent() ? MarkedToken.NOT_LEARNED : 0);
        int[] tokens = new int[length];
        int sequences = 0;
        while (sequences < most) {
            if (tokens.length == sequences * length) {
                tokens = Arrays.copyOf(tokens, (int) Math.min(2L * sequences, most) * length);
            }
            int from = sequences * length;
            int read = stream.read(tokens, from, length);
            if (closed) {
                throw new CancellationException("the data was closed");
            }
            if (read < 0) {
                break;
            }
            if (read < length) {
                Arrays.fill(tokens, from + read, from + length, padding);
                tokens[from + read] |= MarkedToken.FIRST;
            }
            sequences++;
        }
        if (sequences == 0) {
            return Optional.empty();
        }
        int[] order = order(sequences);
        number++;
        blockSequences = options.blockSequences();
        return Optional.of(new Block(start, tokens, order,
                new Start(epoch, number, stream.place(), seed, blockSequences)));
    }

    private int[] order(int sequences) {
        int[] order = new int[sequences];
        Arrays.setAll(order, i -> i);
        if (options.shuffleTokens() > 0) {
            Random random = random(epoch, number);
            for (int i = sequences - 1; i > 0; i--) {
                int other = random.nextInt(i + 1);
                int swapped = order[i];
                order[i] = order[other];
                order[other] = swapped;
            }
        }
        return order;
    }

    private DocumentStream stream(DocumentStream.Place place) {
        List<CorpusFile> files = new ArrayList<>(corpus.files());
        if (options.shuffleTokens() > 0) {
            Collections.shuffle(files, random(epoch, -1));
        }
        if (place.file() > files.size()) {
            throw new InputException(
                    corpus.name() + " has " + Shown.count(files.size(), "file") + ", and had at least " + place.file()
                            + " when the checkpoint was written; data must not change before a run is continued");
        }
        // Bad lines are reported only in the first pass: they are the same in all passes.
        return new DocumentStream(files, tokenizer, new Reading(corpus.options(),
                epoch == 0 && options.tellsBadLines(), place.counts()), options.split(), place);
    }

    /** Independent random numbers for each block, and for the files of each epoch. */
    private Random random(long ofEpoch, long ofBlock) {
        return new Random((seed * 0x9E3779B97F4A7C15L + ofEpoch) * 0xBF58476D1CE4E5B9L + ofBlock);
    }
}
