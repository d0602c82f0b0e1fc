package io.moe4j.comm.standard;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The rounds of one plan: the counts, which the host knows, and the places of all rounds.
 *
 * @param counts_EPE rows of each rank for each expert
 * @param count how many rounds there are, at least 1
 * @param all the routes of all rounds together
 * @param allPlaces_N I64: index of each routed row among those that this rank sends in all rounds
 * @param first the tensors of the first round
 * @param further the tensors of the current later round
 */
record Rounds(int[] counts_EPE, int count, Routes all, Tensor allPlaces_N, RoundTensors first, RoundTensors further) {

    /**
     * The tensors that differ between rounds, in kept memory.
     *
     * @param before_1 I32: of the first expert that has rows in the round, how many rows earlier rounds had
     * @param parts_3EP I64: the round's rows to each rank: where they begin and end among those of all rounds, and where they begin among its own
     */
    record RoundTensors(Tensor places_N, Tensor arrivals_S, Tensor sources_S, Tensor offsets_e, Tensor before_1,
            Tensor parts_3EP) {

        static RoundTensors keep(MemoryStack memory, CommConfig config, int ranks) {
            return new RoundTensors(memory.keep("exchange plans", DType.I64, config.routedRows()),
                    memory.keep("exchange plans", DType.I64, config.experts()),
                    memory.keep("exchange plans", DType.I64, config.experts()),
                    memory.keep("exchange plans", DType.I32, config.experts() / ranks),
                    memory.keep("exchange plans", DType.I32, 1), memory.keep("exchange plans", DType.I64, 3, ranks));
        }
    }

    /** The routes of one round of {@code capacity} rows. */
    Routes routes(int round, int rank, long capacity) {
        return Routes.of(counts_EPE, all.sent().length, all.kept_E().length, rank, round * capacity, capacity);
    }

    /** See {@link RoundTensors#parts_3EP()}. */
    long[] parts(Routes routes, int round, int rank, long capacity) {
        int ranks = all.sent().length;
        long[] before = Routes.of(counts_EPE, ranks, all.kept_E().length, rank, 0, round * capacity).sent();
        long[] allStarts = starts(all.sent());
        long[] first = IntStream.range(0, ranks).mapToLong(each -> allStarts[each] + before[each]).toArray();
        long[] end = IntStream.range(0, ranks).mapToLong(each -> first[each] + routes.sent()[each]).toArray();
        long[] parts = Arrays.copyOf(first, 3 * ranks);
        System.arraycopy(end, 0, parts, ranks, ranks);
        System.arraycopy(starts(routes.sent()), 0, parts, 2 * ranks, ranks);
        return parts;
    }

    /** See {@link RoundTensors#before_1()}. */
    int before(int round, long capacity) {
        long first = round * capacity;
        long start = 0;
        for (int end : all.offsets_e()) {
            if (start < first && first < end) {
                return (int) (first - start);
            }
            start = end;
        }
        return 0;
    }

    private static long[] starts(long[] counts) {
        long[] starts = new long[counts.length];
        for (int i = 1; i < counts.length; i++) {
            starts[i] = starts[i - 1] + counts[i - 1];
        }
        return starts;
    }
}
