package io.moe4j.app.cli;

import io.moe4j.report.Report;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The page about a run that has ended, and what to try next. */
final class EndOfRun {
    private static final Logger log = LoggerFactory.getLogger(EndOfRun.class);

    private EndOfRun() {}

    /**
     * Writes the page. A run does not fail because of it: what cannot be written is logged.
     *
     * @return lines for people
     */
    static String report(Path folder, boolean saved) {
        Path file = folder.resolve(Report.FILE_NAME);
        try {
            Report.of(List.of(folder)).write(file);
        } catch (RuntimeException e) {
            log.warn("the page about this run cannot be written: {}; \"moe4j report {}\" tries again", e.getMessage(),
                    folder);
            return "";
        }
        String next = saved ? String.format(Locale.ROOT, "./moe4j generate %s", folder)
                : "./moe4j train --checkpoint.enable (keeps the model, for ./moe4j generate)";
        return String.format(Locale.ROOT, "report    %s (open it in a browser)%nnext      %s%n", file, next)
                + String.format(Locale.ROOT, "          ./moe4j report %s OTHER-RUN (compares runs)%n", folder);
    }
}
