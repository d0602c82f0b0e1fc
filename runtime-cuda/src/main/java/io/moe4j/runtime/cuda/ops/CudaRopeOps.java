package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/** Rotary embeddings, on the kernels of {@code rope.cu}. */
final class CudaRopeOps implements RopeOps {
    private final Kernels kernels;

    CudaRopeOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void rotate(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR) {
        pairs(stream, x_THR, cosSin_SR, KernelArg.absent(), inverse, out_THR);
    }

    @Override
    public void rotateHalves(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR) {
        halves(stream, x_THR, cosSin_SR, KernelArg.absent(), inverse, out_THR);
    }

    @Override
    public void rotateAt(Stream stream, AtPositions a) {
        require(a.positions_T().dtype() == DType.I32 && a.positions_T().isContiguous()
                && a.positions_T().elements() == a.x_THR().dim(0), "rope at positions", a.positions_T(), a.x_THR());
        if (a.halves()) {
            halves(stream, a.x_THR(), a.cosSin_SR(), of(a.positions_T()), a.inverse(), a.out_THR());
        } else {
            pairs(stream, a.x_THR(), a.cosSin_SR(), of(a.positions_T()), a.inverse(), a.out_THR());
        }
    }

    private void pairs(Stream stream, Tensor x_THR, Tensor cosSin_SR, KernelArg positions_T, boolean inverse,
            Tensor out_THR) {
        check(x_THR, cosSin_SR, out_THR);
        boolean vectors = Kernels.hasVectorForm(x_THR) && Kernels.vectors(8, x_THR, out_THR, cosSin_SR);
        launch(stream, vectors ? "rope_vectors" : "rope", vectors ? 8 : 2, x_THR, cosSin_SR, positions_T, inverse,
                out_THR);
    }

    private void halves(Stream stream, Tensor x_THR, Tensor cosSin_SR, KernelArg positions_T, boolean inverse,
            Tensor out_THR) {
        check(x_THR, cosSin_SR, out_THR);
        // A thread takes 8 elements of each half, so both halves must start at multiples of 16 bytes.
        boolean vectors = Kernels.hasVectorForm(x_THR) && Kernels.vectors(16, x_THR, out_THR, cosSin_SR);
        launch(stream, vectors ? "rope_halves_vectors" : "rope_halves", vectors ? 16 : 2, x_THR, cosSin_SR, positions_T,
                inverse, out_THR);
    }

    private static void check(Tensor x_THR, Tensor cosSin_SR, Tensor out_THR) {
        require(x_THR.rank() == 3 && x_THR.shape().equals(out_THR.shape()) && x_THR.dtype() == out_THR.dtype()
                && x_THR.dim(2) % 2 == 0
                && cosSin_SR.dim(1) == x_THR.dim(2) && cosSin_SR.isContiguous(), "rope", x_THR, cosSin_SR, out_THR);
    }

    private void launch(Stream stream, String kernel, int elementsPerThread, Tensor x_THR, Tensor cosSin_SR,
            KernelArg positions_T, boolean inverse, Tensor out_THR) {
        kernels.each(stream, kernel + suffix(x_THR), x_THR.elements() / elementsPerThread, of(x_THR), of(cosSin_SR),
                positions_T, of(out_THR), of(x_THR.dim(0)), ofInt(x_THR.dim(1)), ofInt(x_THR.dim(2)),
                ofInt(cosSin_SR.dim(0)),
                of(inverse ? -1f : 1f), of(x_THR.stride(0)), of(x_THR.stride(1)), of(out_THR.stride(0)),
                of(out_THR.stride(1)));
    }
}
