package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.Map;

/**
 * How sources become sequences.
 *
 * @param corpus how their files are read
 * @param own how the files of sources with fields of their own are read, by the name of the source
 * @param sequenceTokens S; a sequence has one token more
 * @param seed of the order
 * @param shuffleTokens tokens of a block of one source, in which sequences are shuffled
 * @param validationSplit fraction of the documents that is kept for validation, in [0, 1)
 * @param changed what happens with a source whose files have changed since the checkpoint that is continued
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataOptions(CorpusOptions corpus, Map<String, CorpusOptions> own, int sequenceTokens, long seed,
        int shuffleTokens, double validationSplit, ChangedData changed) {

    public DataOptions {
        own = Map.copyOf(own);
    }

    /** All sources are read alike. */
    public DataOptions(CorpusOptions corpus, int sequenceTokens, long seed, int shuffleTokens, double validationSplit,
            ChangedData changed) {
        this(corpus, Map.of(), sequenceTokens, seed, shuffleTokens, validationSplit, changed);
    }

    /** How the files of a source are read. */
    public CorpusOptions corpus(DataSource source) {
        return own.getOrDefault(source.name(), corpus);
    }

    /** The order of training, for one source. */
    StreamOptions training(DataSource source) {
        return new StreamOptions(sequenceTokens, seed, source.epochs(), shuffleTokens,
                new DocumentSplit(validationSplit, false));
    }

    /**
     * Each document once, in the order of files.
     *
     * @param heldOut whether only those that are kept for validation are read
     */
    StreamOptions once(boolean heldOut) {
        return new StreamOptions(sequenceTokens, seed, 1, 0,
                heldOut ? new DocumentSplit(validationSplit, true) : DocumentSplit.NONE);
    }
}
