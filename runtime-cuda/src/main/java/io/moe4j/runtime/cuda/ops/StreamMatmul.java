package io.moe4j.runtime.cuda.ops;

import static org.bytedeco.cuda.global.cublas.cublasLtMatmul;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.runtime.cuda.ContextTurns;
import io.moe4j.runtime.cuda.driver.StreamHandle;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The products of one stream. A stream has its own workspace, because products of different ranks run at the same time. The argument objects of a
 * call are reused by the next call.
 */
final class StreamMatmul implements AutoCloseable {
    private final ContextTurns turns;
    private final cublasLtContext handle;
    private long streamAddress;
    private CUstream_st stream;
    private final Memory workspace;
    private final RawPointer workspacePointer;
    private final FloatPointer alpha = new FloatPointer(1);
    private final FloatPointer beta = new FloatPointer(1);
    private final RawPointer a = RawPointer.at(0);
    private final RawPointer b = RawPointer.at(0);
    private final RawPointer c = RawPointer.at(0);
    private final Map<MatmulShape, PreparedMatmul> seen = new HashMap<>();

    StreamMatmul(ContextTurns turns, cublasLtContext handle, Memory workspace) {
        this.turns = turns;
        this.handle = handle;
        this.stream = new CUstream_st(RawPointer.at(streamAddress));
        this.workspace = workspace;
        this.workspacePointer = RawPointer.at(workspace.address());
    }

    /** Prepared products by shape, prepared by this stream or another. */
    Map<MatmulShape, PreparedMatmul> seen() {
        return seen;
    }

    /**
     * Enqueues a product.
     *
     * @param to the driver's stream; a different one in the body of a captured loop
     * @param operation the plan's operation, limited to the multiprocessors that the product may use
     */
    void run(PreparedMatmul plan, Matmul m, StreamHandle to, cublasLtMatmulDescOpaque_t operation) {
        if (to.address() != streamAddress) {
            streamAddress = to.address();
            stream = new CUstream_st(RawPointer.at(streamAddress));
        }
        alpha.put(m.alpha());
        beta.put(m.beta());
        c.to(m.c().address());
        b.to(m.b().address());
        a.to(m.a().address());
        // In a turn of ContextTurns, because the library loads its kernels when they are first used.
        int status = turns.call(() -> cublasLtMatmul(handle, operation, alpha, b,
                plan.layoutB(), a, plan.layoutA(), beta, c, plan.layoutC(), c, plan.layoutC(), plan.algorithm(),
                workspacePointer, workspace.bytes(), stream));
        if (status != 0) {
            throw new DeviceException("cublasLtMatmul of " + m + " failed with cuBLAS status " + status);
        }
    }

    @Override
    public void close() {
        alpha.close();
        beta.close();
        workspace.close();
    }
}
