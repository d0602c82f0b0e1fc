package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ActivationOps;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.ops.EmbeddingOps;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.cudnn.CudnnAttention;
import java.util.Optional;

/** All families of operations of a device. */
public final class CudaOps implements DeviceOps, AutoCloseable {
    private final Kernels kernels;
    private final CublasMatmulOps matmul;
    private final ElementwiseOps elementwise;
    private final CudaNormOps norm;
    private final RopeOps rope;
    private final CudaAttentionOps attention;
    private final ActivationOps activation;
    private final EmbeddingOps embedding;
    private final RoutingOps routing;
    private final LossOps loss;
    private final OptimizerOps optimizer;
    private final Optional<ScalingOps> scaling;

    /** Opens the operations of a device; {@code module} has its kernels. */
    public CudaOps(CudaDevice device, KernelModule module) {
        kernels = new Kernels(module, device.context().sharedBytesPerBlock(),
                device.multiprocessors());
        matmul = new CublasMatmulOps(device, kernels);
        elementwise = new CudaElementwiseOps(kernels);
        norm = new CudaNormOps(kernels);
        rope = new CudaRopeOps(kernels);
        attention = new CudaAttentionOps(kernels, new CudnnAttention(device));
        activation = new CudaActivationOps(kernels);
        embedding = new CudaEmbeddingOps(kernels);
        routing = new CudaRoutingOps(kernels);
        loss = new CudaLossOps(kernels);
        optimizer = new CudaOptimizerOps(kernels);
        scaling = matmul.supportsScales() ? Optional.of(new CudaScalingOps(kernels)) : Optional.empty();
    }

    @Override
    public MatmulOps matmul() {
        return matmul;
    }

    @Override
    public ElementwiseOps elementwise() {
        return elementwise;
    }

    @Override
    public NormOps norm() {
        return norm;
    }

    @Override
    public RopeOps rope() {
        return rope;
    }

    @Override
    public AttentionOps attention() {
        return attention;
    }

    @Override
    public ActivationOps activation() {
        return activation;
    }

    @Override
    public EmbeddingOps embedding() {
        return embedding;
    }

    @Override
    public RoutingOps routing() {
        return routing;
    }

    @Override
    public LossOps loss() {
        return loss;
    }

    @Override
    public OptimizerOps optimizer() {
        return optimizer;
    }

    @Override
    public void mixedMatmul(Stream stream, Matmul product, Tensor workspace) {
        SplitMatmul.of(product, workspace).enqueue(this, kernels, stream);
    }

    @Override
    public void normBackwardAdded(Stream stream, NormOps.Backward gradients, Tensor addend_TD) {
        if (!norm.backwardAdded(stream, gradients, addend_TD)) {
            DeviceOps.super.normBackwardAdded(stream, gradients, addend_TD);
        }
    }

    @Override
    public boolean supports(DType operands) {
        return operands.isPlainFloating() || (operands.isScaled() && scaling.isPresent());
    }

    @Override
    public Optional<ScalingOps> scaling() {
        return scaling;
    }

    @Override
    public void close() {
        attention.close();
        matmul.close();
    }
}
