package io.moe4j.data;

import io.moe4j.api.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One pass over the data: how bad lines are handled, and the counts so far. For use by one thread. */
final class Reading {
    private static final Logger log = LoggerFactory.getLogger(Reading.class);
    /** Only the first few bad lines are logged; all are counted. */
    private static final int REPORTED = 10;
    private static final String REMEDY = "; each must be an object such as {\"text\": \"a document\"}. Correct it";

    private final BadLines badLines;
    private final boolean reports;
    private long documents;
    private long bad;
    private long loneSurrogates;

    /**
     * Begins a pass.
     *
     * @param reports whether bad lines are logged: only one of several readers of the same data does
     */
    Reading(BadLines badLines, boolean reports) {
        this.badLines = badLines;
        this.reports = reports;
    }

    BadLines badLines() {
        return badLines;
    }

    void document(long surrogates) {
        documents++;
        loneSurrogates += surrogates;
    }

    /** Throws for a bad line, or counts it. */
    void badLine(String where, JsonProblem problem) {
        if (badLines == BadLines.FAIL) {
            throw new InputException(where + " " + problem.getMessage() + REMEDY
                    + ", or leave such lines out with data.on_bad_line = \"skip\"", problem);
        }
        bad++;
        if (reports && bad <= REPORTED) {
            log.warn("{} {}; it is left out (data.on_bad_line = \"skip\"){}", where, problem.getMessage(),
                    bad == REPORTED ? "; further ones are only counted" : "");
        }
    }

    /** The error for a problem after which reading cannot continue. */
    static InputException refusal(String where, JsonProblem problem) {
        return new InputException(where + " " + problem.getMessage() + REMEDY, problem);
    }

    DataCounts counts() {
        return new DataCounts(documents, 0, bad, loneSurrogates, 0);
    }
}
