package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.cudnn.CudnnAttention;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention. The first of these that supports the shape computes it: our own kernels for Hopper; cuDNN, without documents; {@code attention.cu}, which takes
 * any shape and documents, but is slow.
 */
final class CudaAttentionOps implements AttentionOps, AutoCloseable {
    private static final int MAX_DIM = 256;
    /** {@code 32 * DECODE_PER_LANE} of {@code decode.cu}. */
    private static final int MAX_DECODE_DIM = 640;
    private static final int DECODE_WARPS = 8;

    private final Kernels kernels;
    private final HopperAttention hopper;
    private final CudnnAttention cudnn;

    CudaAttentionOps(Kernels kernels, CudnnAttention cudnn) {
        this.kernels = kernels;
        this.hopper = new HopperAttention(kernels);
        this.cudnn = cudnn;
    }

    @Override
    public void forward(Stream stream, Forward a) {
        AttentionShape s = a.shape();
        require(s.queryKeyDim() <= MAX_DIM && s.valueDim() <= MAX_DIM, "attention", s);
        check(a);
        if (rows(s) == 0 || hopper.forward(stream, a) || (a.starts_BS().isEmpty() && cudnn.forward(stream, a))) {
            return;
        }
        List<KernelArg> arguments = arguments(a, of(a.q_BSHQ()), of(a.k_BSHQ()), of(a.v_BSHV()), of(a.o_BSHV()),
                of(a.lse_BHS()));
        addStrides(arguments, a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV());
        kernels.warps(stream, "attention" + suffix(a.q_BSHQ()), rows(s), 0, arguments.toArray(KernelArg[]::new));
    }

    @Override
    public void backward(Stream stream, Backward b) {
        Forward a = b.forward();
        AttentionShape s = a.shape();
        check(a);
        if (rows(s) == 0 || hopper.backward(stream, b) || (a.starts_BS().isEmpty() && onCudnn(stream, b))) {
            return;
        }
        Tensor delta = b.workspace()
                .orElseThrow(() -> new DeviceException("the attention's gradient needs a workspace of "
                        + CudaWorkspaceSizes.INSTANCE.attentionBackward(s)
                        + " bytes; see WorkspaceSizes.attentionBackward"));
        List<KernelArg> query = arguments(a, of(a.q_BSHQ()), of(a.k_BSHQ()), of(a.v_BSHV()), of(a.o_BSHV()),
                of(a.lse_BHS()),
                of(b.do_BSHV()), of(delta), of(b.dq_BSHQ()));
        addStrides(query, a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), b.dq_BSHQ());
        kernels.warps(stream, "attention_backward_q" + suffix(a.q_BSHQ()), rows(s), 0, query.toArray(KernelArg[]::new));
        List<KernelArg> key = arguments(a, of(a.q_BSHQ()), of(a.k_BSHQ()), of(a.v_BSHV()), of(a.lse_BHS()),
                of(b.do_BSHV()), of(delta),
                of(b.dk_BSHQ()), of(b.dv_BSHV()));
        addStrides(key, a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), b.dk_BSHQ(), b.dv_BSHV());
        kernels.warps(stream, "attention_backward_kv" + suffix(a.q_BSHQ()), rows(s) / s.queriesPerKey(), 0,
                key.toArray(KernelArg[]::new));
    }

    private boolean onCudnn(Stream stream, Backward b) {
        AttentionShape shape = b.forward().shape();
        if (!CudaWorkspaceSizes.takesCudnnBackward(shape)) {
            return false;
        }
        return shape.queriesPerKey() == 1 ? cudnn.backward(stream, b)
                : new GroupedBackward(kernels, cudnn).run(stream, b);
    }

    private static void check(Forward a) {
        a.starts_BS().ifPresent(starts -> require(starts.dtype() == DType.I32 && starts.isContiguous()
                && starts.shape().equals(List.of(a.shape().batch(), a.shape().sequence())),
                "attention within documents",
                starts, a.shape()));
    }

    @Override
    public void decode(Stream stream, Decode a) {
        require(a.q_THQ().dim(2) <= MAX_DECODE_DIM && a.v_LGV().dim(2) <= MAX_DECODE_DIM, "attention over a cache",
                a.q_THQ(), a.k_LGQ(), a.v_LGV(), a.o_THV());
        List<KernelArg> arguments = new ArrayList<>(List.of(of(a.q_THQ()), of(a.k_LGQ()), of(a.v_LGV()), of(a.o_THV()),
                of(a.scale()), of(a.queries()), of(a.keys()), ofInt(a.heads()), ofInt(a.queriesPerKey()),
                ofInt(a.q_THQ().dim(2)), ofInt(a.v_LGV().dim(2))));
        for (Tensor tensor : List.of(a.q_THQ(), a.k_LGQ(), a.v_LGV(), a.o_THV())) {
            arguments.addAll(List.of(of(tensor.stride(0)), of(tensor.stride(1))));
        }
        int sumBytes = Math.toIntExact(DECODE_WARPS * a.v_LGV().dim(2) * Float.BYTES);
        kernels.blocks(stream, "decode" + suffix(a.q_THQ()), a.queries() * a.heads(), 32 * DECODE_WARPS, sumBytes,
                arguments.toArray(KernelArg[]::new));
    }

    @Override
    public void close() {
        cudnn.close();
    }

    private static long rows(AttentionShape s) {
        return s.batch() * s.heads() * s.sequence();
    }

    private static List<KernelArg> arguments(Forward a, KernelArg... tensors) {
        AttentionShape s = a.shape();
        List<KernelArg> arguments = new ArrayList<>(List.of(tensors));
        arguments.add(a.starts_BS().map(Kernels::of).orElse(KernelArg.absent()));
        arguments.addAll(List.of(of(a.scale()), of(s.batch()), of(s.sequence()), ofInt(s.heads()),
                ofInt(s.queriesPerKey()), ofInt(s.queryKeyDim()), ofInt(s.valueDim())));
        return arguments;
    }

    private static void addStrides(List<KernelArg> arguments, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            arguments.addAll(List.of(of(tensor.stride(0)), of(tensor.stride(1)), of(tensor.stride(2))));
        }
    }
}
