package io.moe4j.api.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Memory;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.ops.MatmulOps.Matmul;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScalesTest {
    private final Memory memory = memory();

    private static Memory memory() {
        return (Memory) Proxy.newProxyInstance(Memory.class.getClassLoader(), new Class<?>[] {Memory.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "bytes" -> 1L << 30;
                    case "address" -> 0L;
                    case "toString" -> "memory";
                    default -> throw new AssertionError(method + " is not expected");
                });
    }

    private Tensor rows(long rows, long columns) {
        Tensor values = Tensor.of(memory, 0, DType.F32, Scales.shapeOfRows(rows, columns));
        return Tensor.of(memory, 4096, DType.F8_E4M3, rows, columns).withScales(Optional.of(Scales.ofRows(values)));
    }

    private Tensor weights(long experts, long rows, long columns) {
        Tensor values = Tensor.of(memory, 0, DType.F32, Scales.shapeOfMatrices(experts, rows, columns));
        return Tensor.of(memory, 4096, DType.F8_E4M3, experts, rows, columns)
                .withScales(Optional.of(Scales.ofMatrices(values)));
    }

    private static Tensor scales(Tensor tensor) {
        return tensor.scales().orElseThrow().values();
    }

    @Test
    void slicesAndViewsHaveTheirPart() {
        Tensor x = rows(6, 300);
        assertEquals(List.of(6L, 3L), scales(x).shape());
        assertEquals(List.of(2L, 3L), scales(x.slice(0, 3, 5)).shape());
        assertEquals(36, scales(x.slice(0, 3, 5)).byteOffset());
        assertEquals(List.of(3L), scales(x.select(2)).shape());
        assertEquals(24, scales(x.select(2)).byteOffset());
        assertEquals(List.of(6L, 2L), scales(x.slice(1, 128, 300)).shape());
        assertEquals(4, scales(x.slice(1, 128, 300)).byteOffset());
        assertEquals(List.of(2L, 3L, 3L), scales(x.view(2, 3, 300)).shape());
        assertEquals(x, x.view(2, 3, 300).view(6, 300));
        Tensor w = weights(4, 200, 300);
        assertEquals(List.of(4L, 2L, 3L), scales(w).shape());
        assertEquals(List.of(2L, 3L), scales(w.select(1)).shape());
        assertEquals(24, scales(w.select(1)).byteOffset());
        assertEquals(List.of(1L, 3L), scales(w.select(1).slice(0, 128, 200)).shape());
    }

    @Test
    void blocksAreNotCut() {
        for (Runnable cut : List.<Runnable>of(() -> rows(6, 300).slice(1, 0, 100), () -> rows(6, 300).slice(1, 64, 300),
                () -> weights(2, 200, 300).select(0).select(3), () -> weights(2, 200, 300).view(400, 300),
                () -> rows(6, 300).view(1800), () -> rows(6, 300).strided(new long[] {2}, new long[] {1}))) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, cut::run);
            assertTrue(String.valueOf(refused.getMessage()).contains("scale"), refused.getMessage());
        }
    }

    @Test
    void onlyTypesThatNeedScalesHaveThemAndOneForEachBlock() {
        Scales six = Scales.ofRows(Tensor.of(memory, 0, DType.F32, 6, 3));
        for (Tensor wrong : List.of(Tensor.of(memory, 0, DType.BF16, 6, 300),
                Tensor.of(memory, 0, DType.F8_E4M3, 6, 257 - 1),
                Tensor.of(memory, 0, DType.F8_E4M3, 5, 300), Tensor.of(memory, 0, DType.F8_E4M3, 1, 6, 300))) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                    () -> wrong.withScales(Optional.of(six)));
            assertTrue(String.valueOf(refused.getMessage()).contains("one scale for each block"), refused.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> Scales.ofRows(Tensor.of(memory, 0, DType.BF16, 6, 3)));
    }

    @Test
    void productsAskForScales() {
        Tensor x = rows(6, 300);
        Tensor bare = x.withScales(Optional.empty());
        Tensor c = Tensor.of(memory, 0, DType.F32, 6, 6);
        assertEquals(x, Matmul.ofTransposedB(x, x, c).a());
        for (Runnable wrong : List.<Runnable>of(() -> Matmul.ofTransposedB(bare, x, c),
                () -> Matmul.ofTransposedB(x, bare, c), () -> Matmul.ofTransposedB(x, x, rows(6, 6)),
                () -> GroupedProduct.Forward.of(bare, weights(1, 6, 300), Tensor.of(memory, 0, DType.I32, 1), c),
                () -> GroupedProduct.WeightGradient.of(x, bare, Tensor.of(memory, 0, DType.I32, 1), c),
                () -> GroupedProduct.InputGradient.of(x, weights(1, 300, 6), Tensor.of(memory, 0, DType.I32, 1),
                        rows(6, 6)))) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, wrong::run);
            assertTrue(String.valueOf(refused.getMessage()).contains("scales"), refused.getMessage());
        }
    }
}
