package io.moe4j.app.cli;

import io.moe4j.api.Shown;
import io.moe4j.app.terminal.TypedPath;
import io.moe4j.trainer.run.SaveResult;
import java.util.Locale;

/** A line about a checkpoint that was saved, or was not. */
final class SavedLine {
    private static final double GIGA = 1e9;
    private static final double MEGA = 1e6;

    private SavedLine() {}

    static String of(SaveResult result) {
        String notRemoved = result.notRemoved().isEmpty() ? ""
                : "; not removed: " + String.join(", ", result.notRemoved());
        return result.problem()
                .map(problem -> String.format(Locale.ROOT, "NOT SAVED step %d: %s (failed so far: %d)", result.step(),
                        problem, result.failures()))
                .orElseGet(() -> String.format(Locale.ROOT, "saved     %s: %s, steps held up %s, written in %s",
                        TypedPath.of(result.folder()), size(result.bytes()), seconds(result.heldSeconds()),
                        seconds(result.writtenSeconds())))
                + notRemoved;
    }

    /** The size of a file: {@code 1.73 MB}, {@code 32.10 GB}, {@code 980 bytes}. */
    static String size(long bytes) {
        return bytes < MEGA / 100 ? Shown.count(bytes, "byte")
                : bytes >= GIGA ? String.format(Locale.ROOT, "%.2f GB", bytes / GIGA)
                        : String.format(Locale.ROOT, "%.2f MB", bytes / MEGA);
    }

    private static String seconds(double seconds) {
        return seconds < 1 ? String.format(Locale.ROOT, "%.0f ms", 1000 * seconds)
                : String.format(Locale.ROOT, "%.1f s", seconds);
    }
}
