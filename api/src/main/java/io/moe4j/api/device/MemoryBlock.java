package io.moe4j.api.device;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A range of addresses that is live until it is closed for the first time. */
final class MemoryBlock implements Memory {
    private final long address;
    private final long bytes;
    private final String purpose;
    private final Consumer<Memory> free;
    private final AtomicBoolean live = new AtomicBoolean(true);

    MemoryBlock(long address, long bytes, String purpose, Consumer<Memory> free) {
        this.address = address;
        this.bytes = bytes;
        this.purpose = purpose;
        this.free = free;
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
            free.accept(this);
        }
    }

    @Override
    public String toString() {
        return "\"" + purpose + "\" (" + bytes + " bytes)";
    }
}
