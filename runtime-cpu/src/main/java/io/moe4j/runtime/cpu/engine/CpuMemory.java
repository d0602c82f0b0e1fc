package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.device.Memory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A block of off-heap memory. */
final class CpuMemory implements Memory {
    private final long address;
    private final long bytes;
    private final String purpose;
    private final Consumer<CpuMemory> onClose;
    private final Runnable release;
    private final AtomicBoolean live = new AtomicBoolean(true);

    /**
     * @param onClose told once, when it is freed
     * @param release gives it back to the system
     */
    CpuMemory(long address, long bytes, String purpose, Consumer<CpuMemory> onClose, Runnable release) {
        this.address = address;
        this.bytes = bytes;
        this.purpose = purpose;
        this.onClose = onClose;
        this.release = release;
    }

    @Override
    public long address() {
        return address;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public String purpose() {
        return purpose;
    }

    @Override
    public boolean isLive() {
        return live.get();
    }

    @Override
    public void close() {
        if (live.compareAndSet(true, false)) {
            onClose.accept(this);
        }
    }

    void release() {
        release.run();
    }

    @Override
    public String toString() {
        return "\"" + purpose + "\" (" + bytes + " bytes)";
    }
}
