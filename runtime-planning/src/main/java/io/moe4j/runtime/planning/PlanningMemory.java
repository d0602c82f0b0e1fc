package io.moe4j.runtime.planning;

import io.moe4j.api.device.Memory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A range of addresses behind which there is nothing. */
final class PlanningMemory implements Memory {
    private final long address;
    private final long bytes;
    private final String purpose;
    private final Consumer<Memory> onFree;
    private final AtomicBoolean live = new AtomicBoolean(true);

    PlanningMemory(long address, long bytes, String purpose, Consumer<Memory> onFree) {
        this.address = address;
        this.bytes = bytes;
        this.purpose = purpose;
        this.onFree = onFree;
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
        if (live.getAndSet(false)) {
            onFree.accept(this);
        }
    }

    @Override
    public String toString() {
        return "planned memory \"" + purpose + "\" of " + bytes + " bytes";
    }
}
