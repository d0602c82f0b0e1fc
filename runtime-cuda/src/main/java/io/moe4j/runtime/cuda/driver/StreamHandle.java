package io.moe4j.runtime.cuda.driver;

import jcuda.driver.CUstream;

/** A stream whose handle can be passed to other libraries (cuBLASLt, cuDNN, NCCL). */
public final class StreamHandle extends CUstream {

    /** The {@code cudaStream_t}. */
    public long address() {
        return getNativePointer();
    }
}
