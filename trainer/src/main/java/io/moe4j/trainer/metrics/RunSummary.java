package io.moe4j.trainer.metrics;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.data.DataCounts;
import io.moe4j.data.SourceProgress;
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
 * What is said at the end of a run.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RunSummary {
    private final LongSummaryStatistics rows = new LongSummaryStatistics();
    /** The first and the last one with a loss, and the last one. */
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
    private final List<ValidationResult> validations = new ArrayList<>();

    /** Begins with no step. */
    public RunSummary() {}

    /** Takes a step. */
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
     * Takes a validation.
     *
     * @since 0.3.0
     */
    public void add(ValidationResult validation) {
        validations.add(validation);
    }

    /** Some lines for people. A model without experts, and a backend without statistics, receive no rows that could be told of. */
    public String text() {
        if (last == null) {
            return "no step was made";
        }
        String text = String.format(Locale.ROOT, "%s in %.1f s (%,.0f tokens/s): %s", Shown.count(steps, "step"),
                seconds,
                tokens / seconds, losses());
        return text + (rows.getMax() == 0 ? ""
                : String.format(Locale.ROOT, "%nrows received in one exchange: at most %,d of %,d; dropped: %,d",
                        rows.getMax(), last.receiveCapacityRows(), dropped))
                + rounds() + validation() + data(last);
    }

    private String rounds() {
        return exchanges == 0 ? ""
                : String.format(Locale.ROOT,
                        "%nexchanges that needed more than one round: %,d of %,d (%.1f%%); at most %s",
                        inSeveralRounds, exchanges, 100.0 * inSeveralRounds / exchanges,
                        Shown.count(mostRounds, "round"));
    }

    private String validation() {
        List<ValidationResult> finite = validations.stream().filter(each -> Double.isFinite(each.loss())).toList();
        if (validations.isEmpty()) {
            return "";
        }
        long without = validations.size() - finite.size();
        String failed = without == 0 ? "" : String.format(Locale.ROOT, "; %,d without a loss", without);
        if (finite.isEmpty()) {
            return System.lineSeparator() + Shown.count(validations.size(), "validation") + failed;
        }
        ValidationResult lowestLoss = Collections.min(finite, Comparator.comparingDouble(ValidationResult::loss));
        ValidationResult newest = finite.getLast();
        return String.format(Locale.ROOT,
                "%n%s: loss %.5f (perplexity %s) after step %d, lowest %.5f after step %d",
                Shown.count(validations.size(), "validation"), newest.loss(),
                ValidationLine.perplexity(newest.perplexity()), newest.step(),
                lowestLoss.loss(), lowestLoss.step()) + failed;
    }

    private String losses() {
        String none = withoutLabels == 0 ? ""
                : "; " + Shown.count(withoutLabels, "step") + " in which no label counts changed nothing";
        return first == null || lastLoss == null ? "no loss" + none
                : String.format(Locale.ROOT, "loss %.5f at step %d, %.5f at step %d, lowest %.5f", first.loss(),
                        first.step(), lastLoss.loss(), lastLoss.step(), lowest) + none;
    }

    /** Of one source, only what is wrong with it is told; of several, also how far each has come. */
    private static String data(StepResult last) {
        StringBuilder text = new StringBuilder();
        DataCounts data = last.data();
        if (data.hasProblems()) {
            text.append(String.format(Locale.ROOT,
                    "%ndata, in the longest pass over it: %s read, bad lines left out:"
                            + " %,d, halves of characters replaced by U+FFFD: %,d",
                    Shown.count(data.documents(), "document"), data.badLines(), data.loneSurrogates()));
            if (data.invalidBytes() > 0) {
                text.append(String.format(Locale.ROOT, ", bytes that are not UTF-8 and were replaced: %,d",
                        data.invalidBytes()));
            }
        }
        if (last.sources().size() > 1) {
            long all = last.sources().stream().mapToLong(SourceProgress::sequences).sum();
            for (SourceProgress source : last.sources()) {
                text.append(String.format(Locale.ROOT, "%ndata source %s: %s (%.2f%%), in epoch %,d",
                        source.source(), Shown.count(source.sequences(), "sequence"),
                        100.0 * source.sequences() / Math.max(1, all),
                        source.epoch()));
            }
        }
        return text.toString();
    }
}
