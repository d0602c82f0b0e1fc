package io.moe4j.app.bench;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** The values that benchmarks compute on. They are random, because the time of a product depends on its values too. */
final class BenchValues {
    private static final int BLOCK = 1 << 20;

    private BenchValues() {}

    /** Fills a dense tensor with values in [-1, 1); a block of them repeats. */
    static void random(Stream stream, Tensor tensor, long seed) {
        Tensor flat = tensor.view(tensor.elements());
        long first = Math.min(BLOCK, flat.elements());
        if (first == 0) {
            return;
        }
        Random random = new Random(seed);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(first * tensor.dtype().bytes(), 8);
            for (long i = 0; i < first; i++) {
                int bits = Float.floatToRawIntBits(random.nextFloat(-1, 1));
                switch (tensor.dtype()) {
                    case BF16 -> host.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> 16));
                    case F32 -> host.setAtIndex(ValueLayout.JAVA_INT, i, bits);
                    case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(
                            tensor + " is drawn from -1 to 1; give an F32 or BF16 tensor");
                }
            }
            stream.upload(host, flat.slice(0, 0, first));
        }
        for (long from = first; from < flat.elements(); from += first) {
            long count = Math.min(first, flat.elements() - from);
            stream.copy(flat.slice(0, 0, count), flat.slice(0, from, from + count));
        }
    }

    /** Ids of K distinct experts for each token; all experts get equally many tokens. */
    static int[] ids(long tokens, int topK, int experts, long seed) {
        Random random = new Random(seed);
        List<Integer> all = IntStream.range(0, experts).boxed().collect(java.util.stream.Collectors.toList());
        int[] ids = new int[Math.toIntExact(tokens * topK)];
        for (int token = 0; token < tokens; token++) {
            Collections.shuffle(all, random);
            for (int k = 0; k < topK; k++) {
                ids[token * topK + k] = all.get(k);
            }
        }
        return ids;
    }

    /** Ids in which routed row n goes to expert n mod E. */
    static int[] roundRobin(long tokens, int topK, int experts) {
        int[] ids = new int[Math.toIntExact(tokens * topK)];
        Arrays.setAll(ids, n -> n % experts);
        return ids;
    }

    /** Ids in which slot k of each token goes to expert k, so that the first ranks receive everything. */
    static int[] firstExperts(long tokens, int topK) {
        int[] ids = new int[Math.toIntExact(tokens * topK)];
        Arrays.setAll(ids, n -> n % topK);
        return ids;
    }
}
