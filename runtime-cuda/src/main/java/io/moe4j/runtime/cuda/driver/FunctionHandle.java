package io.moe4j.runtime.cuda.driver;

import jcuda.driver.CUfunction;

/** A function whose handle can be read; in JCuda the handle is protected. */
public final class FunctionHandle extends CUfunction {

    /** The {@code CUfunction}. */
    long address() {
        return getNativePointer();
    }
}
