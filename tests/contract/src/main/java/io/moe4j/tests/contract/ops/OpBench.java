package io.moe4j.tests.contract.ops;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.IntStream;

/** The operands of one call: creates them, resets them before each run, and reads them after it. */
final class OpBench implements AutoCloseable {
    private static final long BEHIND = 64;
    private static final long FAR_SLOT = 4096;
    private static final int FAR_SLOTS = 16;
    private static final int FAR_ROWS = 4;

    private final Device device;
    private final Stream stream;
    private final LongFunction<Memory> huge;
    private final List<Memory> memories = new ArrayList<>();
    private final List<Operand> operands = new ArrayList<>();
    private final List<Tensor> workspaces = new ArrayList<>();
    private Optional<Memory> far = Optional.empty();
    private int farSlots;

    /** @param huge where the memory of far rows comes from */
    OpBench(Device device, Stream stream, LongFunction<Memory> huge) {
        this.device = device;
        this.stream = stream;
        this.huge = huge;
    }

    Device device() {
        return device;
    }

    Stream stream() {
        return stream;
    }

    DeviceOps ops() {
        return device.ops();
    }

    /** A tensor with values. */
    Operand of(DType dtype, Layout layout, double[] values, long... shape) {
        return layout == Layout.FAR ? farRows(dtype, values, shape)
                : strided(dtype, layout.skip(), values, shape, layout.strides(shape));
    }

    /** A tensor to be written. */
    Operand blank(DType dtype, Layout layout, long... shape) {
        return of(dtype, layout, new double[0], shape);
    }

    Operand ints(int[] values, long... shape) {
        return of(DType.I32, Layout.DENSE, IntStream.of(values).asDoubleStream().toArray(), shape);
    }

    /** A tensor of any strides; {@code values} row-major, or none. */
    Operand strided(DType dtype, long skip, double[] values, long[] shape, long[] strides) {
        long last = skip;
        for (int d = 0; d < shape.length; d++) {
            last += Math.max(0, shape[d] - 1) * strides[d];
        }
        long count = last + 1 + BEHIND;
        Memory memory = allocate(count * dtype.bytes());
        Tensor whole = Tensor.of(memory, 0, dtype, count);
        Tensor view = Tensor.of(memory, skip * dtype.bytes(), dtype, 1).strided(shape, strides);
        int[] places = places(Math.toIntExact(view.elements()), skip, shape, strides);
        return add(view, List.of(whole), places, values);
    }

    /** A tensor with rows far apart. All such tensors of a call lie side by side in one memory. */
    private Operand farRows(DType dtype, double[] values, long... shape) {
        if (far.isEmpty()) {
            far = Optional.of(huge.apply(Layout.farBytes(FAR_ROWS, Float.BYTES, FAR_SLOTS * FAR_SLOT)));
        }
        int dimension = Layout.farDimension(shape.length);
        long rows = shape[dimension];
        Tensor view = Tensor.of(far.get(), farSlots++ * FAR_SLOT, dtype, 1).strided(shape,
                Layout.FAR.strides(shape));
        List<Tensor> pieces = new ArrayList<>();
        for (long r = 0; r < rows; r++) {
            Tensor row = view.slice(dimension, r, r + 1);
            pieces.add(row.strided(new long[] {row.elements()}, new long[] {1}));
        }
        if (farSlots > FAR_SLOTS || rows > FAR_ROWS || pieces.getFirst().bytes() > FAR_SLOT) {
            throw new IllegalStateException("too much for the far memory: " + view);
        }
        return add(view, pieces, IntStream.range(0, Math.toIntExact(view.elements())).toArray(), values);
    }

    /** Number of operands that were made so far. */
    int operands() {
        return operands.size();
    }

    /** The operands in the order in which they were made. */
    Operand operand(int index) {
        return operands.get(index);
    }

