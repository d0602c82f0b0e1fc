package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.RowQuantization;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Checks the arguments and launches the kernels. Their names and parameters are the same on every kind of device. */
final class SwiGluKernels implements ExpertKernels {
    private final KernelModule module;
    private final Grid.Grids grids;
    private final HopperProducts hopper;
    private final HopperScaledProducts hopperScaled;
    private final ScaledLaunches scaled;
    private final Optional<PanelScratch> scratch;

    /** Which kernels compute the grouped products. */
    enum Products {
        /** The fastest kernels in the binary that the device has loaded. */
        FASTEST,
        /** The kernels that every device has. */
        PORTABLE
    }

    private SwiGluKernels(KernelModule module, Grid.Grids grids, Products products, Optional<PanelScratch> scratch) {
        this.grids = grids;
        this.module = module;
        this.hopper = new HopperProducts(module, grids, products);
        this.hopperScaled = new HopperScaledProducts(module, grids, products);
        // GPUs other than Hopper would have only the readable kernels, which are too slow to train with.
        this.scaled = new ScaledLaunches(module, grids, scratch.isPresent() || hopperScaled.present());
        this.scratch = scratch;
    }

    static SwiGluKernels open(Device device, Products products) {
        if (device.targetKind().equals(DeviceKind.CUDA)) {
            return new SwiGluKernels(device.load(CudaKernels.source()), Grid.Grids.of(device), products,
                    Optional.empty());
        }
        PanelScratch scratch = PanelScratch.allocate(device);
        try {
            return new SwiGluKernels(device.load(CpuKernels.source(scratch)), Grid.Grids.of(device), products,
                    Optional.of(scratch));
        } catch (RuntimeException | Error failure) {
            scratch.close();
            throw failure;
        }
    }

    @Override
    public void forward(Stream stream, GroupedProduct.Forward product) {
        Tensor x = product.x_RI();
        Tensor w = product.w_eOI();
        Tensor y = product.y_RO();
        ArgumentChecks.product("forward", x, w, y, product.offsets_e(), w.dim(2), w.dim(1));
        if (x.dtype().isScaled()) {
            stream.launch(hopperScaled.forward(product).orElseGet(() -> scaled.forward(product)));
            return;
        }
        stream.launch(hopper.forward(product)
                .orElseGet(() -> rows("grouped_forward_", x, w, product.offsets_e(), y,
                        product.before_1(), product.accumulate())));
    }

    @Override
    public void inputGradient(Stream stream, GroupedProduct.InputGradient product) {
        Tensor dy = product.dy_RO();
        Tensor w = product.w_eOI();
        Tensor dx = product.dx_RI();
        ArgumentChecks.product("input gradient", dy, w, dx, product.offsets_e(), w.dim(1), w.dim(2));
        if (dy.dtype().isScaled()) {
            stream.launch(hopperScaled.inputGradient(product).orElseGet(() -> scaled.inputGradient(product)));
            return;
        }
        stream.launch(hopper.inputGradient(product)
                .orElseGet(() -> rows("grouped_input_gradient_", dy, w, product.offsets_e(), dx,
                        product.before_1(), product.accumulate())));
    }

    @Override
    public void weightGradient(Stream stream, GroupedProduct.WeightGradient product) {
        Tensor dy = product.dy_RO();
        Tensor x = product.x_RI();
        Tensor dw = product.dw_eOI();
        ArgumentChecks.weightGradient(dy, x, dw, product.offsets_e());
        if (dy.dtype().isScaled()) {
            stream.launch(hopperScaled.weightGradient(product).orElseGet(() -> scaled.weightGradient(product)));
            return;
        }
        stream.launch(hopper.weightGradient(product)
                .orElseGet(() -> launch("grouped_weight_gradient_" + name(dy) + "_" + name(dw),
                        grids.product(dy.dtype()),
                        KernelArg.of(dy), KernelArg.of(dy.stride(0)), KernelArg.of(x), KernelArg.of(x.stride(0)),
                        KernelArg.of(product.offsets_e()), extent(dw, 0), extent(dw, 1), extent(dw, 2),
                        KernelArg.of(dy.dim(0)), KernelArg.of(dw), KernelArg.of(dw.stride(0)),
                        KernelArg.of(dw.stride(1)),
                        KernelArg.of(product.accumulate() ? 1 : 0))));
    }

