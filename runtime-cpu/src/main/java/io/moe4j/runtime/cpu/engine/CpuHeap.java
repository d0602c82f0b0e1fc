package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.host.HostMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * The memory of a device, counted by purpose. Freed blocks go back to the system, with two exceptions:
 *
 * <ul>
 * <li>A strict heap keeps some freed blocks for a while, filled with NaN, so that code which still reads them computes NaN. It also guards the bytes
 * around each block (see {@link Guard}).
 * <li>After a rank has failed, all blocks stay as they are until the device closes, because other ranks may be in the middle of reading or writing
 * them. Some of these blocks hold addresses.
 * </ul>
 */
@Stability(Stability.Level.INTERNAL)
public final class CpuHeap implements AutoCloseable {
    private static final long ALIGNMENT = 256;
    private static final long LARGEST_QUARANTINE = 64L << 20;

    private final boolean strict;
    private final BooleanSupplier peersMayUseFreed;
    private final long capacity = HostMemory.bytes();
    private final NativeHeap system = new NativeHeap();
    private final Guard guard = new Guard();
    private final SequencedSet<Memory> live = new LinkedHashSet<>();
    private final Set<Long> guarded = new HashSet<>();
    private final Deque<Freed> quarantine = new ArrayDeque<>();
    private final Map<String, Long> held = new TreeMap<>();
    private long heldBytes;
    private long quarantinedBytes;
    private boolean closed;

    /**
     * A block that must not be used any more, but is not yet returned to the system.
     *
     * @param release returns the block to the system
     */
    private record Freed(long bytes, Runnable release) {}

    CpuHeap(boolean strict, BooleanSupplier peersMayUseFreed) {
        this.strict = strict;
        this.peersMayUseFreed = peersMayUseFreed;
    }

    /** Total bytes of the device. */
    public long capacityBytes() {
        return capacity;
    }

    /** Whether fresh blocks are full of NaN; otherwise they are zero. */
    public boolean isStrict() {
        return strict;
    }

    /** Bytes that neither this process nor another has allocated. */
    public synchronized long freeBytes() {
        return Math.max(0, Math.min(capacity - heldBytes, HostMemory.available()));
    }

    /** Allocates a block; see {@link io.moe4j.api.device.Device#allocate}. */
    public Memory allocate(long bytes, String purpose) {
        if (bytes < 0) {
            throw new DeviceException("\"" + purpose + "\" wants " + bytes + " bytes; sizes are >= 0");
        }
        synchronized (this) {
            long before = strict ? Guard.BEFORE : 0;
            long after = strict ? Guard.AFTER : 0;
            long block = bytes > capacity - heldBytes ? 0 : block(bytes, bytes + ALIGNMENT + before + after);
            if (block == 0) {
                throw outOfMemory(bytes, purpose);
            }
            long address = Math.ceilDiv(block + before, ALIGNMENT) * ALIGNMENT;
            if (strict) {
                Poison.fill(address, bytes);
                guard.put(address, bytes);
                guarded.add(address);
            }
            return adopt(address, bytes, purpose, () -> system.free(block));
        }
    }

    /** Allocates the memory of a block. It need not be cleared if all of it will be poisoned. */
    private long block(long bytes, long withGuards) {
        return strict && bytes <= Poison.WHOLE ? system.allocateUncleared(withGuards) : system.allocate(withGuards);
    }

    /** Allocates a block of zeros. */
    public Memory allocateZeros(long bytes, String purpose) {
        Memory memory = allocate(bytes, purpose);
        if (strict) {
            Addresses.clear(memory.address(), bytes);
        }
        return memory;
    }

    /** Counts a block from another source, such as a mapped file, as memory of this device. */
    public synchronized Memory adopt(long address, long bytes, String purpose, Runnable release) {
        Memory memory = Memory.of(address, bytes, purpose, freed -> free(freed, release));
        if (closed) {
            release.run();
            throw new DeviceException(memory + " was allocated on a device that is closed; close the device last");
        }
        live.add(memory);
        held.merge(purpose, bytes, Long::sum);
        heldBytes += bytes;
        return memory;
    }

    /** Allocated bytes by purpose. */
    public synchronized Map<String, Long> allocatedBytes() {
        return Map.copyOf(held);
    }

    private DeviceException outOfMemory(long bytes, String purpose) {
        return new DeviceException("out of memory: \"" + purpose + "\" wants " + bytes + " bytes, "
                + (capacity - heldBytes) + " of " + capacity + " are free, held: " + held
                + "; lower training.local_batch_size or training.seq_len, or use a smaller flavor");
    }

    private synchronized void free(Memory memory, Runnable release) {
        if (!live.remove(memory)) {
            return;
        }
        try {
            if (guarded.remove(memory.address())) {
                guard.check(memory.address(), memory.bytes(), memory.purpose());
            }
        } finally {
            giveBack(memory, release);
        }
    }

    private void giveBack(Memory memory, Runnable release) {
        heldBytes -= memory.bytes();
        held.merge(memory.purpose(), -memory.bytes(), Long::sum);
        held.values().removeIf(bytes -> bytes == 0);
        boolean kept = peersMayUseFreed.getAsBoolean();
        if (strict && !kept) {
            Poison.fill(memory.address(), memory.bytes());
        }
        if (!strict && !kept) {
            release.run();
            return;
        }
        quarantine.add(new Freed(memory.bytes(), release));
        quarantinedBytes += memory.bytes();
        while (quarantinedBytes > LARGEST_QUARANTINE && !peersMayUseFreed.getAsBoolean()) {
            Freed oldest = quarantine.remove();
            quarantinedBytes -= oldest.bytes();
            oldest.release().run();
        }
    }

    /** Frees everything, the latest block first. */
    @Override
    public void close() {
        List<Memory> left;
        synchronized (this) {
            closed = true;
            left = new ArrayList<>(live.reversed());
        }
        try {
            Closing.all(left);
        } finally {
            synchronized (this) {
                quarantine.forEach(freed -> freed.release().run());
                quarantine.clear();
            }
        }
    }
}
