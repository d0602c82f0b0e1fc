package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/** The properties of a product that decide which algorithm is used. */
record MatmulShape(long m, long n, long k, boolean transposeA, boolean transposeB, long lda, long ldb, long ldc,
        DType in, DType out,
        int alignment) {

    static MatmulShape of(Matmul a) {
        return new MatmulShape(a.m(), a.n(), a.k(), a.transposeA(), a.transposeB(), a.a().stride(0), a.b().stride(0),
                a.c().stride(0),
                a.a().dtype(), a.c().dtype(), Math.min(alignment(a.a()), Math.min(alignment(a.b()), alignment(a.c()))));
    }

    /** The largest power of two up to 256 that divides the address. */
    private static int alignment(Tensor tensor) {
        return (int) Long.lowestOneBit(tensor.address() | 256);
    }
}
