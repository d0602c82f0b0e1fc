package io.moe4j.tests.contract;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * The parameters of an exchange to test.
 *
 * @param name for the test report
 * @param ranks EP
 * @param tokens T
 * @param dim D
 * @param experts E
 * @param topK K
 * @param routing which experts the tokens choose
 * @param capacity receive capacity of each rank
 * @param action on overflow
 * @param seed seed of ids and values
 */
record CommCase(String name, int ranks, int tokens, int dim, int experts, int topK, Routing routing,
        ReceiveCapacity capacity, OverflowAction action, long seed) {

    private static final int TINY_EVERY = 11;
    private static final int INFINITE_EVERY = 89;

    /** Which experts the tokens choose. Those of one token are distinct, as the router's are. */
    enum Routing {
        /** Random, all equally likely. */
        RANDOM,
        /** Random, experts with lower numbers much more likely; the order within a token is random. */
        SKEWED,
        /** Odd experts first: the even ones are empty if K allows it. */
        ODD,
        /** Experts 0 to K - 1 for every token: rank 0 gets all that fits there. */
        FIRST,
        /** The last K experts, in descending order, for every token. */
        LAST,
        /** Routed row n to expert n mod E: forced balance. */
        ROUND_ROBIN
    }

    static CommCase of(String name, int ranks, int tokens, int dim, int experts, int topK, Routing routing) {
        return new CommCase(name, ranks, tokens, dim, experts, topK, routing, ReceiveCapacity.worstCase(),
                OverflowAction.FAIL, 31L * ranks + 1000L * tokens + 7L * experts + topK);
    }

    /** For tests of what does not depend on the shape. */
    static CommCase small(int ranks) {
        return of("small x" + ranks, ranks, 17, 12, 2 * ranks, 2, Routing.RANDOM);
    }

    CommCase with(ReceiveCapacity value, OverflowAction onOverflow) {
        return new CommCase(name + ", " + value + " " + onOverflow, ranks, tokens, dim, experts, topK, routing, value,
                onOverflow, seed);
    }

    CommCase withSeed(long value) {
        return new CommCase(name, ranks, tokens, dim, experts, topK, routing, capacity, action, value);
    }

    /** The usual special cases, then random shapes. */
    static List<CommCase> all(List<Integer> groupSizes) {
        List<CommCase> cases = new ArrayList<>();
        for (int ranks : groupSizes) {
            int experts = ranks == 3 ? 6 : 8;
            int perRank = experts / ranks;
            for (Routing routing : Routing.values()) {
                cases.add(of(routing + " x" + ranks, ranks, 37, 24, experts, Math.min(3, perRank + 1), routing));
            }
            cases.add(of("no tokens x" + ranks, ranks, 0, 8, experts, 2, Routing.RANDOM));
            cases.add(of("one token x" + ranks, ranks, 1, 8, experts, 2, Routing.RANDOM));
            cases.add(of("one expert has everything x" + ranks, ranks, 29, 16, experts, 1, Routing.LAST));
            cases.add(of("K = E x" + ranks, ranks, 7, 8, experts, experts, Routing.RANDOM));
            cases.add(of("K = E/EP on one rank x" + ranks, ranks, 11, 8, experts, perRank, Routing.FIRST));
            cases.add(of("K = 10 x" + ranks, ranks, 9, 8, 12, 10, Routing.RANDOM));
            cases.add(of("K = 40 x" + ranks, ranks, 5, 8, 48, 40, Routing.RANDOM));
            cases.add(of("one expert a rank x" + ranks, ranks, 13, 8, ranks, 1, Routing.SKEWED));
            cases.add(of("one element x" + ranks, ranks, 5, 1, experts, 2, Routing.RANDOM));
            cases.add(of("many rows x" + ranks, ranks, 1500, 4, experts, 2, Routing.SKEWED));
            cases.add(of("many rows, one expert has everything x" + ranks, ranks, 2100, 2, experts, 1, Routing.LAST));
        }
        Random random = new Random(5);
        for (int i = 0; i < 12; i++) {
            int ranks = groupSizes.get(random.nextInt(groupSizes.size()));
            int experts = ranks * (1 + random.nextInt(9));
            cases.add(of("random " + i, ranks, random.nextInt(70), 1 + random.nextInt(80), experts,
                    1 + random.nextInt(Math.min(experts, 6)), Routing.values()[random.nextInt(2)]).withSeed(i));
        }
        return cases;
    }

    /** More rows of one expert, from each rank, than 16 bits count. */
    static CommCase beyond16Bits(int ranks) {
        return of("rows of one expert beyond 16 bits x" + ranks, ranks, 66_000, 1, ranks, 1, Routing.LAST);
    }

    CommConfig config(DType rowType) {
        return CommConfig.of(tokens, dim, experts, topK, rowType).withCapacity(capacity, action);
    }

    /** (T, K) of each rank, token-major. */
    int[][] ids() {
        Random random = new Random(seed);
        int[][] ids = new int[ranks][tokens * topK];
        for (int rank = 0; rank < ranks; rank++) {
            for (int token = 0; token < tokens; token++) {
                int[] chosen = choose(random, (long) token * topK);
                System.arraycopy(chosen, 0, ids[rank], token * topK, topK);
            }
        }
        return ids;
    }

    private int[] choose(Random random, long firstRow) {
        int[] chosen = new int[topK];
        switch (routing) {
            case FIRST -> Arrays.setAll(chosen, k -> k);
            case LAST -> Arrays.setAll(chosen, k -> experts - 1 - k);
            case ROUND_ROBIN -> Arrays.setAll(chosen, k -> (int) ((firstRow + k) % experts));
            case RANDOM -> drawDistinct(chosen, () -> random.nextInt(experts));
            case SKEWED -> drawDistinct(chosen, () -> (int) (experts * Math.pow(random.nextDouble(), 4)));
            case ODD -> drawDistinct(chosen, () -> {
                int expert = random.nextInt(experts);
                return topK <= experts / 2 ? Math.min(expert | 1, experts - 1 - experts % 2) : expert;
            });
        }
        return chosen;
    }

    private static void drawDistinct(int[] chosen, java.util.function.IntSupplier draw) {
        for (int k = 0; k < chosen.length;) {
            int expert = draw.getAsInt();
            if (Arrays.stream(chosen, 0, k).noneMatch(before -> before == expert)) {
                chosen[k++] = expert;
            }
        }
    }

    /**
     * Values of very different magnitudes, as the type stores them, so that the order and the number of roundings of a sum can be noticed. Some are
     * subnormal, and a few are infinite: an exchange that turned these into zeros would hide that a run has diverged.
     */
    double[] values(DType dtype, int count, int salt) {
        Random random = new Random(seed * 131 + salt);
        double[] values = new double[count];
        Arrays.setAll(values, i -> {
            double value = random.nextGaussian() * Math.scalb(1.0, random.nextInt(12) - 6);
            int special = dtype.isPlainFloating() ? (int) ((i + 31L * salt) % INFINITE_EVERY) : -1;
            return Rounding.to(dtype, special == 0 ? Double.POSITIVE_INFINITY
                    : special > 0 && special % TINY_EVERY == 0 ? Math.scalb(value, -132) : value);
        });
        return values;
    }

    /** Small integers: their products and sums are exact in every type. */
    double[] integers(int count, int salt) {
        Random random = new Random(seed * 137 + salt);
        double[] values = new double[count];
        Arrays.setAll(values, i -> random.nextInt(15) - 7);
        return values;
    }

    @Override
    public String toString() {
        return name;
    }
}
