package io.moe4j.runtime.cuda.ops;

import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmul;

import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Dense products on cuBLASLt, accumulating in fp32. The library is column-major: a row-major (m, n) matrix is to it the (n, m) transpose, so that
 * c = a · b is asked for as cᵀ = bᵀ · aᵀ, with the operands swapped and nothing moved.
 */
final class CublasMatmulOps implements MatmulOps, AutoCloseable {
    /** What the library's documentation recommends for Hopper. */
    static final long WORKSPACE_BYTES = 32L << 20;

    private final CudaDevice device;
    private final cublasLtContext handle = new cublasLtContext();
    private final Map<MatmulShape, PreparedMatmul> prepared = new ConcurrentHashMap<>();
    private final Map<Stream, Memory> workspaces = new ConcurrentHashMap<>();

    CublasMatmulOps(CudaDevice device) {
        this.device = device;
        PreparedMatmul.check(cublasLtCreate(handle), "cublasLtCreate");
    }

    @Override
    public void matmul(Stream stream, Matmul a) {
        if (a.m() == 0 || a.n() == 0) {
            return;
        }
        Kernels.require(
                a.a().dtype() == a.b().dtype() && (a.c().dtype() == a.a().dtype() || a.c().dtype() == DType.F32)
                        && a.k() > 0,
                "matmul",
                a.a(), a.b(), a.c());
        device.context().makeCurrent();
        PreparedMatmul plan = prepared.computeIfAbsent(MatmulShape.of(a),
                shape -> new PreparedMatmul(handle, shape, WORKSPACE_BYTES));
        // One workspace a stream: products of different ranks run at the same time.
        Memory workspace = workspaces.computeIfAbsent(stream,
                s -> device.allocate(WORKSPACE_BYTES, "matmul workspace"));
        try (FloatPointer alpha = new FloatPointer(a.alpha()); FloatPointer beta = new FloatPointer(a.beta())) {
            CUstream_st cudaStream = new CUstream_st(RawPointer.at(((CudaStream) stream).handle().address()));
            PreparedMatmul.check(
                    cublasLtMatmul(handle, plan.operation(), alpha, RawPointer.at(a.b().address()), plan.layoutB(),
                            RawPointer.at(a.a().address()),
                            plan.layoutA(), beta, RawPointer.at(a.c().address()), plan.layoutC(),
                            RawPointer.at(a.c().address()), plan.layoutC(),
                            plan.algorithm(), RawPointer.at(workspace.address()), WORKSPACE_BYTES, cudaStream),
                    "cublasLtMatmul " + a);
        }
    }

    @Override
    public void close() {
        prepared.values().forEach(PreparedMatmul::close);
        prepared.clear();
        workspaces.values().forEach(Memory::close);
        workspaces.clear();
        cublasLtDestroy(handle);
    }
}
