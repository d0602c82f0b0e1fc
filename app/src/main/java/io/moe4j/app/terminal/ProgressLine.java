package io.moe4j.app.terminal;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The progress of a run, as one line.
 *
 * @param done number of steps that are done
 * @param steps number of steps of the whole run
 * @param current how long the current step has taken so far
 * @param perStep how long a step takes; empty until it is known
 * @param note shown instead of the remaining time; may be empty
 * @param figure a figure of the last step, such as {@code loss 3.853}; may be empty
 */
public record ProgressLine(long done, long steps, Duration current, Optional<Duration> perStep, String note,
        String figure) implements LiveLine {
    /** Wider lines are harder to read, and leave more behind when a window is made narrower. */
    private static final int WIDEST = 76;
    private static final int WIDEST_BAR = 30;
    private static final int NARROWEST_BAR = 5;

    /** Without a figure. */
    public ProgressLine(long done, long steps, Duration current, Optional<Duration> perStep, String note) {
        this(done, steps, current, perStep, note, "");
    }

    /**
     * The line for a terminal of {@code columns}: {@code step 12/60 20% [=====> ] loss 3.853 1.25 s/step 1:00 left}. It is always shorter than the terminal's
     * width, so that it never wraps. If not all fits, parts are left out in this order: the bar, the time of a step, the figure, the remaining time.
     */
    @Override
    public String line(int columns) {
        int room = Math.max(0, Math.min(WIDEST, columns - 1));
        String count = String.format(Locale.ROOT, "step %d/%d %3d%%", done, steps, percent());
        List<String> times = times();
        int barRoom = Math.min(WIDEST_BAR, room - count.length() - times.getFirst().length() - " []  ".length());
        String line = barRoom >= NARROWEST_BAR ? count + " [" + bar(barRoom) + "]  " + times.getFirst()
                : times.stream().map(each -> count + "  " + each).filter(each -> each.length() <= room).findFirst()
                        .orElse(count);
        return line.substring(0, Math.min(room, line.length())).stripTrailing();
    }

    private long percent() {
        return steps == 0 ? 100 : 100 * done / steps;
    }

    /** The text beside the bar, and shorter forms of it, the longest first. */
    private List<String> times() {
        if (!note.isEmpty()) {
            return List.of(note);
        }
        String last = figure.isEmpty() ? "" : figure + "  ";
        return perStep.map(each -> {
            String left = clock(left(each)) + " left";
            return List.of(last + rate(each) + "  " + left, last + left, left);
        }).orElseGet(() -> {
            String running = "step " + (done + 1) + " runs for " + clock(current);
            return List.of(last + running, running, clock(current));
        });
    }

    /** The time of the remaining steps, less the time that the current one has taken, but at least the time of those after it. */
    private Duration left(Duration each) {
        long missing = Math.max(0, steps - done);
        Duration rest = each.multipliedBy(missing);
        Duration taken = current.compareTo(each) < 0 ? current : each;
        return missing == 0 ? Duration.ZERO : rest.minus(taken);
    }

    private String bar(int width) {
        int filled = (int) (steps == 0 ? width : width * done / steps);
        return "=".repeat(Math.max(0, filled - 1)) + (filled > 0 ? filled == width ? "=" : ">" : "")
                + " ".repeat(width - filled);
    }

    private static String rate(Duration step) {
        double seconds = step.toNanos() / 1e9;
        return seconds >= 0.1 ? String.format(Locale.ROOT, "%.2f s/step", seconds)
                : String.format(Locale.ROOT, "%.1f steps/s", 1 / Math.max(seconds, 1e-9));
    }

    /** A time for people: {@code 0:07}, {@code 12:34}, {@code 3:04:05}, {@code 2 d 03:04}. */
    public static String clock(Duration time) {
        if (time.toDays() > 0) {
            return String.format(Locale.ROOT, "%d d %02d:%02d", time.toDays(), time.toHoursPart(),
                    time.toMinutesPart());
        }
        return time.toHours() > 0
                ? String.format(Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(),
                        time.toSecondsPart())
                : String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart());
    }
}
