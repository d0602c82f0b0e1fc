package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ActivationOps;
import io.moe4j.api.tensor.Tensor;

/** Activations, on the kernels of {@code activation.cu}. */
final class CudaActivationOps implements ActivationOps {
    private final Kernels kernels;

    CudaActivationOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void swiglu(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor h_TF) {
        require(gate_TF.shape().equals(up_TF.shape()) && gate_TF.shape().equals(h_TF.shape()), "swiglu", gate_TF, up_TF,
                h_TF);
        long width = gate_TF.dim(1);
        boolean vectorised = Kernels.vectorised(width, gate_TF, up_TF, h_TF);
        kernels.each(stream, "swiglu" + suffix(gate_TF), items(gate_TF, vectorised), of(gate_TF), of(up_TF), of(h_TF),
                of(gate_TF.dim(0)),
                ofInt(width), of(gate_TF.stride(0)), of(up_TF.stride(0)), of(h_TF.stride(0)), flag(vectorised));
    }

    @Override
    public void swigluBackward(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor dh_TF, Tensor dgate_TF,
            Tensor dup_TF) {
        require(gate_TF.shape().equals(up_TF.shape()) && gate_TF.shape().equals(dh_TF.shape()), "swiglu gradient",
                gate_TF, up_TF, dh_TF);
        long width = gate_TF.dim(1);
        boolean vectorised = Kernels.vectorised(width, gate_TF, up_TF, dh_TF, dgate_TF, dup_TF);
        kernels.each(stream, "swiglu_backward" + suffix(gate_TF), items(gate_TF, vectorised), of(gate_TF), of(up_TF),
                of(dh_TF), of(dgate_TF),
                of(dup_TF), of(gate_TF.dim(0)), ofInt(width), of(gate_TF.stride(0)), of(up_TF.stride(0)),
                of(dh_TF.stride(0)),
                of(dgate_TF.stride(0)), of(dup_TF.stride(0)), flag(vectorised));
    }

    private static long items(Tensor rows_TF, boolean vectorised) {
        return vectorised ? rows_TF.bytes() / 16 : rows_TF.elements();
    }
}
