package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Shared by the parts of a CPU device: cores, BLAS, memory, and how to wait for peers. */
@Stability(Stability.Level.INTERNAL)
public final class CpuMachine implements Commands, AutoCloseable {
    private final Blas blas;
    private final String products;
    private final CorePool pool;
    private final Waits waits;
    private final CpuHeap heap;

    /**
     * Loads OpenBLAS and starts the worker threads.
     *
     * @param wide makes a BLAS that uses vectors of 512 bits, and OpenBLAS, its argument, for small products; used if OpenBLAS has no such kernels itself.
     *         Empty if this Java process has no such vectors
     */
    public CpuMachine(DeviceConfig config, Optional<UnaryOperator<Blas>> wide) {
        OpenBlas openBlas = OpenBlas.open();
        boolean own = wide.isPresent() && !openBlas.isWide();
        products = own ? "vectors of 512 bits" : "OpenBLAS for " + openBlas.kernels();
        blas = own ? wide.orElseThrow().apply(openBlas) : openBlas;
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

    /** A description of the BLAS, such as "OpenBLAS for Zen". */
    public String products() {
        return products;
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
