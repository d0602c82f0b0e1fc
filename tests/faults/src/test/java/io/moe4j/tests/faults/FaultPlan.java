package io.moe4j.tests.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Gives each fault a number. The number alone determines everything about a fault: its kind, and what its kind chooses at random. */
final class FaultPlan {
    private static final long SEED = 20261128;
    private final List<FaultKind> round = new ArrayList<>();

    /**
     * A kind, with how many of each hundred faults are of it.
     *
     * @param kind the kind, with all protections switched on
     */
    record Share(FaultKind kind, int ofHundred) {}

    FaultPlan(List<Share> shares) {
        int largest = shares.stream().mapToInt(Share::ofHundred).max().orElseThrow();
        // Spread, so that every kind is among the first few numbers.
        for (int i = 0; i < largest; i++) {
            for (Share share : shares) {
                if (i < share.ofHundred) {
                    round.add(share.kind);
                }
            }
        }
        if (round.size() != 100) {
            throw new IllegalArgumentException("the shares add up to " + round.size() + ", not to 100");
        }
    }

    FaultKind kind(int number) {
        return round.get(number % round.size());
    }

    List<FaultKind> kinds() {
        return round.stream().distinct().toList();
    }

    static Random random(int number) {
        // Similar seeds give similar first values, so the first ones are not used.
        Random random = new Random(SEED + number * 0x9E3779B97F4A7C15L);
        random.nextLong();
        return random;
    }
}
