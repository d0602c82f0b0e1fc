package io.moe4j.runtime.planning;

import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Peers that do not exist, but have addresses. */
final class PlanningPeerGroup implements PeerGroup {
    private final PlanningDevice device;
    private final Group group;
    private final PlanningDevice.HeldMemory own;
    private final Deque<SymmetricMemory> owned = new ArrayDeque<>();

    PlanningPeerGroup(PlanningDevice device, Group group) {
        this.device = device;
        this.group = group;
        this.own = device.own(device.workspaceSizes().peerGroupMemory(group.size()));
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public SymmetricMemory allocate(long bytes, String purpose) {
        List<Memory> peers = new ArrayList<>();
        for (int index = 0; index < group.size(); index++) {
            peers.add(index == group.index() ? device.allocate(bytes, purpose) : device.peer(bytes, purpose));
        }
        SymmetricMemory memory = new Peers(peers, group.index(),
                device.own(device.workspaceSizes().symmetricMemory(group.size())));
        owned.push(memory);
        return memory;
    }

    @Override
    public void barrier(Stream stream, String phase) {}

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            owned.pop().close();
        }
        own.close();
    }

    private record Peers(List<Memory> all, int index, PlanningDevice.HeldMemory own) implements SymmetricMemory {

        @Override
        public Memory local() {
            return all.get(index);
        }

        @Override
        public Memory peer(int peer) {
            return all.get(peer);
        }

        @Override
        public void close() {
            all.forEach(Memory::close);
            own.close();
        }
    }
}
