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
 * What a segment can keep, from nothing to everything that backward reads; each rung takes more bytes than the one below, and leaves less to compute
 * again. It is found from the top: of everything, the operation is dropped next whose recompute costs least for each byte that it gives back. Costs
 * depend on what else is kept: dropping the second of two neighbours may bring back both. For example, for a block of DeepSeek-V3 the residual stream's
 * norms are dropped early, since they are read quickly again, and the output of attention last.
 *
 * @param rungs by increasing bytes; the first keeps nothing
 */
record Ladder(List<Rung> rungs) {

    /**
     * One choice.
     *
     * @param kept whose results are kept
     * @param bytes that they take
     * @param repeated cost of what is computed again
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
            // What nothing in backward reads is dropped without a cost.
            while (!rungs.isEmpty() && rungs.getLast().repeated >= rung.repeated) {
                rungs.removeLast();
            }
            rungs.add(rung);
        }
        Collections.reverse(rungs);
        return new Ladder(List.copyOf(rungs));
    }

    /** The rungs from which each next one saves less for a byte than the one before: the lower convex hull of cost over bytes. */
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

    /** Cost that is saved for each byte, from one rung to a higher one. */
    static double saving(Rung from, Rung to) {
        return (from.repeated - to.repeated) / (to.bytes - from.bytes);
    }

    /** The highest rung that takes at most so many bytes. */
    Rung within(long bytes) {
        Rung highest = rungs.getFirst();
        for (Rung rung : rungs) {
            highest = rung.bytes <= bytes ? rung : highest;
        }
        return highest;
    }

    /** What one operation more gives, of those that fit into so many bytes, and save most for each; empty if none saves anything. */
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
