package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.HostGate;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Peer memory between ranks of one JVM (an address is an address), of several GPUs (peer access), and of several JVMs (CUDA IPC).
 */
public final class CudaPeerGroup implements PeerGroup {
    private final CudaDevice device;
    private final Group group;
    private final Rendezvous rendezvous;
    private final Deque<SymmetricMemory> owned = new ArrayDeque<>();
    private final SymmetricMemory flags;
    private final Memory epoch;
    private final Map<String, Launch> barriers = new HashMap<>();
    private final HostGate.Member gate;
    private final boolean inOneProcess;
    private int allocations;

    /** Joins; every rank of the group does. */
    public CudaPeerGroup(CudaDevice device, Group group, Rendezvous rendezvous) {
        this.device = device;
        this.group = group;
        this.rendezvous = rendezvous;
        device.failures().join(rendezvous);
        List<byte[]> processes = rendezvous.exchange(group, "processes of " + group.name(), identity());
        this.gate = device.gate(group.name(), ranksLike(processes, PeerHandle.PROCESS_BYTES + Integer.BYTES))
                .member(group.rank(), rendezvous);
        this.inOneProcess = ranksLike(processes, PeerHandle.PROCESS_BYTES).size() == group.size();
        this.epoch = device.allocate(Long.BYTES, "barrier flags");
        try {
            this.flags = allocate((long) group.size() * Long.BYTES, "barrier flags");
            ZeroFill.now(device, Tensor.of(epoch, 0, DType.I32, 2));
            // No rank may signal before every rank's flags are zero.
            rendezvous.exchange(group, "peer group " + group.name() + " is ready", new byte[0]);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** The process, then the device in it. */
    private byte[] identity() {
        return ByteBuffer.allocate(PeerHandle.PROCESS_BYTES + Integer.BYTES).put(PeerHandle.thisProcess())
                .putInt(System.identityHashCode(device)).array();
    }

    /** Ranks whose identity begins with the same bytes as this one's: those in this process, or those on this device too, which share its context. */
    private List<Integer> ranksLike(List<byte[]> identities, int bytes) {
        byte[] mine = identity();
        return IntStream.range(0, group.size())
                .filter(i -> Arrays.equals(identities.get(i), 0, bytes, mine, 0, bytes)).map(group.ranks()::get).boxed()
                .toList();
    }

    /** Whether all ranks are threads of this process, so that an address means the same to all of them. */
    boolean inOneProcess() {
        return inOneProcess;
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public SymmetricMemory allocate(long bytes, String purpose) {
        String key = "symmetric memory " + group.name() + " " + allocations++;
        Memory local = device.allocate(bytes, purpose);
        List<Memory> peers = new ArrayList<>();
        try {
            ZeroFill.now(device, Tensor.of(local, 0, DType.I32, bytes / Integer.BYTES));
            List<byte[]> offers = rendezvous.exchange(group, key, PeerHandle.of(device, local).encode());
            for (int i = 0; i < group.size(); i++) {
                PeerHandle offer = PeerHandle.decode(ByteBuffer.wrap(offers.get(i)));
                if (offer.bytes() != bytes) {
                    throw new DeviceException("symmetric memory \"" + purpose + "\" is " + bytes + " bytes on rank "
                            + group.rank() + " and "
                            + offer.bytes() + " on rank " + group.ranks().get(i)
                            + "; all ranks must ask for the same");
                }
                peers.add(i == group.index() ? local : offer.open(device, purpose));
            }
            owned.push(new CudaSymmetricMemory(device, local, peers, group.index()));
        } catch (RuntimeException | Error e) {
            peers.stream().filter(peer -> peer != local).forEach(Memory::close);
            local.close();
            throw e;
        }
        // No rank may use it before all have set it up, which the driver does while no kernel waits for another.
        rendezvous.exchange(group, key + " is ready", new byte[0]);
        return owned.element();
    }

    /**
     * One block, one thread a peer: writes this rank's next epoch into each peer's flag (release, system scope), then waits for theirs (acquire, system
     * scope). The epoch lives in device memory, so that a replayed graph counts on.
     */
    @Override
    public void barrier(Stream stream, String phase) {
        if (group.size() == 1) {
            return;
        }
        String where = phase + " in group " + group.name() + " " + group.ranks();
        Launch launch = barriers.computeIfAbsent(where, this::barrierLaunch);
        if (stream.isCapturing()) {
            ((CudaStream) stream).captured(gate);
            stream.launch(launch);
            return;
        }
        gate.pass(where);
        stream.launch(launch);
        gate.pass(where);
    }

    private Launch barrierLaunch(String where) {
        return Launch.of(device.kernels().kernel("moe4j_barrier"), KernelArg.peers(flags),
                KernelArg.of(Tensor.of(flags.local(), 0, DType.I64, group.size())),
                KernelArg.of(Tensor.of(epoch, 0, DType.I64, 1)),
                KernelArg.of(group.index()), KernelArg.of(group.size()), KernelArg.of(group.rank()),
                KernelArg.of(device.failures().phase(where, group.ranks())),
                KernelArg.of(device.config().timeout().toNanos()),
                KernelArg.of(device.failures().deviceAddress())).withBlock(Math.max(32, group.size()));
    }

    Device device() {
        return device;
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            owned.pop().close();
        }
        epoch.close();
    }
}
