package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the data of a run.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class TrainingData {
    private static final Logger log = LoggerFactory.getLogger(TrainingData.class);

    private TrainingData() {}

    /**
     * The mixture of some sources, in the order of training.
     *
     * @param position from where it continues; absent to begin
     * @throws InputException if a source cannot be read, or the position does not fit
     */
    public static MixedSequences training(List<DataSource> sources, DataOptions options, Tokenizer tokenizer,
            Optional<DataPosition> position) {
        position.ifPresent(before -> warnOfOtherSources(before, sources));
        List<WeightedSource> opened = new ArrayList<>();
        try {
            for (DataSource source : sources) {
                Optional<SourcePosition> before = position.flatMap(all -> all.of(source.name()))
                        .map(DataPosition.Part::position);
                StreamOptions stream = options.training(source);
                if (TokenizedSources.has(source)) {
                    opened.add(new WeightedSource(TokenizedSources.sequences(source, tokenizer, stream,
                            TokenizedSources.checked(source, before, options.changed())),
                            source.weight()));
                    continue;
                }
                Corpus corpus = Corpus.open(source.path(), options.corpus(source));
                CorpusFingerprint now = CorpusFingerprint.of(corpus, tokenizer, stream.split()).withContents(corpus);
                opened.add(new WeightedSource(new StreamedSequences(source.name(), corpus, tokenizer, stream,
                        before.map(found -> checked(found, corpus.name(), now, stream, options.changed())), now),
                        source.weight()));
            }
            return new MixedSequences(opened, options.sequenceTokens(), position, true);
        } catch (RuntimeException e) {
            MixedSequences.closeAll(opened);
            throw e;
        }
    }

    /**
     * Checks the beginning of every file of a source, so that a file that cannot be used is reported at once. For the packaged sources, only checks that they
     * exist: the build has read them, and reading thousands of files would take half the time of a short command.
     *
     * @throws InputException for the first file that cannot be read
     */
    public static void checkHeads(DataSource source, CorpusOptions options) {
        if (TokenizedSources.has(source)) {
            source.path().ifPresent(path -> TokenFolder.open(path).close());
        } else {
            Corpus corpus = Corpus.open(source.path(), options);
            if (source.path().isPresent()) {
                corpus.checkHeads();
            }
        }
    }

    /**
     * Each document once, in the order of sources and files: for validation. Bad lines are logged.
     *
     * @param heldOut whether only the documents are read that are kept for validation; see {@link DocumentSplit}
     */
    public static MixedSequences once(List<DataSource> sources, DataOptions options, Tokenizer tokenizer,
            boolean heldOut) {
        return once(sources, options, tokenizer, heldOut, true);
    }

    /**
     * Each document once, in the order of sources and files: for validation.
     *
     * @param heldOut whether only the documents are read that are kept for validation; see {@link DocumentSplit}
     * @param tellsBadLines whether bad lines that are left out are logged, the first few of them; not where the same files were read before
     */
    public static MixedSequences once(List<DataSource> sources, DataOptions options, Tokenizer tokenizer,
            boolean heldOut, boolean tellsBadLines) {
        List<WeightedSource> opened = new ArrayList<>();
        try {
            for (DataSource source : sources) {
                StreamOptions stream = tellsBadLines ? options.once(heldOut) : options.once(heldOut).quiet();
                SequenceSource sequences;
                if (TokenizedSources.has(source)) {
                    sequences = TokenizedSources.sequences(source, tokenizer, stream, Optional.empty());
                } else {
                    Corpus corpus = Corpus.open(source.path(), options.corpus(source));
                    // No run continues from these positions, so contents are not digested; otherwise each validation would read them once more.
                    sequences = new StreamedSequences(source.name(), corpus, tokenizer, stream, Optional.empty(),
                            CorpusFingerprint.of(corpus, tokenizer, stream.split()));
                }
                opened.add(new WeightedSource(sequences, source.weight()));
            }
            return new MixedSequences(opened, options.sequenceTokens(), Optional.empty(), false);
        } catch (RuntimeException e) {
            MixedSequences.closeAll(opened);
            throw e;
        }
    }

    /**
     * Checks that there is enough text for one step, and text in each source; reads no more than needed for that.
     *
     * @param needed tokens of one step, all ranks together
     * @throws InputException if there is too little text, or it cannot be read
     */
    public static void require(List<DataSource> sources, DataOptions options, Tokenizer tokenizer, long needed) {
        DocumentSplit split = new DocumentSplit(options.validationSplit(), false);
        TextAmount seen = TextAmount.NONE;
        for (DataSource source : sources) {
            long left = Math.max(1, needed - seen.tokens());
            TextAmount here = TokenizedSources.has(source)
                    ? new TextAmount(TokenizedSources.tokens(source, tokenizer, split), 0)
                    : Corpus.open(source.path(), options.corpus(source)).amount(tokenizer, left, split);
            if (here.tokens() == 0) {
                throw new InputException(name(source) + " has no text" + here.leftOut() + (split.selects()
                        ? " for training, beside what validation.split keeps; give more documents"
                        : "; give files that are not empty"));
            }
            seen = seen.plus(here);
        }
        if (seen.tokens() < needed) {
            throw new InputException((sources.size() == 1 ? name(sources.getFirst()) + " has "
                    : "the " + sources.size() + " data sources have together ") + Shown.count(seen.tokens(), "token")
                    + seen.leftOut() + ", and one step of all ranks needs " + needed
                    + "; give more text, or lower training.seq_len, training.local_batch_size or ranks");
        }
    }

    private static String name(DataSource source) {
        return source.path().map(Object::toString).orElse(Corpus.PACKAGED_NAME);
    }

    private static SourcePosition checked(SourcePosition before, String corpus, CorpusFingerprint now,
            StreamOptions options, ChangedData changed) {
        Optional<String> change = before.kind().equals(StreamState.KIND) ? now.changedSince(before)
                : Optional.of("it was read as " + before.kind());
        if (change.isEmpty()) {
            if (now.wasWrittenAgainSince(before)) {
                log.info("files of the data source {} have other times of change than when the checkpoint was written,"
                        + " and the same names and sizes; their contents are equal as far as they are compared: they are"
                        + " taken for the same", before.source());
            }
            return before;
        }
        if (changed == ChangedData.FAIL) {
            throw new InputException("the data source \"" + before.source() + "\" (" + corpus
                    + ") has changed since the checkpoint was written: " + change.get()
                    + ". Restore what it was, or let it begin its next epoch with data.on_changed = \"restart\"");
        }
        StreamState state = before.kind().equals(StreamState.KIND) ? StreamState.decode(before)
                : StreamState.beginning(options);
        log.warn("the data source {} has changed since the checkpoint was written ({}): it begins epoch {}",
                before.source(), change.get(), state.start().epoch() + 2);
        return state.atEpoch(state.start().epoch() + 1, 0, options).withoutEpochLength().encode(before.source(), now);
    }

    private static void warnOfOtherSources(DataPosition before, List<DataSource> sources) {
        for (DataPosition.Part part : before.sources()) {
            String name = part.position().source();
            if (sources.stream().noneMatch(source -> source.name().equals(name))) {
                log.warn("the checkpoint has read from the data source \"{}\", which is not configured any more", name);
            }
        }
        for (DataSource source : sources) {
            Optional<DataPosition.Part> part = before.of(source.name());
            if (part.isEmpty()) {
                log.warn("the data source \"{}\" is not in the checkpoint: it begins with its first epoch",
                        source.name());
            } else if (part.get().weight() != source.weight()) {
                log.warn(
                        "the data source \"{}\" had the weight {} in the checkpoint, and has {}: sources are mixed by the"
                                + " new weights from here on",
                        source.name(), part.get().weight(), source.weight());
            }
        }
    }
}
