package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * How many cases of an exhaustive product a kit runs. Each kind of case is always run. Where many cases show the same, a fixed sample of them is run, and all
 * of them with the system property {@code moe4j.thorough=true}, which {@code ./mvnw verify -Pthorough} sets. Samples do not depend on chance, so that a
 * failure is repeated by running the test again. A whole test that shows with processes what another one shows with threads, or with more memory what another
 * one shows, has the tag {@code thorough}, and is run by that profile only.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Thoroughness {
    /** A prime, so that the sample meets each value of the small products that cases are made of: of 2 types, 4 layouts, 4 forms. */
    private static final int EACH = 7;

    private Thoroughness() {}

    /** Whether all cases are run. */
    public static boolean isThorough() {
        return Boolean.getBoolean("moe4j.thorough");
    }

    /** The number of repetitions: {@code thorough} where all are made, {@code sample} otherwise. */
    public static int of(int sample, int thorough) {
        return isThorough() ? thorough : sample;
    }

    /**
     * Of cases that are made in the order of their shapes: the first, the last, and each seventh.
     *
     * @param <T> the type of a case
     */
    public static <T> List<T> sample(List<T> all) {
        return isThorough() ? List.copyOf(all)
                : IntStream.range(0, all.size()).filter(i -> i % EACH == 0 || i == all.size() - 1).mapToObj(all::get)
                        .toList();
    }

    /**
     * Cases that there are for each number of ranks: all of them for the last number; of the others, each case with one number in turn. With the numbers 1, 2,
     * 3 and 4, case 0 is run with 1 and 4 ranks, case 1 with 2 and 4, case 2 with 3 and 4.
     *
     * @param <T> the type of a case
     * @param cases the cases for a number of ranks, in the same order for each
     */
    public static <T> List<T> inTurn(List<Integer> groupSizes, IntFunction<List<T>> cases) {
        List<T> run = new ArrayList<>();
        int others = groupSizes.size() - 1;
        for (int size = 0; size <= others; size++) {
            List<T> all = cases.apply(groupSizes.get(size));
            for (int i = 0; i < all.size(); i++) {
                if (isThorough() || size == others || i % others == size) {
                    run.add(all.get(i));
                }
            }
        }
        return run;
    }
}
