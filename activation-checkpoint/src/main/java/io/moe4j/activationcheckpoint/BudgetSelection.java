package io.moe4j.activationcheckpoint;

import io.moe4j.activationcheckpoint.Ladder.Rung;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.recompute.KeptChoice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Chooses what is kept within a budget. The result depends on the arguments only, so that all ranks make the same choice. All segments begin with nothing
 * kept. Steps up their {@link Ladder}s are taken in the order of cost saved per byte, as long as they fit; the remaining bytes go to the segments that can
 * still use them.
 */
final class BudgetSelection {
    private final Map<SegmentProfile, Ladder> ladders = new LinkedHashMap<>();
    private final Map<SegmentProfile, Rung> chosen = new LinkedHashMap<>();
    private long left;

    /** A step of a segment up its ladder. */
    private record Step(SegmentProfile segment, Rung from, Rung to) {
        double saving() {
            return Ladder.saving(from, to);
        }

        long bytes() {
            return to.bytes() - from.bytes();
        }
    }

    private BudgetSelection(List<SegmentProfile> segments, long bytes) {
        List<SegmentProfile> different = new ArrayList<>();
        for (SegmentProfile segment : segments) {
            SegmentProfile like = different.stream().filter(segment::isLike).findFirst().orElse(segment);
            Ladder ladder = ladders.computeIfAbsent(like, Ladder::of);
            if (like.equals(segment)) {
                different.add(segment);
            }
            ladders.put(segment, ladder);
            chosen.put(segment, ladder.rungs().getFirst());
        }
        left = bytes;
    }

    /** The choice for all segments of a rank, which takes at most {@code bytes}. */
    static KeptChoice choose(List<SegmentProfile> segments, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("a budget of " + bytes + " bytes; it must be at least 0");
        }
        BudgetSelection selection = new BudgetSelection(segments, bytes);
        selection.steps().forEach(selection::make);
        selection.chosen.replaceAll(selection::fill);
        Map<String, Set<String>> kept = new LinkedHashMap<>();
        selection.chosen.forEach((segment, rung) -> kept.put(segment.name(), rung.kept()));
        return new KeptChoice(kept);
    }

    /** All steps, the best first. The steps of one segment stay in their order, because each saves less than the one before. */
    private List<Step> steps() {
        List<Step> steps = new ArrayList<>();
        ladders.forEach((segment, ladder) -> {
            List<Rung> rungs = ladder.steepest().rungs();
            for (int i = 1; i < rungs.size(); i++) {
                steps.add(new Step(segment, rungs.get(i - 1), rungs.get(i)));
            }
        });
        steps.sort(Comparator.comparingDouble(Step::saving).reversed());
        return steps;
    }

    private void make(Step step) {
        if (step.from.equals(chosen.get(step.segment)) && step.bytes() <= left) {
            chosen.put(step.segment, step.to);
            left -= step.bytes();
        }
    }

    /** Spends the remaining bytes: the highest rung that still fits, and then single operations that fit, those that save most per byte first. */
    private Rung fill(SegmentProfile segment, Rung rung) {
        Rung higher = ladders.getOrDefault(segment, new Ladder(List.of(rung))).within(rung.bytes() + left);
        Optional<Rung> more = Optional.of(higher);
        while (more.isPresent()) {
            higher = more.get();
            more = Ladder.above(segment, higher, rung.bytes() + left);
        }
        left -= higher.bytes() - rung.bytes();
        return higher;
    }
}
