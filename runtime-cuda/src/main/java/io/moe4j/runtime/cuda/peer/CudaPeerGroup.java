package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Device;
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
    private static final int IDENTITY_BYTES = PeerHandle.PROCESS_BYTES + Integer.BYTES;

    private final CudaDevice device;
    private final Group group;
    /** The group's, and when its first rank opened it: tells it from one that is opened later, while this one is still being closed. */
    private final String name;
    private final Party party;
    private final CudaPeerDriver driver;
    private final Deque<SymmetricMemory> owned = new ArrayDeque<>();
    private final SymmetricMemory flags;
    private final Memory epoch;
    private final Map<String, Launch> barriers = new HashMap<>();
    private final HostGate.Member gate;
    private final boolean inOneProcess;
    private int allocations;
    private boolean closed;

    /** Joins; every rank of the group does. */
    public CudaPeerGroup(CudaDevice device, Group group, Rendezvous rendezvous) {
        this.device = device;
        this.group = group;
        this.party = new Party(group, rendezvous);
        List<byte[]> processes = party.exchange("processes of " + group.name(),
                ByteBuffer.allocate(IDENTITY_BYTES + Long.BYTES).put(identity()).putLong(System.nanoTime()).array());
        this.name = group.name() + " " + ByteBuffer.wrap(processes.getFirst()).getLong(IDENTITY_BYTES);
        this.gate = device.gate(name, ranksLike(processes, IDENTITY_BYTES))
                .member(group.rank(), rendezvous);
        this.inOneProcess = ranksLike(processes, PeerHandle.PROCESS_BYTES).size() == group.size();
        this.driver = new CudaPeerDriver(device);
        this.epoch = party.telling("joining group " + group.name() + " " + group.ranks(),
                () -> driver.allocate(Long.BYTES, "barrier flags"));
        device.failures().join(rendezvous);
        try {
            // It meets the others when it is zero: no rank may signal before every rank's flags are.
            this.flags = allocate((long) group.size() * Long.BYTES, "barrier flags");
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** The process, then the device in it. */
    private byte[] identity() {
        return ByteBuffer.allocate(IDENTITY_BYTES).put(PeerHandle.thisProcess())
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
        String key = "symmetric memory " + name + " " + allocations++;
        return party.telling("opening \"" + purpose + "\" in group " + group.name() + " " + group.ranks(), () -> {
            SymmetricMemory memory = CudaSymmetricMemory.of(device,
                    SharedMemory.open(driver, party, key, device.pendingFrees(), bytes, purpose));
            owned.push(memory);
            // No rank may use it before all have set it up, which the driver does while no kernel waits for another.
            party.meet(key + " is ready");
            return memory;
        });
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
            ((CudaStream) stream).captured(gate, HostGate.Member.class, () -> gate);
            stream.launch(launch);
            return;
        }
        gate.pass(where);
        device.turns().beginLaunch();
        try {
            stream.launch(launch);
            gate.pass(where);
        } finally {
            device.turns().endLaunch();
        }
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

    /** The last one first, also behind one that cannot be closed. */
    @Override
    public void close() {
        SymmetricMemory last = owned.poll();
        if (last != null) {
            try {
                last.close();
            } finally {
                close();
            }
        } else if (!closed) {
            closed = true;
            epoch.close();
            device.failures().leave(party.rendezvous());
        }
    }
}
