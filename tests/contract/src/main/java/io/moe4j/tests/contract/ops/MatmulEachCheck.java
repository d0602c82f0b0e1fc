package io.moe4j.tests.contract.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Several products in one call have the bits of the same products one by one. */
final class MatmulEachCheck {
    private static final long SEED = 4712;
    private static final int COUNT = 5;
    /** Operands begin at multiples of this number of bytes. */
    private static final long STEP = 256;

    private final RankContext rank;

    MatmulEachCheck(RankContext rank) {
        this.rank = rank;
    }

    /**
     * Checks shapes of one or several panels in all forms, added or not; operands at equal and unequal distances; products of different shapes; one product,
     * and none; and large inner dimensions.
     */
    void run() {
        for (DType type : List.of(DType.F32, DType.BF16)) {
            for (int[] shape : new int[][] {{24, 40, 16}, {136, 264, 192}, {40, 24, 1200}, {1, 64, 64}, {16, 8, 0}}) {
                for (boolean transposeB : new boolean[] {false, true}) {
                    for (float beta : new float[] {0, -4.775f}) {
                        Layout layout = new Layout(type, shape[0], shape[1], shape[2], transposeB, beta);
                        check(layout, List.of(0, 1, 2, 3, 4));
                        check(layout, List.of(0, 1, 3));
                        check(layout, List.of(4, 2));
                        check(layout, List.of(3));
                        check(layout, List.of());
                    }
                }
            }
        }
        mixed();
        deep();
    }

    /** One kind of product, with room for {@value #COUNT} of each operand, each operand after the other. */
    private record Layout(DType type, long m, long n, long k, boolean transposeB, float beta) {
        long bytes() {
            return COUNT * (slot(m * k) + slot(k * n) + slot(m * n));
        }

        private long slot(long elements) {
            return Math.ceilDiv(elements * type.bytes() + 1, STEP) * STEP;
        }

        Matmul product(Memory memory, int place) {
            long b = COUNT * slot(m * k);
            long c = b + COUNT * slot(k * n);
            Tensor right = Tensor.of(memory, b + place * slot(k * n), type, k * n);
            return new Matmul(Tensor.of(memory, place * slot(m * k), type, m * k).view(m, k),
                    transposeB ? right.view(n, k) : right.view(k, n),
                    Tensor.of(memory, c + place * slot(m * n), type, m * n).view(m, n), false, transposeB, 2.0315f,
                    beta);
        }
    }

    private void check(Layout layout, List<Integer> places) {
        try (Memory together = filled(layout.bytes()); Memory alone = filled(layout.bytes())) {
            compare(places.stream().map(place -> layout.product(together, place)).toList(),
                    places.stream().map(place -> layout.product(alone, place)).toList(), together, alone,
                    layout + " at " + places);
        }
    }

    /** Products that differ from each other. */
    private void mixed() {
        Layout small = new Layout(DType.F32, 24, 40, 16, false, 0);
        Layout large = new Layout(DType.F32, 136, 264, 192, true, 0.5f);
        try (Memory together = filled(large.bytes()); Memory alone = filled(large.bytes())) {
            List<Matmul> of = new ArrayList<>();
            List<Matmul> each = new ArrayList<>();
            for (Layout layout : List.of(small, large)) {
                // The small product writes to the place of a left operand that the large one does not use, so that they do not conflict.
                of.add(layout.product(together, layout.equals(small) ? 0 : 4));
                each.add(layout.product(alone, layout.equals(small) ? 0 : 4));
            }
            compare(of, each, together, alone, "two shapes");
        }
    }

    /** Inner dimensions so deep that a device may cut them, and add up the sums of the parts: of several products, with others between them. */
    private void deep() {
        Layout square = new Layout(DType.F32, 256, 256, 2048, false, 0);
        Layout wide = new Layout(DType.F32, 192, 320, 1800, true, -4.775f);
        Layout small = new Layout(DType.F32, 24, 40, 16, false, 2);
        List<Layout> layouts = List.of(square, small, wide, square, wide);
        List<Memory> memories = layouts.stream().flatMap(each -> java.util.stream.Stream.of(filled(each.bytes()),
                filled(each.bytes()))).toList();
        List<Matmul> together = new ArrayList<>();
        List<Matmul> alone = new ArrayList<>();
        for (int i = 0; i < layouts.size(); i++) {
            together.add(layouts.get(i).product(memories.get(2 * i), i));
            alone.add(layouts.get(i).product(memories.get(2 * i + 1), i));
        }
        compute(together, alone);
        for (int i = 0; i < layouts.size(); i++) {
            assertArrayEquals(read(memories.get(2 * i + 1)), read(memories.get(2 * i)), "product " + i + ", "
                    + layouts.get(i));
        }
        memories.forEach(Memory::close);
    }

    private void compute(List<Matmul> together, List<Matmul> alone) {
        MatmulOps ops = rank.device().ops().matmul();
        ops.matmulEach(rank.stream(), together);
        alone.forEach(product -> ops.matmul(rank.stream(), product));
    }

    private void compare(List<Matmul> together, List<Matmul> alone, Memory memory, Memory other, String name) {
        compute(together, alone);
        // Compare all of the memory: nothing besides the results may have changed either.
        assertArrayEquals(read(other), read(memory), name + ", seed " + SEED);
    }

    private static Tensor words(Memory memory) {
        return Tensor.of(memory, 0, DType.I32, memory.bytes() / Integer.BYTES);
    }

    /** Numbers of about 1, of either type: each half of a word is the upper half of a float. */
    private Memory filled(long bytes) {
        Memory memory = rank.device().allocate(bytes, "several products");
        Random random = new Random(SEED);
        int[] words = new int[Math.toIntExact(bytes / Integer.BYTES)];
        for (int i = 0; i < words.length; i++) {
            words[i] = half(random) << 16 | half(random);
        }
        rank.stream().upload(MemorySegment.ofArray(words), words(memory));
        return memory;
    }

    private static int half(Random random) {
        return Float.floatToIntBits(random.nextFloat(-1, 1)) >>> 16;
    }

    private int[] read(Memory memory) {
        int[] words = new int[Math.toIntExact(memory.bytes() / Integer.BYTES)];
        rank.stream().download(words(memory), MemorySegment.ofArray(words));
        return words;
    }
}
