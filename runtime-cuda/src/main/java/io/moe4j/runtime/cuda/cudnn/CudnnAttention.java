package io.moe4j.runtime.cuda.cudnn;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/**
 * Attention on cuDNN's fused kernels. Each stream has its own library handle and plans, because the threads of several streams may work at the same
 * time.
 */
public final class CudnnAttention implements AutoCloseable {
    private static final int HOPPER = 90;

    private final CudaDevice device;
    private final Map<Stream, StreamAttention> streams = new ConcurrentHashMap<>();
    private final boolean supported;

    /** Opens nothing yet; the first call on a stream does. */
    public CudnnAttention(CudaDevice device) {
        this.device = device;
        this.supported = device.context().computeCapability() >= HOPPER;
    }

    /** Enqueues attention and returns true, or returns false if the library has no kernel for it. */
    public boolean forward(Stream stream, Forward a) {
        if (!fits(a.shape(), a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV())) {
            return false;
        }
        ((CudaStream) stream).uses(a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV(), a.lse_BHS());
        return inTurn(() -> on(stream).forward(a));
    }

    /** Enqueues the gradient of attention and returns true, or returns false if the library has no kernel for it. */
    public boolean backward(Stream stream, Backward b) {
        Forward a = b.forward();
        // With grouped queries, cuDNN 9.19's deterministic kernel gives wrong dk and dv (seen on an H200), so the caller splits them into runs.
        if (a.shape().queriesPerKey() != 1 || !fits(a.shape(), a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV(),
                b.do_BSHV(), b.dq_BSHQ(), b.dk_BSHQ(),
                b.dv_BSHV())) {
            return false;
        }
        ((CudaStream) stream).uses(a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV(), a.lse_BHS(), b.do_BSHV(),
                b.dq_BSHQ(),
                b.dk_BSHQ(), b.dv_BSHV());
        return inTurn(() -> on(stream).backward(b));
    }

    /** Makes a call in a turn of {@code ContextTurns}, because the library allocates memory and loads its kernels when they are first used. */
    private boolean inTurn(BooleanSupplier call) {
        return device.turns().call(() -> call.getAsBoolean() ? 1 : 0) == 1;
    }

    private boolean fits(AttentionShape shape, Tensor... tensors) {
        if (!supported || !AttentionWorkspace.hasType(shape) || shape.sequence() < 2) {
            return false;
        }
        for (Tensor tensor : tensors) {
            if (tensor.dim(3) % 8 != 0 || tensor.address() % 16 != 0 || tensor.stride(0) % 8 != 0
                    || tensor.stride(1) % 8 != 0 || tensor.stride(2) % 8 != 0) {
                return false;
            }
        }
        return true;
    }

    private StreamAttention on(Stream stream) {
        device.context().makeCurrent();
        long address = ((CudaStream) stream).handle().address();
        return streams.computeIfAbsent(stream, s -> new StreamAttention(address));
    }

    static DeviceException workspaceMissing(long bytes, Optional<Tensor> given) {
        return new DeviceException("attention needs a workspace of " + bytes + " bytes and was given "
                + given.map(Tensor::bytes).orElse(0L) + "; see WorkspaceSizes");
    }

    @Override
    public void close() {
        device.turns().run(() -> streams.values().forEach(StreamAttention::close));
        streams.clear();
    }
}
