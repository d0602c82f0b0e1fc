package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/** Expert kernels opened on a device of their own, and one call of each kernel over marked buffers. */
final class OpenExpertKernels implements AutoCloseable {
    private final Device device;
    private final SingleRank rank;
    private final ExpertKernels kernels;

    private OpenExpertKernels(Device device, SingleRank rank, ExpertKernels kernels) {
        this.device = device;
        this.rank = rank;
        this.kernels = kernels;
    }

    static OpenExpertKernels open(DeviceProvider devices, DeviceConfig config, ExpertKernelsProvider provider) {
        Device device = devices.open(config);
        SingleRank rank = SingleRank.on(device);
        return new OpenExpertKernels(device, rank, provider.open(rank.context()));
    }

    Device device() {
        return device;
    }

    Stream stream() {
        return rank.context().stream();
    }

    ExpertKernels kernels() {
        return kernels;
    }

    RowBuffer rows(DType dtype, long capacity, int columns, int gap, double[][] values) {
        return RowBuffer.of(device, stream(), dtype, capacity, columns, columns + gap, values);
    }

    RowBuffer blank(DType dtype, long capacity, int columns, int gap) {
        return RowBuffer.blank(device, stream(), dtype, capacity, columns, columns + gap);
    }

    /** A (e, O, I) view of a buffer of e · O rows. */
    static Tensor perExpert(RowBuffer rows, int experts) {
        Tensor all = rows.tensor();
        long outputs = all.dim(0) / experts;
        return all.strided(new long[] {experts, outputs, all.dim(1)},
                new long[] {outputs * all.stride(0), all.stride(0), 1});
    }

    Tensor offsets(int[] offsets) {
        Tensor tensor = Tensor.of(device.allocate(4L * offsets.length, "contract offsets"), 0, DType.I32,
                offsets.length);
        try (Arena arena = Arena.ofConfined()) {
            stream().upload(arena.allocateFrom(ValueLayout.JAVA_INT, offsets), tensor);
        }
        return tensor;
    }

