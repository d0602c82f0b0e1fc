package io.moe4j.runtime.cuda.driver;

import jcuda.driver.CUmodule;

/** A module whose handle can be read; in JCuda the handle is protected. */
public final class ModuleHandle extends CUmodule {

    /** The {@code CUmodule}. */
    long address() {
        return getNativePointer();
    }
}
