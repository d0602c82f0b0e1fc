package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.RowQuantization;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.Rounding;
import io.moe4j.tests.parity.Float8Golden.Blocks;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The arithmetic of docs/fp8.md against PyTorch's type of the same 8 bits; make_fp8.py has written the numbers. */
class Float8GoldenTest {
    private static final List<DType> RESULTS = List.of(DType.F32, DType.BF16);
    /** Half of the smallest bf16 number. */
    private static final double UNDERFLOW_BF16 = 0x1p-134;

    private final Float8Golden golden = new Float8Golden();

    @AfterEach
    void close() {
        golden.close();
    }

    @Test
    void allCodesStandForTheSameNumbers() {
        float[] decoded = golden.floats("decoded");
        assertEquals(256, decoded.length);
        for (int bits = 0; bits < decoded.length; bits++) {
            assertEquals(Float.floatToIntBits(decoded[bits]), Float.floatToIntBits(Float8.widen((byte) bits)),
                    "code " + bits + ": expected " + decoded[bits] + ", was " + Float8.widen((byte) bits));
        }
    }

    /** At each number and each middle between two, and next to them; and beyond 448, where PyTorch 2.13 saturates as docs/fp8.md does. */
    @Test
    void numbersAreRoundedToTheSameCodes() {
        float[] given = golden.floats("rounding.given");
        byte[] codes = golden.bytes("rounding.numbers");
        assertEquals(2 * (3 * (127 + 126 + 5) + 3) + 1, given.length);
        for (int i = 0; i < given.length; i++) {
            assertEquals(codes[i], Float8.round(given[i]), "the code of " + given[i]);
        }
    }

