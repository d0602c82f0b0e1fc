package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Launch;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.RowQuantization;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The grouped products of {@code grouped_gemm_f8_sm90.cu}. The numbers that a sum runs along must be dense: the rows of x and w in the forward product, the
 * rows of dy and the columns of w in the input gradient, the columns of dy and x in the weight gradient. A method returns empty if the readable kernels
 * must be used instead.
 */
final class HopperScaledProducts {
    private static final long ALIGNMENT = 16;
    /** Rows of a box that a bulk copy fetches: of x, dy and w in the forward product and the input gradient, and of x in the weight gradient. */
    private static final int TILE = 128;
    /** Rows of a box of dy in the weight gradient, as many as a tile of dw has. */
    private static final int TILE_OUTPUTS = 256;

    /** As in {@code scaling.cuh}. */
    private static final int NO_COPY = 0;
    private static final int BLOCKS_OF_ROWS = 1;
    private static final int BLOCKS_OF_COLUMNS = 2;

    private final KernelModule module;
    private final Grid.Grids grids;
    private final boolean present;

    HopperScaledProducts(KernelModule module, Grid.Grids grids, SwiGluKernels.Products products) {
        this.module = module;
        this.grids = grids;
        this.present = products == SwiGluKernels.Products.FASTEST
                && module.find("grouped_rows_f8_e4m3_bf16_sm90").isPresent();
    }

    boolean present() {
        return present;
    }

    Optional<Launch> forward(GroupedProduct.Forward product) {
        return rows(product.x_RI(), product.w_eOI(), false, product.offsets_e(), product.y_RO());
    }

    Optional<Launch> inputGradient(GroupedProduct.InputGradient product) {
        return rows(product.dy_RO(), product.w_eOI(), true, product.offsets_e(), product.dx_RI());
    }

    private Optional<Launch> rows(Tensor rows, Tensor w, boolean transposed, Tensor offsets_e, Tensor result) {
        if (!present || rows.elements() == 0 || w.elements() == 0) {
            return Optional.empty();
        }
        ScaledOperand a = ScaledOperand.of(rows);
        ScaledOperand stored = ScaledOperand.of(w.select(0));
        ScaledOperand b = transposed ? stored.transposed() : stored;
        long expertScales = w.scales().orElseThrow().values().stride(0);
        boolean fits = fetches(a) && fetches(b) && w.stride(0) % ALIGNMENT == 0 && stores(result)
                && hasBlocks(a, 1) && hasBlocks(b, Scales.BLOCK) && indexed(rows) && indexed(w);
        return fits ? Optional.of(launch("grouped_rows", result,
                new KernelArg.TensorMap(matrix(rows, a, rows.dim(0), rows.dim(1)), TILE),
                new KernelArg.TensorMap(w.withScales(Optional.empty()).strided(
                        new long[] {w.dim(0), result.dim(1), rows.dim(1)},
                        new long[] {w.stride(0), b.outerStride(), 1}), TILE),
                KernelArg.of(offsets_e), count(w.dim(0)), count(result.dim(1)), count(rows.dim(1)),
                KernelArg.of(rows.dim(0)), scales(rows), elements(a.outerScales()), elements(a.innerScales()),
                scales(w), elements(b.outerScales()), elements(b.innerScales()), count(expertScales),
                KernelArg.of(result), KernelArg.of(result.stride(0)))) : Optional.empty();
    }

    Optional<Launch> weightGradient(GroupedProduct.WeightGradient product) {
        Tensor dy = product.dy_RO();
        Tensor x = product.x_RI();
        Tensor dw = product.dw_eOI();
        if (!present || dy.elements() == 0 || x.elements() == 0 || dw.elements() == 0) {
            return Optional.empty();
        }
        ScaledOperand a = ScaledOperand.of(dy).transposed();
        ScaledOperand b = ScaledOperand.of(x).transposed();
        boolean fits = fetches(a) && fetches(b) && stores(dw) && hasBlocks(a, 1) && hasBlocks(b, 1)
                && copiesScales(a, dy.dim(1)) && copiesScales(b, x.dim(1))
                && indexed(dy) && indexed(x);
        return fits ? Optional.of(launch("grouped_columns", dw,
                new KernelArg.TensorMap(matrix(dy, a, dy.dim(1), dy.dim(0)), TILE_OUTPUTS),
                new KernelArg.TensorMap(matrix(x, b, x.dim(1), x.dim(0)), TILE),
                KernelArg.of(product.offsets_e()), count(dw.dim(0)), count(dw.dim(1)), count(dw.dim(2)),
                KernelArg.of(dy.dim(0)), scales(dy), elements(a.outerScales()), elements(a.innerScales()), scales(x),
                elements(b.innerScales()), KernelArg.of(dw), KernelArg.of(dw.stride(0)), KernelArg.of(dw.stride(1)),
                KernelArg.of(product.accumulate() ? 1 : 0))) : Optional.empty();
    }

