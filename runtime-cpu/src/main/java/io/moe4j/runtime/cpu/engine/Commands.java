package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/** How operations reach the machine. */
@Stability(Stability.Level.INTERNAL)
public interface Commands {

    /**
     * Enqueues work. It may run later, on another thread, and more than once (replay).
     *
     * @param name for error messages
     * @param touched what the work reads or writes
     */
    void submit(Stream stream, String name, Runnable work, Tensor... touched);

    /** The cores. */
    WorkPool pool();

    /** Products on one core. */
    Blas blas();
}