    /** Infinity, NaN, the ends of fp32, and blocks whose quotients would be subnormal. */
    @ParameterizedTest
    @EnumSource
    void extremesAreQuantizedToTheSameBits(Blocks blocks) {
        golden.quantized("extremes.x", blocks);
        if (blocks != Blocks.SQUARES) {
            quantizedByKernels("extremes.x", blocks, golden.offsets(6));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"inputs", "outputs", "tokens", "squares"})
    void productsOfALayer(String name) {
        Float8Operand x = golden.quantized(name + ".x", Blocks.ROWS);
        Float8Operand dy = golden.quantized(name + ".dy", Blocks.ROWS);
        Float8Operand w = golden.quantized(name + ".w", Blocks.SQUARES);
        Float8Operand columnsOfX = golden.quantized(name + ".x", Blocks.COLUMNS);
        Float8Operand columnsOfDy = golden.quantized(name + ".dy", Blocks.COLUMNS);
        int tokens = x.rows();
        int outputs = w.rows();
        int inputs = w.transposed().rows();
        for (DType result : RESULTS) {
            Tensor y = golden.tensor(result, tokens, outputs);
            multiply(Matmul.ofTransposedB(x.tensor(), w.tensor(), y));
            check(name + ".y", y, x, w, 0, inputs);
            Tensor dx = golden.tensor(result, tokens, inputs);
            multiply(Matmul.of(dy.tensor(), w.tensor(), dx));
            check(name + ".dx", dx, dy, w.transposed(), 0, outputs);
            if (golden.has(name + ".dw")) {
                Tensor dw = golden.tensor(result, outputs, inputs);
                multiply(Matmul.ofTransposedA(columnsOfDy.tensor(), columnsOfX.tensor(), dw));
                check(name + ".dw", dw, columnsOfDy.transposed(), columnsOfX.transposed(), 0, tokens);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"inputs", "outputs", "tokens", "squares"})
    void productsOfAnExpert(String name) {
        Tensor offsets = golden.offsets(Math.toIntExact(golden.matrix(name + ".x").dim(0)));
        Float8Operand x = quantizedByKernels(name + ".x", Blocks.ROWS, offsets);
        Float8Operand dy = quantizedByKernels(name + ".dy", Blocks.ROWS, offsets);
        Float8Operand w = golden.quantized(name + ".w", Blocks.SQUARES);
        int inputs = w.transposed().rows();
        for (DType result : RESULTS) {
            Tensor y = golden.tensor(result, x.rows(), w.rows());
            golden.kernels().forward(golden.stream(),
                    GroupedProduct.Forward.of(x.tensor(), stack(w.tensor()), offsets, y));
            check(name + ".y", y, x, w, 0, inputs);
            Tensor dx = golden.tensor(result, x.rows(), inputs);
            golden.kernels().inputGradient(golden.stream(),
                    GroupedProduct.InputGradient.of(dy.tensor(), stack(w.tensor()), offsets, dx));
            check(name + ".dx", dx, dy, w.transposed(), 0, w.rows());
        }
        if (golden.has(name + ".dw")) {
            weightGradients(name, List.of("dw"), x.rows());
        }
    }

    /** Blocks of 128 tokens are counted from the first row; the second expert's rows, 100 to 299, are in three of them. */
    @Test
    void weightGradientsOfTwoExperts() {
        weightGradients("tokens", List.of("dw.0", "dw.1"), 100, 300);
    }

    private void weightGradients(String name, List<String> results, int... offsets) {
        Tensor offsets_e = golden.offsets(offsets);
        Float8Operand x = quantizedByKernels(name + ".x", Blocks.COLUMNS, offsets_e);
        Float8Operand dy = quantizedByKernels(name + ".dy", Blocks.COLUMNS, offsets_e);
        Tensor dw_eOI = golden.tensor(DType.F32, offsets.length, dy.transposed().rows(), x.transposed().rows());
        golden.kernels().weightGradient(golden.stream(),
                GroupedProduct.WeightGradient.of(dy.tensor(), x.tensor(), offsets_e, dw_eOI));
        int first = 0;
        for (int expert = 0; expert < offsets.length; expert++) {
            check(name + "." + results.get(expert), dw_eOI.select(expert), dy.transposed(), x.transposed(), first,
                    offsets[expert]);
            first = offsets[expert];
        }
    }

    /** Rows that came in 8 bits, with one scale for each 1 × 128, are quantized again with one for each 128 × 1. */
    @Test
    void rowsThatAreQuantizedAgain() {
        Float8Operand x = golden.quantized("tokens.x", Blocks.ROWS);
        Tensor again = golden.scaled(Blocks.COLUMNS, x.rows(), x.tensor().dim(1));
        golden.kernels().quantize(golden.stream(),
                RowQuantization.of(x.tensor(), golden.offsets(x.rows()), again));
        golden.same("tokens.again", Blocks.COLUMNS, again);
    }

    private Float8Operand quantizedByKernels(String name, Blocks blocks, Tensor offsets_e) {
        Tensor x = golden.matrix(name);
        Tensor scaled = golden.scaled(blocks, x.dim(0), x.dim(1));
        golden.kernels().quantize(golden.stream(), RowQuantization.of(x, offsets_e, scaled));
        return golden.same(name, blocks, scaled);
    }

    private void multiply(Matmul product) {
        golden.device().ops().matmul().matmul(golden.stream(), product);
    }

    private void check(String name, Tensor c, Float8Operand a, Float8Operand b, int from, int end) {
        double[] expected = golden.doubles(name);
        double[] actual = golden.read(c);
        assertEquals(expected.length, actual.length, name);
        assertTrue(expected.length > 0, name);
        for (int i = 0; i < expected.length; i++) {
            double bound = Float8Operand.bound(a, i / b.rows(), b, i % b.rows(), from, end);
            if (c.dtype() == DType.BF16) {
                bound += Rounding.stored(DType.BF16) * (Math.abs(expected[i]) + bound) + UNDERFLOW_BF16;
            }
            Rounding.check(name + "[" + i / b.rows() + ", " + i % b.rows() + "] in " + c.dtype(), expected[i],
                    actual[i], bound);
        }
    }

    /** A matrix as a stack of one. */
    private static Tensor stack(Tensor w) {
        Scales scales = w.scales().orElseThrow();
        Tensor one = scales.values().view(1, scales.values().dim(0), scales.values().dim(1));
        return w.withScales(Optional.empty()).view(1, w.dim(0), w.dim(1))
                .withScales(Optional.of(Scales.ofMatrices(one)));
    }
}
