package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.Memory;
import java.util.concurrent.atomic.AtomicBoolean;

/** Another rank's memory, as this rank sees it. Its owner frees it; closing it here only ends the view. */
final class BorrowedMemory implements Memory {
    private final long address;
    private final long bytes;
    private final String purpose;
    private final Runnable unmap;
    private final AtomicBoolean live = new AtomicBoolean(true);

    BorrowedMemory(long address, long bytes, String purpose, Runnable unmap) {
        this.address = address;
        this.bytes = bytes;
        this.purpose = purpose;
        this.unmap = unmap;
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
            unmap.run();
        }
    }
}
