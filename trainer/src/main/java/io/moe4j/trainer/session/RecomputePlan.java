package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.autograd.OperationProfile;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.recompute.KeptChoice;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * What a rank keeps within its budget, and what it computes again. All bytes are for one microbatch: if {@code n} microbatches are alive at once, each has
 * {@code 1 / n} of the rank's budget. Costs are counted, not measured; only their ratios have a meaning.
 *
 * @param segments the blocks of the model, in order
 * @param choice what each block keeps
 * @param budgetBytes the bytes that it may keep
 * @param parameters bytes of kept parameters, which the budget pays once for all microbatches
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RecomputePlan(List<SegmentProfile> segments, KeptChoice choice, long budgetBytes,
        ParameterBytes parameters) {

    public RecomputePlan {
        segments = List.copyOf(segments);
    }

    /** The bytes of results that are kept from forward to backward. */
    public long keptBytes() {
        return segments.stream().mapToLong(segment -> segment.bytes(choice.of(segment.name()))).sum();
    }

    /** All used bytes of the budget if microbatches follow each other: results and parameters. */
    public long usedBytes() {
        return keptBytes() + parameters.total();
    }

    /** How many dispatches keep their rows at the same time: reserved when the exchange is opened. */
    public int keptDispatches() {
        return segments.stream().mapToInt(segment -> segment.reservations(choice.of(segment.name()))).sum();
    }

    /** Whether both keep the same results and as many bytes of parameters. */
    boolean keepsTheSameAs(RecomputePlan other) {
        return choice.equals(other.choice) && parameters.equals(other.parameters);
    }

    /** The fraction of the blocks' forward that backward computes again, by cost; 0 if there are no blocks. */
    public double repeatedShare() {
        double forward = sum(SegmentProfile::cost);
        return forward == 0 ? 0 : repeatedCost() / forward;
    }

    /** The cost of what backward computes again. */
    public double repeatedCost() {
        return sum(segment -> segment.repeatedCost(choice.of(segment.name())));
    }

    /** Groups of equal blocks that keep the same results. */
    public List<Blocks> blocks() {
        List<Blocks> all = new ArrayList<>();
        for (SegmentProfile segment : segments) {
            Set<String> kept = choice.of(segment.name());
            Optional<Blocks> same = all.stream()
                    .filter(each -> each.first.isLike(segment) && each.kept.equals(ordered(segment, kept)))
                    .findFirst();
            same.ifPresent(all::remove);
            all.add(new Blocks(same.map(Blocks::first).orElse(segment), same.map(Blocks::count).orElse(0) + 1,
                    ordered(segment, kept), segment.bytes(kept), repeated(segment, kept)));
        }
        return all;
    }

    /** Lines for people: a summary, lines for parameters if some are kept, and a line for each group of equal blocks. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT,
                "%s of %s kept: %.0f%% of the blocks' forward is computed again in backward, instead of %.0f%%",
                shown(keptBytes()), shown(budgetBytes), 100 * repeatedShare(),
                100 * new RecomputePlan(segments, KeptChoice.nothing(), 0, ParameterBytes.NONE).repeatedShare()));
        if (parameters.converted() > 0) {
            lines.add(shown(parameters.converted())
                    + " of parameters in training.dtype are kept beside those in training.parameter_dtype");
        }
        if (parameters.gathered() > 0) {
            lines.add(shown(parameters.gathered()) + " of parameters stay gathered until the step ends");
        }
        blocks().forEach(blocks -> lines.add(blocks.line()));
        return lines;
    }

    private static String shown(long bytes) {
        double mib = bytes / (double) (1L << 20);
        return mib < 1 ? String.format(Locale.ROOT, "%.1f KiB", 1024 * mib)
                : mib < 1024 ? String.format(Locale.ROOT, "%.1f MiB", mib)
                        : String.format(Locale.ROOT, "%.2f GiB", mib / 1024);
    }

    private double sum(ToDoubleFunction<SegmentProfile> of) {
        return segments.stream().mapToDouble(of).sum();
    }

    private static Set<String> ordered(SegmentProfile segment, Set<String> kept) {
        Set<String> ordered = new LinkedHashSet<>();
        segment.operations().stream().map(OperationProfile::key).flatMap(Optional::stream).filter(kept::contains)
                .forEach(ordered::add);
        return ordered;
    }

    private static double repeated(SegmentProfile segment, Set<String> kept) {
        return segment.cost() == 0 ? 0 : segment.repeatedCost(kept) / segment.cost();
    }

    /**
     * Equal blocks that keep the same results.
     *
     * @param first index of the first of them
     * @param count how many there are
     * @param kept names of the operations whose results each block keeps, in the order of forward
     * @param bytes bytes that each block keeps
     * @param repeatedShare the fraction of its forward that each block computes again
     */
    public record Blocks(SegmentProfile first, int count, Set<String> kept, long bytes, double repeatedShare) {

        /** For people, such as {@code "26 blocks keep 350.1 MiB each: attention, attention.query; 31% is computed again"}. */
        public String line() {
            return String.format(Locale.ROOT, "%d block%s %s; %.0f%% is computed again", count, count == 1 ? "" : "s",
                    kept.isEmpty() ? (count == 1 ? "keeps" : "keep") + " nothing"
                            : String.format(Locale.ROOT, count == 1 ? "keeps %s: %s" : "keep %s each: %s",
                                    shown(bytes), String.join(", ", kept)),
                    100 * repeatedShare);
        }
    }
}
