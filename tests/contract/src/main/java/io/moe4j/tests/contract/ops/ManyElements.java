package io.moe4j.tests.contract.ops;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.OptimizerOps.AdamW;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.Rounding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;

/**
 * Operations over more than 2³¹ elements: the whole tensor holds one value, and its first and last elements, and those around 2³¹, are looked at. An index
 * that overflows would change other elements, or none.
 */
final class ManyElements {
    private static final long COUNT = (1L << 31) + 4096;
    private static final int WIDTH = 8;
    private static final int COLUMNS = 2048;
    private static final long ROWS = COUNT / WIDTH;
    private static final List<Long> PLACES = List.of(0L, (1L << 31) - 8, 1L << 31, COUNT - 8);

    private final Device device;
    private final Stream stream;
    private final DeviceOps ops;

    ManyElements(Device device, Stream stream) {
        this.device = device;
        this.stream = stream;
        this.ops = device.ops();
    }

    java.util.stream.Stream<DynamicTest> tests() {
        return java.util.stream.Stream.of(
                test("add", 1.5, x -> ops.elementwise().add(stream, x, x, x), 3),
                test("accumulate", 1.5, x -> ops.elementwise().accumulate(stream, x, 2, x), 4.5),
                test("norm", 3, this::norm, 1),
                test("adamw", 0, this::adamw, 0.5),
                dynamicTest("matmul", this::matmul),
                dynamicTest("copy", this::copy), dynamicTest("sum of squares", this::sumOfSquares),
                dynamicTest("embedding and its gradient", this::embedding));
    }

    private Tensor places(Tensor x, long at) {
        return x.view(COUNT).slice(0, at, at + WIDTH);
    }

    /** Each element goes from {@code before} to {@code after}. */
    private DynamicTest test(String name, double before, Consumer<Tensor> operation, double after) {
        return dynamicTest(name, () -> {
            try (Memory memory = device.allocate(COUNT * DType.BF16.bytes(), "contract many elements")) {
                Tensor x = Tensor.of(memory, 0, DType.BF16, COUNT);
                stream.fill(x, before);
                operation.accept(x);
                for (long at : PLACES) {
                    check(name, places(x, at), after);
                }
            }
        });
    }

