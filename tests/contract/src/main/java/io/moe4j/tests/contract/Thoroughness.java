package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Decides how many cases of a large product of cases a test runs: all of them, unless the system property {@code moe4j.thorough} is {@code false}, as in this
 * project's own build without {@code -Pthorough}. Then each kind of case still runs, but of many similar cases only a sample. The sample is always the same,
 * so that a failure is reproducible. A test that repeats with processes what another one tests with threads has the tag {@code thorough}, and is run by that
 * profile only.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Thoroughness {
    /** A prime, so that the sample contains each value of the dimensions of the product, which have for example 2 types, 4 layouts and 4 forms. */
    private static final int EACH = 7;

    private Thoroughness() {}

    /** Whether all cases are run. */
    public static boolean isThorough() {
        return !"false".equals(System.getProperty("moe4j.thorough"));
    }

    /** The number of repetitions: {@code thorough} if all cases are run, {@code sample} otherwise. */
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
