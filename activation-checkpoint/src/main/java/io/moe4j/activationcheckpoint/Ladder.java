package io.moe4j.activationcheckpoint;

import io.moe4j.autograd.OperationProfile;
import io.moe4j.autograd.SegmentProfile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a segment can keep, from nothing to everything that backward reads; each rung takes more bytes than the one below it, and leaves less to recompute. It
 * is built from the top: beginning with everything kept, the operation that costs least to recompute per byte freed is dropped next. This cost depends on
 * what else is kept: dropping the second of two neighbouring operations may mean that both are recomputed. For example, for a block of DeepSeek-V3 the norms
 * of the residual stream are dropped early, because they are cheap to recompute, and the output of attention last.
 *
 * @param rungs by increasing bytes; the first keeps nothing
 */
record Ladder(List<Rung> rungs) {

    /**
     * One choice.
     *
     * @param kept the operations whose results are kept
     * @param bytes bytes of these results
     * @param repeated cost of what is recomputed
     */
    record Rung(Set<String> kept, long bytes, double repeated) {}

    static Ladder of(SegmentProfile segment) {
        Set<String> kept = new LinkedHashSet<>();
        segment.operations().stream().filter(operation -> operation.bytes() > 0).map(OperationProfile::key)
                .flatMap(Optional::stream).forEach(kept::add);
        List<Rung> rungs = new ArrayList<>();
        Rung rung = rung(segment, kept);
        rungs.add(rung);
        while (!rung.kept.isEmpty()) {
            rung = below(segment, rung);
            // A result that nothing in backward reads can be dropped at no cost: this rung replaces those that save nothing over it.
            while (!rungs.isEmpty() && rungs.getLast().repeated >= rung.repeated) {
                rungs.removeLast();
            }
            rungs.add(rung);
        }
        Collections.reverse(rungs);
        return new Ladder(List.copyOf(rungs));
    }

    /** The rungs on the lower convex hull of cost over bytes, where each step saves less per byte than the step before it. */
    Ladder steepest() {
        List<Rung> hull = new ArrayList<>();
        for (Rung rung : rungs) {
            while (hull.size() >= 2 && saving(hull.get(hull.size() - 2), hull.getLast()) <= saving(hull.getLast(),
                    rung)) {
                hull.removeLast();
            }
            hull.add(rung);
        }
        return new Ladder(List.copyOf(hull));
    }

    /** Cost saved per byte, from one rung to a higher one. */
    static double saving(Rung from, Rung to) {
        return (from.repeated - to.repeated) / (to.bytes - from.bytes);
    }

    /** The highest rung that takes at most {@code bytes}. */
    Rung within(long bytes) {
        Rung highest = rungs.getFirst();
        for (Rung rung : rungs) {
            highest = rung.bytes <= bytes ? rung : highest;
        }
        return highest;
    }

    /** The rung with one more operation: of those that fit into {@code bytes}, the one that saves most per byte; empty if none saves anything. */
    static Optional<Rung> above(SegmentProfile segment, Rung rung, long bytes) {
        Optional<Rung> best = Optional.empty();
        for (OperationProfile operation : segment.operations()) {
            Optional<String> key = operation.key().filter(name -> !rung.kept.contains(name));
            if (key.isPresent() && operation.bytes() > 0 && rung.bytes + operation.bytes() <= bytes) {
                Set<String> more = new LinkedHashSet<>(rung.kept);
                more.add(key.get());
                Rung next = rung(segment, more);
                if (next.repeated < rung.repeated
                        && (best.isEmpty() || saving(rung, next) > saving(rung, best.get()))) {
                    best = Optional.of(next);
                }
            }
        }
        return best;
    }

    private static Rung below(SegmentProfile segment, Rung rung) {
        Optional<Rung> best = Optional.empty();
        for (String key : rung.kept) {
            Set<String> less = new LinkedHashSet<>(rung.kept);
            less.remove(key);
            Rung next = rung(segment, less);
            if (best.isEmpty() || saving(next, rung) < saving(best.get(), rung)) {
                best = Optional.of(next);
            }
        }
        return best.orElse(rung);
    }

    private static Rung rung(SegmentProfile segment, Set<String> kept) {
        return new Rung(Collections.unmodifiableSet(new LinkedHashSet<>(kept)), segment.bytes(kept),
                segment.repeatedCost(kept));
    }
}
