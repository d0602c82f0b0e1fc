package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/** What the parts of a CPU device share: cores, BLAS, memory, and how to wait for peers. */
@Stability(Stability.Level.INTERNAL)
public final class CpuMachine implements Commands, AutoCloseable {
    private final OpenBlas blas;
    private final CorePool pool;
    private final Waits waits;
    private final CpuHeap heap;

    /** Loads the BLAS and starts the worker threads. */
    public CpuMachine(DeviceConfig config) {
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

    /** Name of the processor type whose kernels the BLAS uses. */
    public String blasKernels() {
        return blas.kernels();
    }

    /** How threads wait for peers. */
    public Waits waits() {
        return waits;
    }

    /** The memory of the device. */
    public CpuHeap heap() {
        return heap;
    }

    @Override
    public void close() {
        pool.close();
        heap.close();
    }
}