    @Override
    public void swiglu(Stream stream, SwiGlu.Forward arguments) {
        Tensor gate = arguments.gate_RF();
        Tensor up = arguments.up_RF();
        Tensor h = arguments.h_RF();
        ArgumentChecks.swiglu(arguments);
        stream.launch(launch("swiglu_forward_" + name(gate), grids.swiglu(),
                KernelArg.of(gate), KernelArg.of(gate.stride(0)), KernelArg.of(up), KernelArg.of(up.stride(0)),
                optional(arguments.weights_R()), KernelArg.of(arguments.offsets_e()), extent(arguments.offsets_e(), 0),
                extent(gate, 1), KernelArg.of(gate.dim(0)), KernelArg.of(h), KernelArg.of(h.stride(0))));
    }

    @Override
    public void swigluBackward(Stream stream, SwiGlu.Backward arguments) {
        Tensor gate = arguments.gate_RF();
        Tensor up = arguments.up_RF();
        Tensor dh = arguments.dh_RF();
        Tensor dgate = arguments.dgate_RF();
        Tensor dup = arguments.dup_RF();
        ArgumentChecks.swiglu(arguments);
        stream.launch(launch("swiglu_backward_" + name(gate), grids.swiglu(),
                KernelArg.of(gate), KernelArg.of(gate.stride(0)), KernelArg.of(up), KernelArg.of(up.stride(0)),
                KernelArg.of(dh), KernelArg.of(dh.stride(0)), optional(arguments.weights_R()),
                KernelArg.of(arguments.offsets_e()), extent(arguments.offsets_e(), 0), extent(gate, 1),
                KernelArg.of(gate.dim(0)), KernelArg.of(dgate), KernelArg.of(dgate.stride(0)), KernelArg.of(dup),
                KernelArg.of(dup.stride(0)), optional(arguments.dweights_R())));
    }

    @Override
    public void quantize(Stream stream, RowQuantization arguments) {
        ArgumentChecks.quantization(arguments);
        if (hopperScaled.present()) {
            hopperScaled.quantize(arguments).forEach(stream::launch);
            return;
        }
        arguments.results().forEach(
                result -> stream.launch(scaled.quantize(arguments.x_RI(), arguments.offsets_e(), result)));
    }

    @Override
    public boolean supports(DType operands) {
        return operands.isPlainFloating() || (operands.isScaled() && scaled.exist());
    }

    @Override
    public void close() {
        module.close();
        scratch.ifPresent(PanelScratch::close);
    }

    /** A launch of the product of rows with their expert's matrix, or with its transpose. */
    private Launch rows(String kernel, Tensor given, Tensor w, Tensor offsets_e, Tensor result,
            Optional<Tensor> before_1, boolean accumulate) {
        return launch(kernel + name(given), grids.product(given.dtype()), KernelArg.of(given),
                KernelArg.of(given.stride(0)), KernelArg.of(w), KernelArg.of(w.stride(0)), KernelArg.of(w.stride(1)),
                KernelArg.of(offsets_e), extent(w, 0), extent(w, 1), extent(w, 2), KernelArg.of(given.dim(0)),
                KernelArg.of(result), KernelArg.of(result.stride(0)), optional(before_1),
                KernelArg.of(accumulate ? 1 : 0));
    }

    private Launch launch(String name, Grid grid, KernelArg... arguments) {
        return grid.launch(module.kernel(name), List.of(arguments));
    }

    private static KernelArg optional(Optional<Tensor> tensor) {
        return tensor.map(KernelArg::of).orElseGet(KernelArg::absent);
    }

    private static KernelArg extent(Tensor tensor, int dimension) {
        return KernelArg.of(Math.toIntExact(tensor.dim(dimension)));
    }

    private static String name(Tensor tensor) {
        return tensor.dtype().name().toLowerCase(Locale.ROOT);
    }
}