    /** Quantizes rows to e4m3 with {@code quantize_rows.cu}: one pass over x for each two results. */
    List<Launch> quantize(RowQuantization arguments) {
        List<Launch> launches = new ArrayList<>();
        List<Tensor> results = arguments.results();
        for (int i = 0; i < results.size(); i += 2) {
            launches.add(quantize(arguments, results.subList(i, Math.min(i + 2, results.size()))));
        }
        return launches;
    }

    private static String name(Tensor tensor) {
        return tensor.dtype().name().toLowerCase(Locale.ROOT);
    }

    private static KernelArg last(Tensor offsets_e) {
        return KernelArg.of(offsets_e.slice(0, offsets_e.dim(0) - 1, offsets_e.dim(0)));
    }

    private static void addCopies(List<KernelArg> arguments, List<Tensor> results) {
        results.forEach(result -> addCopy(arguments, result));
        if (results.size() == 1) {
            addNoCopy(arguments);
        }
    }

    private Launch quantize(RowQuantization rows, List<Tensor> results) {
        Tensor x = rows.x_RI();
        Tensor offsets = rows.offsets_e();
        List<KernelArg> arguments = new ArrayList<>(
                List.of(KernelArg.of(x.withScales(Optional.empty())), KernelArg.of(x.stride(0))));
        x.scales().map(Scales::values).ifPresent(
                values -> arguments.addAll(List.of(KernelArg.of(values), KernelArg.of(values.stride(0)))));
        arguments.addAll(List.of(last(offsets), KernelArg.of(x.dim(0)), KernelArg.of(x.dim(1))));
        addCopies(arguments, results);
        return grids.quantization(Math.ceilDiv(x.dim(0), Scales.BLOCK) * Math.ceilDiv(x.dim(1), Scales.BLOCK)).launch(
                module.kernel("quantize_row_tiles_" + name(x) + "_f8_e4m3"),
                arguments);
    }

    private static void addCopy(List<KernelArg> arguments, Tensor result) {
        Tensor scales = result.scales().orElseThrow().values();
        boolean byRows = result.scales().orElseThrow().block().getFirst() == 1;
        arguments.addAll(List.of(KernelArg.of(result.withScales(Optional.empty())), KernelArg.of(0L),
                KernelArg.of(result.stride(0)), KernelArg.of(result.stride(1)), KernelArg.of(scales), KernelArg.of(0L),
                KernelArg.of(scales.stride(0)), KernelArg.of(scales.stride(1)),
                KernelArg.of(byRows ? BLOCKS_OF_ROWS : BLOCKS_OF_COLUMNS)));
    }

    private static void addNoCopy(List<KernelArg> arguments) {
        for (int i = 0; i < 2; i++) {
            arguments.addAll(List.of(KernelArg.absent(), KernelArg.of(0L), KernelArg.of(0L), KernelArg.of(0L)));
        }
        arguments.add(KernelArg.of(NO_COPY));
    }

    private Launch launch(String kernel, Tensor result, KernelArg... arguments) {
        return grids.hopperScaled().launch(module.kernel(
                kernel + "_f8_e4m3_" + name(result) + "_sm90"),
                List.of(arguments));
    }

    /** Whether bulk copies can fetch the numbers: dense along the sums, in rows that start at multiples of 16 bytes. */
    private static boolean fetches(ScaledOperand operand) {
        return operand.innerStride() == 1 && operand.outerStride() > 0 && operand.outerStride() % ALIGNMENT == 0
                && operand.numbers() % ALIGNMENT == 0;
    }

    /** Whether bulk copies can fetch the scales of neighbouring rows. */
    private static boolean copiesScales(ScaledOperand operand, long rows) {
        return operand.outerScales() == Float.BYTES && operand.innerScales() % ALIGNMENT == 0
                && operand.scales() % ALIGNMENT == 0 && rows * Float.BYTES % ALIGNMENT == 0;
    }

    private static boolean stores(Tensor result) {
        boolean aligned = result.address() % ALIGNMENT == 0 && result.stride(-1) == 1;
        for (int d = 0; d < result.rank() - 1; d++) {
            aligned &= result.stride(d) * result.dtype().bytes() % ALIGNMENT == 0;
        }
        return aligned;
    }

    private static boolean hasBlocks(ScaledOperand operand, long outer) {
        return operand.outerBlock() == outer && operand.innerBlock() == Scales.BLOCK;
    }

    /** Whether numbers of scales and of rows fit into an int. */
    private static boolean indexed(Tensor operand) {
        Tensor scales = operand.scales().orElseThrow().values();
        return scales.dim(0) * scales.stride(0) <= Integer.MAX_VALUE
                && scales.dim(-1) * scales.stride(-1) <= Integer.MAX_VALUE && operand.dim(0) <= Integer.MAX_VALUE / 2;
    }

    private static Tensor matrix(Tensor operand, ScaledOperand as, long outer, long inner) {
        return operand.withScales(Optional.empty()).strided(new long[] {outer, inner},
                new long[] {as.outerStride(), 1});
    }

    private static KernelArg scales(Tensor operand) {
        return KernelArg.of(operand.scales().orElseThrow().values());
    }

    private static KernelArg elements(long bytes) {
        return count(bytes / Float.BYTES);
    }

    private static KernelArg count(long value) {
        return KernelArg.of(Math.toIntExact(value));
    }
}