    Tensor scalars(float[] values) {
        Tensor tensor = Tensor.of(device.allocate(Math.max(4L, 4L * values.length), "contract scalars"), 0, DType.F32,
                values.length);
        if (values.length > 0) {
            try (Arena arena = Arena.ofConfined()) {
                stream().upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values), tensor);
            }
        }
        return tensor;
    }

    float[] download(Tensor scalars) {
        if (scalars.elements() == 0) {
            return new float[0];
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(scalars.bytes(), 8);
            stream().download(scalars, host);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    double[][] forward(ExpertCase shape, DType dtype, double[][] x_RI, double[][] w_OI) {
        return forward(shape, dtype, x_RI, w_OI, Optional.empty());
    }

    double[][] inputGradient(ExpertCase shape, DType dtype, double[][] dy_RO, double[][] w_OI) {
        return inputGradient(shape, dtype, dy_RO, w_OI, Optional.empty());
    }

    /** Without {@code start} the rows are overwritten; with it, added to. */
    double[][] forward(ExpertCase shape, DType dtype, double[][] x_RI, double[][] w_OI, Optional<double[][]> start) {
        try (RowBuffer x = rows(dtype, shape.capacity(), shape.inputs(), shape.gap(), x_RI);
                RowBuffer w = rows(dtype, w_OI.length, shape.inputs(), 0, w_OI);
                RowBuffer y = start.map(rows -> rows(dtype, shape.capacity(), shape.outputs(), shape.gap(), rows))
                        .orElseGet(() -> blank(dtype, shape.capacity(), shape.outputs(), shape.gap()))) {
            kernels.forward(stream(), new GroupedProduct.Forward(x.tensor(), perExpert(w, shape.experts()),
                    offsets(shape.offsets()), y.tensor()).withAccumulate(start.isPresent()));
            return y.read(shape.rows());
        }
    }

    /** Without {@code start} the rows are overwritten; with it, added to. */
    double[][] inputGradient(ExpertCase shape, DType dtype, double[][] dy_RO, double[][] w_OI,
            Optional<double[][]> start) {
        try (RowBuffer dy = rows(dtype, shape.capacity(), shape.outputs(), shape.gap(), dy_RO);
                RowBuffer w = rows(dtype, w_OI.length, shape.inputs(), 0, w_OI);
                RowBuffer dx = start.map(rows -> rows(dtype, shape.capacity(), shape.inputs(), shape.gap(), rows))
                        .orElseGet(() -> blank(dtype, shape.capacity(), shape.inputs(), shape.gap()))) {
            kernels.inputGradient(stream(), new GroupedProduct.InputGradient(dy.tensor(), perExpert(w, shape.experts()),
                    offsets(shape.offsets()), dx.tensor()).withAccumulate(start.isPresent()));
            return dx.read(shape.rows());
        }
    }

    /** Without {@code start} the gradient is overwritten; with it, added to. */
    double[][] weightGradient(ExpertCase shape, DType dtype, DType gradient, double[][] dy_RO, double[][] x_RI,
            Optional<double[][]> start) {
        int rows = shape.experts() * shape.outputs();
        try (RowBuffer dy = rows(dtype, shape.capacity(), shape.outputs(), shape.gap(), dy_RO);
                RowBuffer x = rows(dtype, shape.capacity(), shape.inputs(), shape.gap(), x_RI);
                RowBuffer dw = rows(gradient, rows, shape.inputs(), 0, start.orElse(new double[0][]))) {
            kernels.weightGradient(stream(), new GroupedProduct.WeightGradient(dy.tensor(), x.tensor(),
                    offsets(shape.offsets()), perExpert(dw, shape.experts()), start.isPresent()));
            return dw.read(rows);
        }
    }

    /** {@code gateUp} holds gate and up side by side. */
    double[][] swiglu(ExpertCase shape, DType dtype, double[][] gateUp, Optional<float[]> weights) {
        int features = shape.inputs();
        try (RowBuffer both = rows(dtype, shape.capacity(), 2 * features, shape.gap(), gateUp);
                RowBuffer h = blank(dtype, shape.capacity(), features, shape.gap())) {
            kernels.swiglu(stream(), new SwiGlu.Forward(both.tensor().slice(1, 0, features),
                    both.tensor().slice(1, features, 2L * features), weights.map(this::scalars),
                    offsets(shape.offsets()), h.tensor()));
            return h.read(shape.rows());
        }
    }

    /** The gradients with respect to gate and up, side by side, and with respect to the row weights. */
    record SwiGluGradients(double[][] gateUp, float[] weights) {}

    /** With {@code inPlace}, the gradients overwrite gate and up. */
    SwiGluGradients swigluBackward(ExpertCase shape, DType dtype, double[][] gateUp, double[][] dh_RF,
            Optional<float[]> weights, boolean inPlace) {
        int features = shape.inputs();
        float[] marks = new float[shape.capacity()];
        Arrays.fill(marks, -12345);
        try (RowBuffer both = rows(dtype, shape.capacity(), 2 * features, shape.gap(), gateUp);
                RowBuffer dh = rows(dtype, shape.capacity(), features, shape.gap(), dh_RF);
                RowBuffer other = blank(dtype, shape.capacity(), 2 * features, shape.gap())) {
            RowBuffer result = inPlace ? both : other;
            Optional<Tensor> dweights = weights.map(given -> scalars(marks));
            kernels.swigluBackward(stream(), new SwiGlu.Backward(both.tensor().slice(1, 0, features),
                    both.tensor().slice(1, features, 2L * features), dh.tensor(), weights.map(this::scalars),
                    offsets(shape.offsets()), result.tensor().slice(1, 0, features),
                    result.tensor().slice(1, features, 2L * features), dweights));
            return new SwiGluGradients(result.read(shape.rows()),
                    dweights.map(this::download).orElse(new float[0]));
        }
    }

    @Override
    public void close() {
        kernels.close();
        kernels.close();
        rank.close();
        device.close();
    }
}
