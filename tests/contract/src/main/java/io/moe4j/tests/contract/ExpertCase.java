package io.moe4j.tests.contract;

import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A shape for expert kernels.
 *
 * @param name for the test report
 * @param counts number of rows of each local expert
 * @param spare number of unused rows after the valid ones
 * @param inputs I, or F of the SwiGLU kernels
 * @param outputs O
 * @param gap number of elements between the end of a row and the next row
 * @param seed seed of the values
 */
record ExpertCase(String name, List<Integer> counts, int spare, int inputs, int outputs, int gap, long seed) {

    /** The usual special cases, then random ones. */
    static List<ExpertCase> all() {
        List<ExpertCase> cases = new ArrayList<>(List.of(
                new ExpertCase("no rows", List.of(0, 0, 0), 5, 8, 6, 0, 1),
                new ExpertCase("no rows, no capacity", List.of(0, 0), 0, 8, 6, 0, 2),
                new ExpertCase("one row", List.of(0, 1, 0), 3, 16, 24, 8, 3),
                new ExpertCase("one element", List.of(1), 1, 1, 1, 0, 4),
                new ExpertCase("one expert has everything", List.of(0, 0, 77, 0), 9, 40, 24, 0, 5),
                new ExpertCase("first expert empty", List.of(0, 13, 5), 2, 17, 31, 3, 6),
                new ExpertCase("last expert empty", List.of(13, 5, 0), 40, 33, 9, 1, 7),
                new ExpertCase("full capacity", List.of(8, 8, 8, 8), 0, 32, 64, 0, 8),
                new ExpertCase("several panels", List.of(3, 520, 0, 257), 300, 136, 264, 8, 9),
                new ExpertCase("wide", List.of(5, 2), 1, 1100, 1032, 0, 10),
                new ExpertCase("many inputs", List.of(3, 26), 2, 2060, 24, 0, 11),
                new ExpertCase("many outputs", List.of(26, 1), 2, 24, 2060, 0, 12),
                // 383 rows, one less than whole blocks of 64 and 128; experts around such blocks, and with one row.
                new ExpertCase("many experts", List.of(28, 2, 0, 63, 1, 64, 65, 1, 127, 0, 31, 1), 3, 24, 16, 0, 13)));
        Random random = new Random(20);
        for (int i = 0; i < 20; i++) {
            Integer[] counts = new Integer[1 + random.nextInt(6)];
            Arrays.setAll(counts, e -> random.nextInt(3) == 0 ? 0 : random.nextInt(60));
            cases.add(new ExpertCase("random " + i, List.of(counts), random.nextInt(50), 1 + random.nextInt(150),
                    1 + random.nextInt(150), random.nextInt(10), 100 + i));
        }
        return cases;
    }

    int experts() {
        return counts.size();
    }

    int rows() {
        return counts.stream().mapToInt(Integer::intValue).sum();
    }

    int capacity() {
        return rows() + spare;
    }

    /** Inclusive running sums. */
    int[] offsets() {
        int[] offsets = counts.stream().mapToInt(Integer::intValue).toArray();
        Arrays.parallelPrefix(offsets, Integer::sum);
        return offsets;
    }

    int expertOf(int row) {
        int expert = 0;
        while (offsets()[expert] <= row) {
            expert++;
        }
        return expert;
    }

    /** Normally distributed values as the type stores them. */
    double[][] values(DType dtype, int rows, int columns, int salt) {
        Random random = new Random(seed * 31 + salt);
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            Arrays.setAll(row, i -> Rounding.to(dtype, random.nextGaussian()));
        }
        return values;
    }
}
