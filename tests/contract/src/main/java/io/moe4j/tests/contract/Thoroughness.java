package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How many cases of an exhaustive product a test runs. All of them, unless the system property {@code moe4j.thorough} is {@code false}, as it is in this
 * project's own build without {@code -Pthorough}. Then each kind of case is still run; where many cases show the same, a fixed sample of them is. The samples
 * do not depend on chance, so that a failure is repeated by running the test again. A whole test that shows with processes what another one shows with
 * threads has the tag {@code thorough}, and is run by that profile only.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Thoroughness {
    /** A prime, so that the sample meets each value of the small products that cases are made of: of 2 types, 4 layouts, 4 forms. */
    private static final int EACH = 7;

    private Thoroughness() {}

    /** Whether all cases are run. */
    public static boolean isThorough() {
        return !"false".equals(System.getProperty("moe4j.thorough"));
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
}
