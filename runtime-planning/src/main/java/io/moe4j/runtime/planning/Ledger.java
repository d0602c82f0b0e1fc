package io.moe4j.runtime.planning;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import java.util.Map;
import java.util.TreeMap;

/** Virtual addresses, and the bytes held by each purpose. Addresses are never used twice. Safe for use by many threads. */
final class Ledger {
    /** More bytes than any machine has, but small enough that sums of it do not overflow. */
    static final long ENDLESS = 1L << 55;

    private static final long ALIGNMENT = 256;

    private final Map<String, Long> allocated = new TreeMap<>();
    private long next = ALIGNMENT;

    synchronized Memory allocate(long bytes, String purpose) {
        if (bytes < 0) {
            throw new DeviceException("\"" + purpose + "\" wants " + bytes + " bytes; sizes are >= 0");
        }
        allocated.merge(purpose, bytes, Long::sum);
        return Memory.of(place(bytes), bytes, purpose, this::free);
    }

    synchronized Memory uncounted(long bytes, String purpose) {
        return Memory.of(place(bytes), bytes, purpose, memory -> {});
    }

    synchronized Map<String, Long> byPurpose() {
        return new TreeMap<>(allocated);
    }

    private synchronized void free(Memory memory) {
        allocated.merge(memory.purpose(), -memory.bytes(), Long::sum);
        allocated.values().removeIf(held -> held == 0);
    }

    private long place(long bytes) {
        long address = next;
        next = Math.addExact(next, Math.ceilDiv(Math.max(1, bytes), ALIGNMENT) * ALIGNMENT);
        return address;
    }
}
