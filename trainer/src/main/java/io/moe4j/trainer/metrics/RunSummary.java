package io.moe4j.trainer.metrics;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.data.DataCounts;
import io.moe4j.data.SourceProgress;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The summary at the end of a run.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RunSummary {
    private final LongSummaryStatistics rows = new LongSummaryStatistics();
    /** The first and the last step that have a loss, and the last step. */
    private @Nullable StepResult first;
    private @Nullable StepResult last;
    private @Nullable StepResult lastLoss;
    private long withoutLabels;
    private double lowest = Double.POSITIVE_INFINITY;
    private double seconds;
    private double tokens;
    private long dropped;
    private long exchanges;
    private long inSeveralRounds;
    private long mostRounds;
    private long steps;
    private int notSaved;
    private long notRemoved;
    private final List<ValidationResult> validations = new ArrayList<>();

    /** Begins a summary without steps. */
    public RunSummary() {}

    /** Adds a step. */
    public void add(StepResult step) {
        last = step;
        if (step.labels() == 0) {
            withoutLabels++;
        } else {
            if (first == null) {
                first = step;
            }
            lastLoss = step;
            lowest = Math.min(lowest, step.loss());
        }
        rows.accept(step.receivedRowsMax());
        seconds += step.seconds();
        tokens += step.tokensPerSecond() * step.seconds();
        dropped += step.droppedRows();
        exchanges += step.rounds().exchanges();
        inSeveralRounds += step.rounds().inSeveralRounds();
        mostRounds = Math.max(mostRounds, step.rounds().most());
        steps++;
    }

    /**
     * Adds a validation.
     *
     * @since 0.3.0
     */
    public void add(ValidationResult validation) {
        validations.add(validation);
    }

    /**
     * Adds the result of saving a checkpoint.
     *
     * @since 0.3.0
     */
    public void add(SaveResult result) {
        notSaved = result.failures();
        notRemoved += result.notRemoved().size();
    }

    /**
     * Some lines for people, each with a name before it. Received rows are reported only if some were dropped; a backend without statistics
     * counts none.
     */
    public String text() {
        if (last == null) {
            return "no step was made";
        }
        String text = line("trained", "%s in %.1f s, %,.0f tokens/s", Shown.count(steps, "step"), seconds,
                tokens / seconds) + losses();
        if (dropped > 0) {
            text += line("dropped", "%s; a rank was to receive up to %,d in one exchange, and has room for %,d",
                    Shown.count(dropped, "row"), rows.getMax(), last.receiveCapacityRows());
        }
        return (text + rounds() + validation() + checkpoints() + data(last)).stripTrailing();
    }

    private static String line(String name, String format, Object... values) {
        return String.format(Locale.ROOT, "%-9s ", name) + String.format(Locale.ROOT, format, values)
                + System.lineSeparator();
    }

    private String rounds() {
        return exchanges == 0 ? ""
                : line("rounds", "%,d of %s needed more than one (%.1f%%); at most %,d", inSeveralRounds,
                        Shown.count(exchanges, "exchange"), 100.0 * inSeveralRounds / exchanges, mostRounds);
    }

    private String validation() {
        List<ValidationResult> finite = validations.stream().filter(each -> Double.isFinite(each.loss())).toList();
        if (validations.isEmpty()) {
            return "";
        }
        long without = validations.size() - finite.size();
        String failed = without == 0 ? "" : String.format(Locale.ROOT, "; %,d without a loss", without);
        if (finite.isEmpty()) {
            return line("validated", "%s%s", Shown.count(validations.size(), "time"), failed);
        }
        ValidationResult lowestLoss = Collections.min(finite, Comparator.comparingDouble(ValidationResult::loss));
        ValidationResult newest = finite.getLast();
        return line("validated", "%s: loss %.5f (perplexity %s) after step %d, lowest %.5f after step %d%s",
                Shown.count(validations.size(), "time"), newest.loss(),
                ValidationLine.perplexity(newest.perplexity()), newest.step(), lowestLoss.loss(), lowestLoss.step(),
                failed);
    }

    /** Only failures: saved checkpoints were reported when they were saved. */
    private String checkpoints() {
        return (notSaved == 0 ? "" : line("unsaved", "%s could not be saved", Shown.count(notSaved, "checkpoint")))
                + (notRemoved == 0 ? "" : line("unremoved", "old checkpoints could not be removed, %s",
                        Shown.count(notRemoved, "time")));
    }

    private String losses() {
        String none = withoutLabels == 0 ? ""
                : "; " + Shown.count(withoutLabels, "step") + " in which no label counts changed nothing";
        if (first == null || lastLoss == null) {
            return line("loss", "none%s", none);
        }
        return first.step() == lastLoss.step() ? line("loss", "%.5f at step %d%s", first.loss(), first.step(), none)
                : line("loss", "%.5f at step %d, %.5f at step %d, lowest %.5f%s", first.loss(), first.step(),
                        lastLoss.loss(), lastLoss.step(), lowest, none);
    }

    /** With one source, only problems are reported; with several, also how far each was read. */
    private static String data(StepResult last) {
        StringBuilder text = new StringBuilder();
        DataCounts data = last.data();
        if (data.hasProblems()) {
            text.append(line("data", "in the longest pass: %s read, bad lines left out: %,d, halves of characters"
                    + " replaced by U+FFFD: %,d%s", Shown.count(data.documents(), "document"), data.badLines(),
                    data.loneSurrogates(),
                    data.invalidBytes() == 0 ? "" : String.format(Locale.ROOT,
                            ", bytes that are not UTF-8 and were replaced: %,d", data.invalidBytes())));
        }
        if (last.sources().size() > 1) {
            long all = last.sources().stream().mapToLong(SourceProgress::sequences).sum();
            for (SourceProgress source : last.sources()) {
                text.append(line("data", "source %s: %s (%.2f%%), in epoch %,d", source.source(),
                        Shown.count(source.sequences(), "sequence"),
                        100.0 * source.sequences() / Math.max(1, all), source.epoch()));
            }
        }
        return text.toString();
    }
}
