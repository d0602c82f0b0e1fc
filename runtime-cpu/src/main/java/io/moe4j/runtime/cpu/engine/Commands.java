package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/** How the operations submit work and reach the cores and the BLAS. */
@Stability(Stability.Level.INTERNAL)
public interface Commands {

    /**
     * Enqueues work. It may run later, on another thread, and more than once (in replays).
     *
     * @param name for error messages
     * @param touched the tensors that the work reads or writes
     */
    void submit(Stream stream, String name, Runnable work, Tensor... touched);

    /** The cores of the device. */
    WorkPool pool();

    /** Matrix products on one core. */
    Blas blas();
}
