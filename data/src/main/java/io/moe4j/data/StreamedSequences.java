package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.text.Tokenizer;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The sequences of a corpus, which is read and tokenised as it is needed: while a block is used, the next one is read in the background.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class StreamedSequences implements SequenceSource {
    private final String name;
    private final StreamOptions options;
    private final int length;
    private final long epochs;
    private final CorpusFingerprint fingerprint;
    private final BlockReader reader;
    private final ExecutorService background;
    private Future<Optional<BlockReader.Block>> ahead;
    private BlockReader.@Nullable Block block;
    /** The number of sequences of the block that were passed. */
    private int next;
    /** The current place while there is no block. */
    private StreamState state;

    /**
     * Begins with the first epoch, or continues.
     *
     * @param name of the source
     * @param position from where it continues: the {@link #position()} of the same corpus and options. With another sequence length, it continues near this
     *     place
     * @throws InputException if the position does not fit
     */
    public StreamedSequences(String name, Corpus corpus, Tokenizer tokenizer, StreamOptions options,
            Optional<SourcePosition> position) {
        this(name, corpus, tokenizer, options, position,
                CorpusFingerprint.of(corpus, tokenizer, options.split()).withContents(corpus));
    }

    /** As the public constructor, with the fingerprint that positions contain. */
    StreamedSequences(String name, Corpus corpus, Tokenizer tokenizer, StreamOptions options,
            Optional<SourcePosition> position, CorpusFingerprint fingerprint) {
        this.name = name;
        this.options = options;
        length = options.sequenceTokens() + 1;
        epochs = options.epochs();
        this.fingerprint = fingerprint;
        StreamState found = position.map(StreamState::decode)
                .orElse(StreamState.beginning(options));
        state = found.withLength(length);
        reader = new BlockReader(corpus, tokenizer, options, state.start());
        background = Executors
                .newSingleThreadExecutor(Thread.ofPlatform().daemon().name("moe4j-data-" + name).factory());
        ahead = background.submit(reader::read);
        if (state.inBlock() > 0) {
            int inBlock = state.inBlock();
            state = state.back();
            try {
                skip(inBlock);
            } catch (RuntimeException e) {
                close();
                throw e;
            }
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean next(int[] target) {
        SequenceArrays.require(target, length);
        BlockReader.Block current = prepare();
        if (current == null) {
            return false;
        }
        System.arraycopy(current.tokens(), current.order()[next] * length, target, 0, length);
        pass(1);
        return true;
    }

    @Override
    public long skip(long count) {
        long left = count;
        while (left > 0) {
            left -= skipEpochs(left);
            BlockReader.Block current = left == 0 ? null : prepare();
            if (current == null) {
                break;
            }
            int some = (int) Math.min(left, current.order().length - next);
            pass(some);
            left -= some;
        }
        return count - left;
    }

    @Override
    public SourcePosition position() {
        return state.encode(name, fingerprint);
    }

    @Override
    public DataCounts counts() {
        BlockReader.Block current = block;
        return StreamState.longer(state.longest(),
                current == null ? state.start().place().counts() : current.after().place().counts());
    }

    @Override
    public long epoch() {
        return state.start().epoch() + 1;
    }

    @Override
    public long passed() {
        return state.passed();
    }

    @Override
    public void close() {
        reader.cancel();
        background.shutdownNow();
        try {
            // The background thread's files may be closed only after it has ended.
            while (!background.awaitTermination(1, TimeUnit.MINUTES)) {
                // The read ends with its next sequence.
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        reader.close();
    }

    private void pass(int count) {
        BlockReader.Block current = Objects.requireNonNull(block);
        next += count;
        state = state.passed(count, current, next);
    }

    /** A block with a sequence that was not passed; null if the corpus is used up. */
    private BlockReader.@Nullable Block prepare() {
        BlockReader.Block current = block;
        if (current != null && next < current.order().length) {
            return current;
        }
        Optional<BlockReader.Block> read = Background.await(ahead);
        if (read.isEmpty()) {
            return null;
        }
        BlockReader.Block found = read.get();
        state = state.begun(found);
        block = found;
        next = 0;
        ahead = background.submit(reader::read);
        return found;
    }

    /** Passes whole epochs without reading them, if an epoch's length is known and one begins here. */
    private long skipEpochs(long count) {
        if (state.epochSequences() == 0 || state.inEpoch() != state.epochSequences()) {
            return 0;
        }
        long next = state.start().epoch() + 1;
        long skipped = count / state.epochSequences();
        skipped = epochs == 0 ? skipped : Math.min(skipped, Math.max(0, epochs - next));
        if (skipped == 0) {
            return 0;
        }
        Background.await(ahead);
        reader.begin(next + skipped);
        long sequences = skipped * state.epochSequences();
        state = state.atEpoch(next + skipped, sequences, options);
        block = null;
        ahead = background.submit(reader::read);
        return sequences;
    }
}
