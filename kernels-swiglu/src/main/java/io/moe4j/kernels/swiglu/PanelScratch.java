package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Slabs of fp32 scratch for panels of bf16 operands: one for each core that the device may use, and one for the thread that drives the stream. They
 * are allocated once; their size depends on the panel sizes only.
 */
final class PanelScratch implements AutoCloseable {
    private final Memory memory;
    private final BlockingQueue<Long> slabs;

    private PanelScratch(Memory memory, int count) {
        this.memory = memory;
        this.slabs = new LinkedBlockingQueue<>(count);
        for (int i = 0; i < count; i++) {
            slabs.add(memory.address() + i * PanelProduct.SCRATCH_BYTES);
        }
    }

    static PanelScratch allocate(Device device) {
        int count = device.config().threads() + 1;
        return new PanelScratch(device.allocate(count * PanelProduct.SCRATCH_BYTES, "expert kernel scratch"), count);
    }

    /** Takes a slab, and returns its address. Waits if all are taken; a thread that has a slab never waits, so one will be given back. */
    long take() {
        try {
            return slabs.take();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for expert kernel scratch", interrupted);
        }
    }

    void giveBack(long slab) {
        slabs.add(slab);
    }

    @Override
    public void close() {
        memory.close();
    }
}
