package io.moe4j.data;

import io.moe4j.api.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One pass over the data: what becomes of bad lines, and what was met so far. Used by one thread. */
final class Reading {
    private static final Logger log = LoggerFactory.getLogger(Reading.class);
    /** The first few tell enough; all are counted. */
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
     * @param reports whether bad lines are logged: of several readers of the same data, one does
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

    /** Refuses a line, or counts it. */
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

    /** Refuses what nothing can be read after. */
    static InputException refusal(String where, JsonProblem problem) {
        return new InputException(where + " " + problem.getMessage() + REMEDY, problem);
    }

    DataCounts counts() {
        return new DataCounts(documents, bad, loneSurrogates);
    }
}
