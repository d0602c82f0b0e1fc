package io.moe4j.runtime.cuda.driver;

import jcuda.driver.CUfunction;

/** A function whose handle can be read; JCuda keeps it protected. */
public final class FunctionHandle extends CUfunction {

    /** The {@code CUfunction}. */
    long address() {
        return getNativePointer();
    }
}
