package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/** What the parts of a CPU device have in common: cores, products, memory, ways to wait. */
@Stability(Stability.Level.INTERNAL)
public final class Machine implements Commands, AutoCloseable {
    private final OpenBlas blas;
    private final CorePool pool;
    private final Waits waits;
    private final CpuHeap heap;

    /** Loads the BLAS and starts the threads. */
    public Machine(DeviceConfig config) {
        blas = OpenBlas.open();
        pool = new CorePool("cpu:" + config.ordinal(), config.threads());
        waits = new Waits(pool, config.timeout());
        heap = new CpuHeap(config.strict(), waits::hasFailed);
    }

    @Override
    public void submit(Stream stream, String name, Runnable work, Tensor... touched) {
        CpuStream.of(stream, this).submit(new Command(name, work, CpuStream.memoriesOf(touched)));
    }

    @Override
    public CorePool pool() {
        return pool;
    }

    @Override
    public Blas blas() {
        return blas;
    }

    /** The processor whose kernels the BLAS uses. */
    public String blasKernels() {
        return blas.kernels();
    }

    /** How to wait for peers. */
    public Waits waits() {
        return waits;
    }

    /** The memory. */
    public CpuHeap heap() {
        return heap;
    }

    @Override
    public void close() {
        pool.close();
        heap.close();
    }
}
