package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Launch;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Launches of the grouped products whose operands have scales. Each operand is passed with its scales, see {@link #operand}. */
final class ScaledLaunches {
    /** Elements of a row that share a scale. */
    static final int PIECE = 128;

    private final KernelModule module;
    private final Grid.Grids grids;
    private final boolean exist;

    /** @param exist whether the loaded module contains these kernels */
    ScaledLaunches(KernelModule module, Grid.Grids grids, boolean exist) {
        this.module = module;
        this.grids = grids;
        this.exist = exist;
    }

    boolean exist() {
        return exist;
    }

    Launch forward(GroupedProduct.Forward product) {
        Tensor w = product.w_eOI();
        return launch("grouped_forward", product.x_RI(), product.y_RO(), List.of(operand(product.x_RI()), stack(w),
                extents(product.offsets_e(), w.dim(1), w.dim(2), product.x_RI().dim(0)), result(product.y_RO())));
    }

    Launch inputGradient(GroupedProduct.InputGradient product) {
        Tensor w = product.w_eOI();
        return launch("grouped_input_gradient", product.dy_RO(), product.dx_RI(),
                List.of(operand(product.dy_RO()), stack(w),
                        extents(product.offsets_e(), w.dim(1), w.dim(2), product.dy_RO().dim(0)),
                        result(product.dx_RI())));
    }

    Launch weightGradient(GroupedProduct.WeightGradient product) {
        Tensor dw = product.dw_eOI();
        return launch("grouped_weight_gradient", product.dy_RO(), dw, List.of(operand(product.dy_RO()),
                operand(product.x_RI()), extents(product.offsets_e(), dw.dim(1), dw.dim(2), product.dy_RO().dim(0)),
                List.of(KernelArg.of(dw), KernelArg.of(dw.stride(0)), KernelArg.of(dw.stride(1)),
                        KernelArg.of(product.accumulate() ? 1 : 0))));
    }

    /** Quantizes rows into {@code result}, numbers and scales; see {@link CpuRowQuantization}. */
    Launch quantize(Tensor x, Tensor offsets_e, Tensor result) {
        Scales scales = result.scales().orElseThrow();
        List<KernelArg> arguments = new ArrayList<>(List.of(KernelArg.of(x.withScales(Optional.empty())),
                KernelArg.of(x.stride(0)), KernelArg.of(offsets_e), KernelArg.of(Math.toIntExact(offsets_e.dim(0))),
                KernelArg.of(Math.toIntExact(x.dim(1))), KernelArg.of(x.dim(0)),
                KernelArg.of(result.withScales(Optional.empty())), KernelArg.of(result.stride(0)),
                KernelArg.of(result.stride(1)), KernelArg.of(scales.values()),
                KernelArg.of(Math.toIntExact(scales.block().get(0))),
                KernelArg.of(Math.toIntExact(scales.block().get(1)))));
        arguments.add(x.scales().map(given -> KernelArg.of(given.values())).orElseGet(KernelArg::absent));
        arguments.add(KernelArg.of(x.scales().map(given -> given.values().stride(0)).orElse(0L)));
        return launch("quantize_rows", x, result, List.of(arguments));
    }

    private Launch launch(String kernel, Tensor operand, Tensor result, List<List<KernelArg>> arguments) {
        if (!exist) {
            throw new DeviceException("a grouped product of " + operand
                    + " was asked for: these expert kernels do not run with such rows on this device; ask"
                    + " ExpertKernels.supports first, or take F32 or BF16 rows");
        }
        return grids.readable().launch(
                module.kernel(kernel + "_" + name(operand.dtype()) + "_" + name(result.dtype())),
                arguments.stream().flatMap(List::stream).toList());
    }

    private static String name(DType dtype) {
        return dtype.name().toLowerCase(Locale.ROOT);
    }

    /** Eight arguments: numbers, their row stride and column stride; scales, their row stride and column stride; rows and columns of a block. */
    private static List<KernelArg> operand(Tensor rows) {
        Scales scales = rows.scales().orElseThrow();
        Tensor values = scales.values();
        return List.of(KernelArg.of(rows.withScales(Optional.empty())), KernelArg.of(rows.stride(-2)),
                KernelArg.of(rows.stride(-1)), KernelArg.of(values), KernelArg.of(values.stride(-2)),
                KernelArg.of(values.stride(-1)),
                KernelArg.of(scales.block().get(rows.rank() - 2)), KernelArg.of(scales.block().get(rows.rank() - 1)));
    }

    /** The arguments of {@link #operand} for the first expert, then the strides of numbers and of scales from one expert to the next. */
    private static List<KernelArg> stack(Tensor w_eOI) {
        List<KernelArg> arguments = new ArrayList<>(operand(w_eOI));
        arguments.add(KernelArg.of(w_eOI.stride(0)));
        arguments.add(KernelArg.of(w_eOI.scales().orElseThrow().values().stride(0)));
        return arguments;
    }

    private static List<KernelArg> extents(Tensor offsets_e, long outputs, long inputs, long capacity) {
        return List.of(KernelArg.of(offsets_e), KernelArg.of(Math.toIntExact(offsets_e.dim(0))),
                KernelArg.of(Math.toIntExact(outputs)), KernelArg.of(Math.toIntExact(inputs)), KernelArg.of(capacity));
    }

    private static List<KernelArg> result(Tensor rows) {
        return List.of(KernelArg.of(rows), KernelArg.of(rows.stride(0)));
    }
}
