package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Tokenizer;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sources whose path is a folder of tokenized text. */
final class TokenizedSources {
    private static final Logger log = LoggerFactory.getLogger(TokenizedSources.class);

    private TokenizedSources() {}

    /** Whether the source is one. */
    static boolean has(DataSource source) {
        source.path().filter(TokenFolder::isBegun).ifPresent(path -> {
            throw new InputException(
                    path + " is not whole: tokenizing was interrupted, or still runs; repeat the same moe4j tokenize,"
                            + " which goes on after the last shard that is finished");
        });
        return source.path().filter(TokenFolder::isIn).isPresent();
    }

    /**
     * Opens the folder of a source.
     *
     * @param wantsSplit whether a split by texts is asked for, which tokenized text does not support
     * @throws InputException if the folder cannot be used, or was made with another tokenizer
     */
    static TokenFolder open(DataSource source, Tokenizer tokenizer, boolean wantsSplit) {
        if (wantsSplit) {
            throw new InputException(source.path().orElseThrow()
                    + " has tokens, and validation.split chooses documents by their"
                    + " texts; give validation.path, and make both with moe4j tokenize --validation.split 0.01, once without and"
                    + " once with --held-out");
        }
        TokenFolder folder = TokenFolder.open(source.path().orElseThrow());
        String its = folder.manifest().tokenizer();
        if (!its.equals(tokenizer.identity())) {
            folder.close();
            throw new InputException(source.path().orElseThrow() + " was made with the tokenizer " + its
                    + ", and data.tokenizer is " + tokenizer.identity()
                    + "; leave out data.tokenizer and data.end_token, or"
                    + " tokenize the text again");
        }
        return folder;
    }

    /** The sequences of a source. */
    static SequenceSource sequences(DataSource source, Tokenizer tokenizer, StreamOptions options,
            Optional<SourcePosition> position) {
        TokenFolder folder = open(source, tokenizer, options.split().selects());
        try {
            return new ShardSequences(source.name(), folder, options, position);
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /**
     * The position, if it belongs to this folder. A position of another folder is an error, or is ignored with {@link ChangedData#RESTART}: the source then
     * begins anew.
     */
    static Optional<SourcePosition> checked(DataSource source, Optional<SourcePosition> before, ChangedData changed) {
        if (before.isEmpty() || changed == ChangedData.FAIL) {
            return before;
        }
        String digest = TokenManifest.read(source.path().orElseThrow()).digest();
        SourcePosition position = before.get();
        if (position.kind().equals(ShardSequences.KIND) && position.text("digest").equals(digest)) {
            return before;
        }
        log.warn("the data source {} has changed since the checkpoint was written: it begins with its first epoch",
                source.name());
        return Optional.empty();
    }

    /** The number of tokens of a source. */
    static long tokens(DataSource source, Tokenizer tokenizer, DocumentSplit split) {
        try (TokenFolder folder = open(source, tokenizer, split.selects())) {
            return folder.tokens();
        }
    }
}
