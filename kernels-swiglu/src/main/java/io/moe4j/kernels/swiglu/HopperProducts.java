package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Launch;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The grouped products of {@code grouped_gemm_sm90.cu}, for bf16 rows that bulk copies can fetch. Whether they exist is asked of the loaded module, not of
 * the GPU: they are in the machine code for Hopper only, not in the PTX that the driver may have compiled for the same GPU. A method returns empty if the
 * ordinary kernels must be used instead.
 */
final class HopperProducts {
    private static final int ALIGNMENT = 16;
    /** Rows in a box of an operand whose rows (in memory) run along m or n, the rows and columns of the result. */
    private static final int ACROSS = 64;

    private final KernelModule module;
    private final Grid.Grids grids;
    private final boolean present;

    HopperProducts(KernelModule module, Grid.Grids grids, SwiGluKernels.Products products) {
        this.grids = grids;
        this.module = module;
        this.present = products == SwiGluKernels.Products.FASTEST
                && module.find("grouped_forward_bf16" + Tile.LONG.suffix()).isPresent();
    }

    Optional<Launch> forward(GroupedProduct.Forward product) {
        Tensor x = product.x_RI();
        Tensor w = product.w_eOI();
        Tensor y = product.y_RO();
        Tile tile = Tile.of(w.dim(1));
        return fits(x, w, y) ? Optional.of(launch("grouped_forward_bf16", tile,
                new KernelArg.TensorMap(x, tile.rows()), new KernelArg.TensorMap(w, tile.columns()),
                KernelArg.of(product.offsets_e()), extent(w, 0), extent(w, 1), extent(w, 2), KernelArg.of(x.dim(0)),
                KernelArg.of(y), KernelArg.of(y.stride(0)), KernelArg.of(product.accumulate() ? 1 : 0)))
                : Optional.empty();
    }

    Optional<Launch> inputGradient(GroupedProduct.InputGradient product) {
        Tensor dy = product.dy_RO();
        Tensor w = product.w_eOI();
        Tensor dx = product.dx_RI();
        Tile tile = Tile.of(w.dim(2));
        return fits(dy, w, dx) ? Optional.of(launch("grouped_input_gradient_bf16", tile,
                new KernelArg.TensorMap(dy, tile.rows()), new KernelArg.TensorMap(w, ACROSS),
                KernelArg.of(product.offsets_e()), extent(w, 0), extent(w, 1), extent(w, 2), KernelArg.of(dy.dim(0)),
                KernelArg.of(dx), KernelArg.of(dx.stride(0)), KernelArg.of(product.accumulate() ? 1 : 0)))
                : Optional.empty();
    }

    Optional<Launch> weightGradient(GroupedProduct.WeightGradient product) {
        Tensor dy = product.dy_RO();
        Tensor x = product.x_RI();
        Tensor dw = product.dw_eOI();
        String type = dw.dtype().name().toLowerCase(Locale.ROOT);
        return fits(dy, x, dw) ? Optional.of(launch("grouped_weight_gradient_bf16_" + type, Tile.of(dw.dim(2)),
                new KernelArg.TensorMap(dy, ACROSS), new KernelArg.TensorMap(x, ACROSS),
                KernelArg.of(product.offsets_e()), extent(dw, 0), extent(dw, 1), extent(dw, 2),
                KernelArg.of(dy.dim(0)), KernelArg.of(dw), KernelArg.of(dw.stride(0)), KernelArg.of(dw.stride(1)),
                KernelArg.of(product.accumulate() ? 1 : 0))) : Optional.empty();
    }

    private Launch launch(String kernel, Tile tile, KernelArg... arguments) {
        return grids.hopper().launch(module.kernel(kernel + tile.suffix()), List.of(arguments));
    }

    private boolean fits(Tensor a, Tensor b, Tensor result) {
        return present && hasType(a) && aligned(a) && aligned(b) && aligned(result);
    }

    /** Whether these kernels support the element type. */
    private static boolean hasType(Tensor operand) {
        return switch (operand.dtype()) {
            case BF16 -> true;
            case F32, I32, I64, F8_E4M3 -> false;
        };
    }

    /** Whether the tensor has elements, and all its rows start at multiples of 16 bytes. */
    private static boolean aligned(Tensor tensor) {
        boolean aligned = tensor.elements() > 0 && tensor.address() % ALIGNMENT == 0;
        for (int d = 0; d < tensor.rank() - 1; d++) {
            aligned &= tensor.stride(d) > 0 && tensor.stride(d) * tensor.dtype().bytes() % ALIGNMENT == 0;
        }
        return aligned && tensor.stride(tensor.rank() - 1) == 1;
    }

    private static KernelArg extent(Tensor tensor, int dimension) {
        return KernelArg.of(Math.toIntExact(tensor.dim(dimension)));
    }

    /**
     * The tile of the result that a block computes at a time.
     *
     * @param rows number of rows
     * @param columns number of columns
     */
    private record Tile(int rows, int columns) {
        static final Tile LONG = new Tile(128, 256);
        static final Tile TALL = new Tile(256, 128);

        /** The long tile, unless the columns of the tall tile fit better: 1408 columns are 11 · 128, but only 5.5 · 256. */
        static Tile of(long columns) {
            return Math.ceilDiv(columns, TALL.columns) * TALL.columns < Math.ceilDiv(columns, LONG.columns)
                    * LONG.columns ? TALL : LONG;
        }

        String suffix() {
            return "_sm90_" + rows + "x" + columns;
        }
    }
}
