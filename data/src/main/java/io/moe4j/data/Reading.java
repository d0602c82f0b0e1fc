package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.text.ReadLog;
import io.moe4j.api.text.SourceProvider;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One pass over the data: how bad lines are handled, and the counts so far. For use by one thread. */
final class Reading implements ReadLog {
    private static final Logger log = LoggerFactory.getLogger(Reading.class);
    /** Only the first few bad lines are logged; all are counted. */
    private static final int REPORTED = 10;

    private final CorpusOptions options;
    private final boolean reports;
    private final Set<String> failedFormats = new HashSet<>();
    private DataCounts counts;

    /**
     * Begins a pass.
     *
     * @param reports whether bad lines are logged: only one of several passes over the same data does
     */
    Reading(CorpusOptions options, boolean reports) {
        this(options, reports, DataCounts.NONE);
    }

    /** Goes on with a pass. */
    Reading(CorpusOptions options, boolean reports, DataCounts counts) {
        this.options = options;
        this.reports = reports;
        this.counts = counts;
    }

    CorpusOptions options() {
        return options;
    }

    @Override
    public boolean skipsBadLines() {
        return options.badLines() == BadLines.SKIP;
    }

    @Override
    public void badLine(String where, String problem) {
        if (!skipsBadLines()) {
            throw new InputException(where + " " + problem + remedy()
                    + ", or leave such lines out with data.on_bad_line = \"skip\"");
        }
        counts = counts.plus(new DataCounts(0, 0, 1, 0, 0));
        if (reports && counts.badLines() <= REPORTED) {
            log.warn("{} {}; it is left out (data.on_bad_line = \"skip\"){}", where, problem,
                    counts.badLines() == REPORTED ? "; further ones are only counted" : "");
        }
    }

    @Override
    public void loneSurrogates(long count) {
        counts = counts.plus(new DataCounts(0, 0, 0, count, 0));
    }

    /** Logs, once for each format, that a format failed when it was asked whether it reads a file. */
    void formatFailed(SourceProvider format, Throwable failure) {
        if (failedFormats.add(format.id()) && reports) {
            log.warn(
                    "{} failed when it was asked which files it reads: {}; it is passed over, and files that no other format reads"
                            + " are read as plain text. Leave its jar out, or{}",
                    Asking.named(format), failure.toString(), Asking.report(format).substring(1));
        }
    }

    void document() {
        counts = counts.plus(new DataCounts(1, 0, 0, 0, 0));
    }

    void emptyDocument() {
        counts = counts.plus(new DataCounts(0, 1, 0, 0, 0));
    }

    void invalidBytes(long count) {
        counts = counts.plus(new DataCounts(0, 0, 0, 0, count));
    }

    /** The form that a line of JSON should have, for the end of an error message. */
    static String remedy(String textField) {
        return "; each must be an object such as {\"" + textField + "\": \"a document\"}. Correct it";
    }

    private String remedy() {
        return options.conversations().map(form -> "; each must be an object such as {\"" + form.field()
                + "\": [{\"role\": \"user\", \"content\": \"Hello\"}, {\"role\": \"assistant\", \"content\": \"Hi\"}]},"
                + " in roles and an order that the chat template takes. Correct it")
                .orElseGet(() -> remedy(options.textField()));
    }

    DataCounts counts() {
        return counts;
    }
}
