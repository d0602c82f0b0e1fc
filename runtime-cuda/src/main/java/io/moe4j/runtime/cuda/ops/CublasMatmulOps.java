package io.moe4j.runtime.cuda.ops;

import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;

/**
 * Dense products on cuBLASLt, accumulating in fp32; {@link ScaledMatmul} computes products of operands with scales. The library is column-major: it sees
 * a row-major (m, n) matrix as its (n, m) transpose. So c = a · b is requested as cᵀ = bᵀ · aᵀ, with the operands swapped and no data moved.
 *
 * <p>When a product is added to a bf16 c, the library rounds it to bf16 before it adds: two roundings instead of one.
 */
final class CublasMatmulOps implements MatmulOps, AutoCloseable {
    /** The size that the library's documentation recommends for Hopper. */
    static final long WORKSPACE_BYTES = 32L << 20;
    static final String WORKSPACE = "matmul workspace";

    private final CudaDevice device;
    private final Kernels kernels;
    private final cublasLtContext handle = new cublasLtContext();
    private final MatmulAlgorithms algorithms;
    private final ScaledMatmul scaled;
    private final Map<MatmulShape, PreparedMatmul> prepared = new ConcurrentHashMap<>();
    /** The value is empty for batches whose products are computed one by one. */
    private final Map<MatmulBatch, Optional<PreparedMatmul>> batches = new ConcurrentHashMap<>();
    private final Map<Stream, StreamMatmul> streams = new ConcurrentHashMap<>();

    CublasMatmulOps(CudaDevice device, Kernels kernels) {
        this.device = device;
        this.kernels = kernels;
        this.algorithms = new MatmulAlgorithms(handle, WORKSPACE_BYTES, device.context().computeCapability());
        this.scaled = new ScaledMatmul(kernels);
        PreparedMatmul.check(device.turns().call(() -> cublasLtCreate(handle)), "cublasLtCreate");
    }

    @Override
    public void matmul(Stream stream, Matmul a) {
        if (a.m() == 0 || a.n() == 0) {
            return;
        }
        if (a.a().dtype().isScaled()) {
            scaled.matmul(stream, a);
            return;
        }
        check(a);
        if (a.k() == 0) {
            kernels.each(stream, "scale_rows" + Kernels.suffix(a.c()), a.c().elements(), Kernels.of(a.c()),
                    Kernels.of(a.m()), Kernels.of(a.n()), Kernels.of(a.c().stride(0)), Kernels.of(a.beta()));
            return;
        }
        device.context().makeCurrent();
        StreamMatmul own = streams.computeIfAbsent(stream, this::open);
        MatmulShape shape = MatmulShape.of(a);
        PreparedMatmul plan = own.seen().get(shape);
        if (plan == null) {
            plan = prepared(shape);
            own.seen().put(shape, plan);
        }
        ((CudaStream) stream).uses(a.a(), a.b(), a.c());
        own.run(plan, a, ((CudaStream) stream).handleNow(), operation(plan, stream));
    }

    /** Computes the products in one call of the library if the algorithm of a single product can compute several; otherwise one by one. */
    @Override
    public void matmulEach(Stream stream, List<Matmul> products) {
        Optional<MatmulBatch> batch = products.stream().anyMatch(each -> each.m() == 0 || each.n() == 0
                || each.k() == 0) ? Optional.empty() : MatmulBatch.of(products);
        Optional<PreparedMatmul> plan = batch.flatMap(each -> {
            check(products.getFirst());
            device.context().makeCurrent();
            return batches.computeIfAbsent(each, b -> PreparedMatmul.of(algorithms, b, prepared(b.shape())));
        });
        if (plan.isEmpty()) {
            products.forEach(product -> matmul(stream, product));
            return;
        }
        ((CudaStream) stream).uses(products.stream().flatMap(each -> List.of(each.a(), each.b(), each.c()).stream())
                .toArray(Tensor[]::new));
        streams.computeIfAbsent(stream, this::open)
                .run(plan.get(), products.getFirst(), ((CudaStream) stream).handleNow(), operation(plan.get(), stream));
    }

    private cublasLtMatmulDescOpaque_t operation(PreparedMatmul plan, Stream stream) {
        return plan.operation(((CudaStream) stream).usableMultiprocessors(), device.multiprocessors());
    }

    /** All streams use the same algorithm, so that all ranks, and captured and eager steps, give the same bits. */
    private PreparedMatmul prepared(MatmulShape shape) {
        return prepared.computeIfAbsent(shape, s -> PreparedMatmul.of(algorithms, s));
    }

    private static void check(Matmul a) {
        Kernels.require(
                a.a().dtype() == a.b().dtype() && (a.c().dtype() == a.a().dtype() || a.c().dtype() == DType.F32),
                "matmul", a.a(), a.b(), a.c());
        for (Tensor matrix : List.of(a.a(), a.b(), a.c())) {
            // Beyond this, the library's kernels have been seen to access memory outside the operands.
            Kernels.require(matrix.stride(0) * matrix.dtype().bytes() <= Integer.MAX_VALUE,
                    "matmul of rows more than 2 GiB apart", matrix, matrix.strides());
        }
    }

    /** Whether products of operands with scales have fast kernels on this GPU. */
    boolean supportsScales() {
        return scaled.present();
    }

    private StreamMatmul open(Stream stream) {
        return new StreamMatmul(device.turns(), handle, device.allocate(WORKSPACE_BYTES, WORKSPACE));
    }

    @Override
    public void close() {
        batches.values().forEach(each -> each.ifPresent(PreparedMatmul::close));
        batches.clear();
        prepared.values().forEach(PreparedMatmul::close);
        prepared.clear();
        streams.values().forEach(StreamMatmul::close);
        streams.clear();
        device.turns().run(() -> cublasLtDestroy(handle));
    }
}