    /** A workspace of this many bytes; empty for 0 bytes. */
    Optional<Tensor> workspace(long bytes) {
        if (bytes == 0) {
            return Optional.empty();
        }
        Tensor workspace = Tensor.of(allocate(bytes), 0, DType.I32, Math.ceilDiv(bytes, Integer.BYTES));
        workspaces.add(workspace);
        return Optional.of(workspace);
    }

    /** The bytes of all operands after a run from the initial state. */
    List<byte[]> run(Consumer<Stream> what) {
        operands.forEach(operand -> operand.restore(stream));
        workspaces.forEach(workspace -> stream.fill(workspace, -1));
        what.accept(stream);
        return operands.stream().map(operand -> operand.read(stream)).toList();
    }

    /** Makes the call, and checks its results and that nothing else was written. */
    List<byte[]> check(OpCall call) {
        List<byte[]> images = run(ignored -> call.enqueue().run());
        List<Expected> all = call.expected().get();
        for (Operand result : call.results()) {
            if (all.stream().noneMatch(expected -> expected.operand() == result)) {
                throw new IllegalStateException("the case says nothing of what " + result.tensor()
                        + " must hold after the call, which may write it; expect a value");
            }
        }
        all.forEach(expected -> expected.check(images.get(operands.indexOf(expected.operand()))));
        for (int i = 0; i < images.size(); i++) {
            operands.get(i).checkUntouched(images.get(i), call.results().contains(operands.get(i)));
        }
        return images;
    }

    /** Fails unless all operands hold what they held before a run. */
    void checkUntouched(List<byte[]> images) {
        for (int i = 0; i < images.size(); i++) {
            operands.get(i).checkUntouched(images.get(i), false);
        }
    }

    /** Fails unless all bytes are the same. */
    void same(String what, List<byte[]> expected, List<byte[]> actual) {
        for (int i = 0; i < expected.size(); i++) {
            int at = Arrays.mismatch(expected.get(i), actual.get(i));
            if (at >= 0) {
                DType dtype = operands.get(i).dtype();
                int element = at / dtype.bytes();
                throw new AssertionError(what + ": other bits in " + operands.get(i).tensor() + ", element " + element
                        + " of its memory: " + DoubleElements.get(DoubleElements.of(expected.get(i)), dtype, element)
                        + " at first, then "
                        + DoubleElements.get(DoubleElements.of(actual.get(i)), dtype, element));
            }
        }
    }

    private Memory allocate(long bytes) {
        Memory memory = device.allocate(Math.ceilDiv(bytes, Long.BYTES) * Long.BYTES, "contract operands");
        memories.add(memory);
        return memory;
    }

    /** The position of each element, in row-major order. */
    private static int[] places(int elements, long skip, long[] shape, long[] strides) {
        int[] places = new int[elements];
        long[] index = new long[shape.length];
        long at = skip;
        for (int i = 0; i < places.length; i++) {
            places[i] = Math.toIntExact(at);
            for (int d = shape.length - 1; d >= 0; d--) {
                at += strides[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                at -= shape[d] * strides[d];
                index[d] = 0;
            }
        }
        return places;
    }

    private Operand add(Tensor view, List<Tensor> pieces, int[] places, double[] values) {
        long bytes = pieces.stream().mapToLong(Tensor::bytes).sum();
        byte[] initial = new byte[Math.toIntExact(bytes)];
        Arrays.fill(initial, (byte) -1);
        if (values.length != 0 && values.length != places.length) {
            throw new IllegalArgumentException(values.length + " values for " + view);
        }
        ByteBuffer elements = DoubleElements.of(initial);
        for (int i = 0; i < values.length; i++) {
            DoubleElements.put(elements, view.dtype(), places[i], values[i]);
        }
        Operand operand = new Operand(view, pieces, places, initial);
        operands.add(operand);
        return operand;
    }

    @Override
    public void close() {
        memories.reversed().forEach(Memory::close);
        far.ifPresent(Memory::close);
    }
}
