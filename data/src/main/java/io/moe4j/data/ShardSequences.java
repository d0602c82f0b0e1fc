package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * The sequences of a folder of tokenized text. All tokens, one after another, are cut into sequences of S + 1 tokens; the last one is padded. Sequence
 * {@code i} of an epoch is number {@code permutation(i)}, where seed and epoch select the permutation. It is computed without reading other sequences, so a
 * run can continue anywhere at no cost, and a rank reads only its own sequences.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ShardSequences implements SequenceSource {
    static final String KIND = "shards-1";

    private final String name;
    private final TokenFolder folder;
    private final int length;
    private final long seed;
    private final long epochs;
    private final boolean ordered;
    private final long sequences;
    private long passed;
    private Permutation permutation;
    private long permuted;

    /**
     * Begins with the first epoch, or continues. Closes the folder when it is closed.
     *
     * @param options the length, the seed and the number of epochs; without {@code shuffleTokens}, sequences stay in their order
     * @param position from where it continues; with another sequence length, near that place
     * @throws InputException if the folder has no tokens, or the position does not fit
     */
    public ShardSequences(String name, TokenFolder folder, StreamOptions options, Optional<SourcePosition> position) {
        this.name = name;
        this.folder = folder;
        length = options.sequenceTokens() + 1;
        seed = options.seed();
        epochs = options.epochs();
        ordered = options.shuffleTokens() == 0;
        sequences = (folder.tokens() + length - 1) / length;
        if (sequences == 0) {
            throw new InputException("the data source " + name + " has no tokens; tokenize files that are not empty");
        }
        permutation = permutation(0);
        position.ifPresent(before -> passed = decode(before));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean next(int[] target) {
        SequenceArrays.require(target, length);
        if (left() == 0) {
            return false;
        }
        read(number(passed / sequences, passed % sequences), target);
        passed++;
        return true;
    }

    @Override
    public long skip(long count) {
        long skipped = Math.min(count, left());
        passed += skipped;
        return skipped;
    }

    @Override
    public SourcePosition position() {
        return new SourcePosition(name, KIND,
                Map.of("passed", String.valueOf(passed), "sequences", String.valueOf(sequences),
                        "length", String.valueOf(length), "seed", String.valueOf(seed), "digest",
                        folder.manifest().digest()));
    }

    /** Sequences of an epoch. */
    public long sequences() {
        return sequences;
    }

    /** The counts of the whole folder, which are known from the beginning. */
    @Override
    public DataCounts counts() {
        return folder.manifest().counts();
    }

    @Override
    public long epoch() {
        return Math.max(0, passed - 1) / sequences + 1;
    }

    @Override
    public long passed() {
        return passed;
    }

    @Override
    public void close() {
        folder.close();
    }

    private long left() {
        return epochs == 0 ? Long.MAX_VALUE - passed : Math.max(0, Math.multiplyExact(epochs, sequences) - passed);
    }

    private long number(long epoch, long place) {
        if (ordered) {
            return place;
        }
        if (epoch != permuted) {
            permutation = permutation(epoch);
            permuted = epoch;
        }
        return permutation.at(place);
    }

    private Permutation permutation(long epoch) {
        return new Permutation(sequences, Permutation.mix(seed * 0x9E3779B97F4A7C15L + epoch));
    }

    private void read(long number, int[] target) {
        long position = number * length;
        int count = (int) Math.min(length, folder.tokens() - position);
        folder.read(position, target, 0, count);
        folder.mark(position, target, count);
        for (long at = position; at < position + count;) {
            TokenFolder.Extent document = folder.documentAt(at);
            if (document.start() >= position) {
                target[(int) (document.start() - position)] |= MarkedToken.FIRST;
            }
            long learned = Math.min(document.start() + document.promptTokens(), position + count);
            for (long prompt = Math.max(at, document.start()); prompt < learned; prompt++) {
                target[(int) (prompt - position)] |= MarkedToken.NOT_LEARNED;
            }
            at = document.end();
        }
        if (count < length) {
            Arrays.fill(target, count, length, folder.manifest().endToken() | MarkedToken.PADDING
                    | (folder.manifest().conversations() ? MarkedToken.NOT_LEARNED : 0));
            target[count] |= MarkedToken.FIRST;
        }
    }

    private long decode(SourcePosition before) {
        if (!before.kind().equals(KIND)) {
            throw before.damaged("is of another kind than " + KIND + ": the source was not a folder of tokenized text");
        }
        long oldSequences = before.count("sequences");
        long oldPassed = before.count("passed");
        long oldLength = before.count("length");
        if (oldSequences < 1 || oldLength < 2) {
            throw before.damaged("contradicts itself: " + before);
        }
        if (!before.text("digest").equals(folder.manifest().digest())) {
            throw before
                    .damaged("was taken in another folder of tokenized text, or in the same before it was made again");
        }
        long inEpoch = oldPassed % oldSequences;
        return oldLength == length ? oldPassed
                : oldPassed / oldSequences * sequences + Math.min(sequences, inEpoch * oldLength / length);
    }
}
