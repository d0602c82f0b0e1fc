package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cpu.engine.Closing;
import io.moe4j.runtime.cpu.engine.PeerMemory;
import java.util.List;

/** Memory of all ranks of a group; one of the parts is this rank's own. */
final class CpuSymmetricMemory implements PeerMemory {
    private final List<Memory> parts;
    private final int self;

    CpuSymmetricMemory(List<Memory> parts, int self) {
        this.parts = List.copyOf(parts);
        this.self = self;
    }

    @Override
    public Memory local() {
        return parts.get(self);
    }

    @Override
    public Memory peer(int index) {
        return parts.get(index);
    }

    @Override
    public int size() {
        return parts.size();
    }

    /** Frees this rank's own part, and unmaps the parts of other processes. */
    @Override
    public void close() {
        Closing.all(parts);
    }
}