    private void check(String what, Tensor few, double expected) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(few.bytes(), 8);
            stream.download(few, host);
            ByteBuffer image = DoubleElements.of(host.toArray(ValueLayout.JAVA_BYTE));
            for (int i = 0; i < few.elements(); i++) {
                Rounding.check(what + " of 2^31 elements and more", expected, DoubleElements.get(image, few.dtype(), i),
                        0);
            }
        }
    }

    /** Rows of threes, weight 1, no eps: ones. */
    private void norm(Tensor x) {
        try (Memory memory = device.allocate(COUNT * DType.BF16.bytes(), "contract many elements");
                Memory other = device.allocate(4 * (ROWS + WIDTH), "contract many elements")) {
            Tensor weight = Tensor.of(other, 0, DType.BF16, WIDTH);
            stream.fill(weight, 1);
            Tensor y = Tensor.of(memory, 0, DType.BF16, ROWS, WIDTH);
            ops.norm().forward(stream, x.view(ROWS, WIDTH), weight, 0, y,
                    Tensor.of(other, 4 * WIDTH, DType.F32, ROWS));
            stream.copy(y.view(COUNT), x);
            stream.synchronize();
        }
    }

    /** A first step goes the learning rate's way, against the gradient. */
    private void adamw(Tensor parameter) {
        try (Memory memory = device.allocate(3 * COUNT * DType.BF16.bytes(), "contract many elements")) {
            Tensor gradient = Tensor.of(memory, 0, DType.BF16, COUNT);
            Tensor first = Tensor.of(memory, gradient.bytes(), DType.BF16, COUNT);
            Tensor second = Tensor.of(memory, 2 * gradient.bytes(), DType.BF16, COUNT);
            stream.fill(gradient, -2);
            stream.fill(first, 0);
            stream.fill(second, 0);
            ops.optimizer().adamw(stream, new AdamW(parameter, gradient, first, second, 0.5f, 0.5f, 0.5f, 0, 0, 1, 1));
            check("second moment", places(second, COUNT - WIDTH), 2);
        }
    }

    /** c = a · bᵀ of ones has more than 2³¹ elements, all of them K; each of c · b is K for each of its columns. */
    private void matmul() {
        try (Memory memory = device.allocate(COUNT * DType.BF16.bytes(), "contract many elements");
                Memory other = device.allocate((ROWS + COLUMNS) * WIDTH * DType.BF16.bytes(),
                        "contract many elements")) {
            long rows = COUNT / COLUMNS;
            Tensor c = Tensor.of(memory, 0, DType.BF16, rows, COLUMNS);
            Tensor b = Tensor.of(other, 0, DType.BF16, COLUMNS, WIDTH);
            Tensor a = Tensor.of(other, b.bytes(), DType.BF16, rows, WIDTH);
            stream.fill(a, 1);
            stream.fill(b, 1);
            ops.matmul().matmul(stream, Matmul.ofTransposedB(a, b, c));
            check("product", c.view(rows * COLUMNS).slice(0, 1L << 31, (1L << 31) + WIDTH), WIDTH);
            check("product", c.select(rows - 1), WIDTH);
            stream.fill(a, 0);
            ops.matmul().matmul(stream, Matmul.of(c, b, a));
            check("product of the first row", a.select(0), WIDTH * COLUMNS);
            check("product of the last row", a.select(rows - 1), WIDTH * COLUMNS);
        }
    }

    private void copy() {
        try (Memory memory = device.allocate(COUNT * DType.BF16.bytes(), "contract many elements");
                Memory wide = device.allocate(COUNT * DType.F32.bytes(), "contract many elements")) {
            Tensor from = Tensor.of(memory, 0, DType.BF16, COUNT);
            Tensor to = Tensor.of(wide, 0, DType.F32, COUNT);
            stream.fill(from, 1);
            for (int i = 0; i < PLACES.size(); i++) {
                stream.fill(places(from, PLACES.get(i)), i + 2);
            }
            ops.elementwise().copy(stream, from, to);
            for (int i = 0; i < PLACES.size(); i++) {
                check("copy", places(to, PLACES.get(i)), i + 2);
            }
        }
    }

    private void sumOfSquares() {
        try (Memory memory = device.allocate(COUNT * DType.BF16.bytes(), "contract many elements");
                OpBench bench = new OpBench(device, stream, ignored -> memory)) {
            Tensor x = Tensor.of(memory, 0, DType.BF16, COUNT);
            stream.fill(x, 0);
            stream.fill(places(x, COUNT - WIDTH), 3);
            Tensor sum = bench.of(DType.F32, Layout.DENSE, new double[1], 1).tensor();
            stream.fill(sum, 1);
            Optional<Tensor> workspace = bench.workspace(device.workspaceSizes().sumOfSquares(COUNT));
            ops.optimizer().sumOfSquares(stream, x, sum, workspace);
            check("sum of squares", sum, 1 + 9 * WIDTH);
        }
    }

    private void embedding() {
        try (Memory memory = device.allocate(COUNT * DType.F32.bytes(), "contract many elements");
                OpBench bench = new OpBench(device, stream, ignored -> memory)) {
            Tensor table = Tensor.of(memory, 0, DType.F32, ROWS, WIDTH);
            Operand ids = bench.ints(new int[] {(int) (ROWS - 1), 0, (int) (ROWS - 1)}, 3);
            Operand out = bench.blank(DType.F32, Layout.DENSE, 3, WIDTH);
            bench.run(ignored -> {
                stream.fill(table, 5);
                ops.embedding().backward(stream, ids.tensor(), filled(out.tensor(), 2), table, true,
                        bench.workspace(device.workspaceSizes().embeddingBackward(3, ROWS)));
                check("gradient of the last word", table.select(ROWS - 1), 9);
                check("gradient of the first word", table.select(0), 7);
                check("gradient of a word without tokens", table.select(ROWS - 4), 5);
                ops.embedding().forward(stream, ids.tensor(), table, out.tensor());
                check("row of the last word", out.tensor().select(2), 9);
            });
        }
    }

    private Tensor filled(Tensor tensor, double value) {
        stream.fill(tensor, value);
        return tensor;
    }
}
