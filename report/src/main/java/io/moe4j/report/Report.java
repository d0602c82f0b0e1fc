package io.moe4j.report;

import io.moe4j.api.host.WholeFile;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A page about one run, or about several that are compared: loss, validation, gradient norm, learning rate, throughput, memory, and the load of experts,
 * with the configuration and the machine. The page is one HTML file that loads nothing from elsewhere. Long runs are cut into pieces of steps, and the page
 * has the mean, the smallest and the largest value of each piece.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Report {
    /** Name of the page in a run's folder. */
    public static final String FILE_NAME = "report.html";

    /** The most runs that one page compares. */
    public static final int MOST_RUNS = 24;

    private final List<RecordedRun> runs;

    private Report(List<RecordedRun> runs) {
        this.runs = runs;
    }

    /**
     * Reads runs.
     *
     * @param folders folders of finished or current runs; each has a {@code metrics.jsonl}
     * @throws InputException if a folder is not that of a run, naming all that are not
     */
    public static Report of(List<Path> folders) {
        if (folders.isEmpty() || folders.size() > MOST_RUNS) {
            throw new InputException(folders.size() + " runs: a report has at least 1 and at most " + MOST_RUNS
                    + "; name the folders of some");
        }
        List<String> problems = folders.stream().flatMap(folder -> RecordedRun.problem(folder).stream()).toList();
        if (!problems.isEmpty()) {
            throw new InputException(String.join("\n", problems));
        }
        List<RecordedRun> runs = new ArrayList<>();
        List<String> names = RunNames.of(folders);
        for (int i = 0; i < folders.size(); i++) {
            runs.add(RecordedRun.read(folders.get(i), names.get(i), Sizes.forRuns(folders.size())));
        }
        return new Report(runs);
    }

    /** Whether a folder is that of a run that has recorded something. */
    public static boolean isRun(Path folder) {
        return RecordedRun.problem(folder).isEmpty() && metrics(folder).length() > 0;
    }

    /** When a run last recorded something, in milliseconds since 1970; 0 if it is no run. */
    public static long written(Path folder) {
        return metrics(folder).lastModified();
    }

    private static File metrics(Path folder) {
        return folder.resolve(RecordedRun.METRICS).toFile();
    }

    /** How many steps the runs have recorded, all together. */
    public long steps() {
        return runs.stream().mapToLong(RecordedRun::steps).sum();
    }

    /** The page. */
    public String html() {
        return Page.of(ReportJson.of(runs, Instant.now()), runs.stream().map(RecordedRun::name).toList());
    }

    /**
     * Writes the page. An existing report is overwritten; any other existing file is an error.
     *
     * @throws InputException if there is a file that is not such a report, or the page cannot be written there
     */
    public void write(Path file) {
        try {
            if (Files.exists(file) && !Page.isReport(file)) {
                throw new InputException(file
                        + " is there and is not a report of moe4j: it is not overwritten; give another --output");
            }
            Path folder = file.toAbsolutePath().resolveSibling("");
            if (!Files.isDirectory(folder)) {
                throw new InputException(folder + " is not a folder; make it, or give another --output");
            }
            WholeFile.write(file, html());
        } catch (IOException e) {
            throw new InputException(file + " cannot be written (" + Shown.fileProblem(e)
                    + "); give another --output, in a folder that you may write and that has room", e);
        }
    }
}
