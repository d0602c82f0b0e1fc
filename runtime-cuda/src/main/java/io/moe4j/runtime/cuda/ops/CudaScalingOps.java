package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Types with scales, on the kernels of {@code scaling.cu}. */
final class CudaScalingOps implements ScalingOps {
    private static final int TILE_THREADS = 256;

    private final Kernels kernels;

    CudaScalingOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void quantize(Stream stream, Tensor x, Tensor scaled) {
        quantizeEach(stream, x, List.of(scaled));
    }

    /** Two results whose blocks fit into tiles are written in one pass over x. */
    @Override
    public void quantizeEach(Stream stream, Tensor x, List<Tensor> scaled) {
        List<ScaledCopy> tiles = new ArrayList<>();
        List<ScaledCopy> squares = new ArrayList<>();
        for (Tensor one : scaled) {
            ScaledCopy copy = checked("quantize", x, one);
            if (!copy.inTiles()) {
                blocks(stream, x, copy);
            } else {
                (copy.inSquares() ? squares : tiles).add(copy);
            }
        }
        inPairs(stream, "quantize_tiles", x, tiles);
        inPairs(stream, "quantize_squares", x, squares);
    }

    private void inPairs(Stream stream, String kernel, Tensor x, List<ScaledCopy> copies) {
        for (int i = 0; i < copies.size(); i += 2) {
            tiles(stream, kernel, x, copies.subList(i, Math.min(i + 2, copies.size())));
        }
    }

    private static void addCopies(List<KernelArg> arguments, List<ScaledCopy> copies) {
        copies.forEach(copy -> copy.addTo(arguments));
        if (copies.size() == 1) {
            ScaledCopy.addNone(arguments);
        }
    }

    @Override
    public void dequantize(Stream stream, Tensor scaled, Tensor x) {
        ScaledCopy copy = checked("dequantize", x, scaled);
        List<KernelArg> arguments = matrices(x);
        copy.addWithBlock(arguments);
        kernels.each(stream, "dequantize" + Kernels.suffix(x), x.elements(), arguments.toArray(KernelArg[]::new));
    }

    private void tiles(Stream stream, String kernel, Tensor x, List<ScaledCopy> copies) {
        List<KernelArg> arguments = matrices(x);
        addCopies(arguments, copies);
        Tensor matrices = ScaledOperand.stack(x);
        long tiles = matrices.dim(0) * Math.ceilDiv(matrices.dim(1), Scales.BLOCK)
                * Math.ceilDiv(matrices.dim(2), Scales.BLOCK);
        kernels.blocks(stream, kernel + Kernels.suffix(x), tiles, TILE_THREADS, 0,
                arguments.toArray(KernelArg[]::new));
    }

    private void blocks(Stream stream, Tensor x, ScaledCopy copy) {
        List<KernelArg> arguments = matrices(x);
        copy.addWithBlock(arguments);
        kernels.warps(stream, "quantize_blocks" + Kernels.suffix(x), copy.scales().elements(), 0,
                arguments.toArray(KernelArg[]::new));
    }

    private static List<KernelArg> matrices(Tensor x) {
        Tensor stack = ScaledOperand.stack(x);
        return new ArrayList<>(List.of(KernelArg.of(stack), KernelArg.of(stack.stride(0)),
                KernelArg.of(stack.stride(1)), KernelArg.of(stack.dim(0)), KernelArg.of(stack.dim(1)),
                KernelArg.of(stack.dim(2))));
    }

    private static ScaledCopy checked(String what, Tensor x, Tensor scaled) {
        Kernels.require(x.dtype().isPlainFloating() && scaled.dtype().isScaled() && x.shape().equals(scaled.shape())
                && x.rank() >= 1 && x.rank() <= 3 && (x.dim(-1) <= 1 || x.stride(-1) == 1), what, x, scaled);
        return ScaledCopy.of(what, scaled);
    }
}
