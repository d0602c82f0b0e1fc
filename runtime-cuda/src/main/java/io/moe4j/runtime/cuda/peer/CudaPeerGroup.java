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
import io.moe4j.runtime.cuda.ContextTurns;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.HostGate;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Peer memory between ranks of one JVM (which share addresses), of several GPUs (through peer access), and of several JVMs (through CUDA IPC).
 */
public final class CudaPeerGroup implements PeerGroup {
    private static final String FLAGS = "barrier flags";

    private final CudaDevice device;
    private final Group group;
    /**
     * The group's name and the time when its first rank opened it. The time distinguishes it from a group that is opened later, while this one is
     * still closing.
     */
    private final String name;
    private final Party party;
    private final CudaPeerDriver driver;
    private final Deque<SymmetricMemory> owned = new ArrayDeque<>();
    private final SymmetricMemory flags;
    private final Memory epoch;
    private final Map<String, Launch> barriers = new HashMap<>();
    private final HostGate gate;
    private final boolean inOneProcess;
    private final List<Boolean> elsewhere;
    private final boolean apart;
    private int allocations;
    private boolean closed;

    /** Joins the group; every rank of the group must call this. */
    public CudaPeerGroup(CudaDevice device, Group group, Rendezvous rendezvous) {
        this.device = device;
        this.group = group;
        this.party = new Party(group, rendezvous);
        List<PeerSeat> seats = party.exchange("seats of " + group.name(), PeerSeat.take(device).encode()).stream()
                .map(PeerSeat::decode).toList();
        this.name = group.name() + " " + seats.getFirst().since();
        List<Integer> here = IntStream.range(0, group.size())
                .filter(i -> seats.get(i).isInProcessOf(seats.get(group.index()))).boxed().toList();
        here.forEach(i -> device.turns().shareWith(seats.get(i).turns()));
        this.gate = new HostGate(here.stream().map(group.ranks()::get).toList(),
                here.stream().map(i -> seats.get(i).gateSlot()).toList(), group.rank(), rendezvous,
                device.config().timeout());
        this.inOneProcess = here.size() == group.size();
        this.elsewhere = seats.stream().map(seat -> !seat.gpu().equals(seats.get(group.index()).gpu())).toList();
        this.apart = seats.stream().map(PeerSeat::gpu).distinct().count() == group.size();
        this.driver = new CudaPeerDriver(device);
        this.epoch = party.telling("joining group " + group.name() + " " + group.ranks(), () -> {
            PeerSeat.requireAccess(group, seats, device.context()::reaches);
            return driver.allocate(Long.BYTES, FLAGS);
        });
        device.failures().join(rendezvous);
        try {
            // allocate() meets the other ranks after the memory is zero: no rank may signal before the flags of every rank are zero.
            this.flags = allocate((long) group.size() * Long.BYTES, FLAGS);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Bytes by purpose that a rank takes for a group before it allocates anything in it: its count, its flags, and the tables of the flags. */
    public static Map<String, Long> ownMemory(int ranks) {
        return Map.of(FLAGS, (long) Long.BYTES * (1 + ranks), CudaSymmetricMemory.TABLES,
                CudaSymmetricMemory.tableBytes(ranks));
    }

    /** Bytes by purpose that each memory allocated in a group takes in addition. */
    public static Map<String, Long> tableMemory(int ranks) {
        return Map.of(CudaSymmetricMemory.TABLES, CudaSymmetricMemory.tableBytes(ranks));
    }

    /** Whether all ranks are threads of this process, so that an address is valid for all of them. */
    boolean inOneProcess() {
        return inOneProcess;
    }

    /** Whether no two ranks share a GPU. All ranks come to the same result. */
    boolean haveDevicesOfTheirOwn() {
        return apart;
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
            // No rank may use the memory before all ranks have set it up, because the driver sets it up only while no kernel waits for another.
            party.meet(key + " is ready");
            return memory;
        });
    }

    @Override
    public boolean isOnAnotherDevice(int index) {
        return elsewhere.get(index);
    }

    /**
     * One block with one thread per peer: writes this rank's next epoch into each peer's flag (release, system scope), then waits for theirs
     * (acquire, system scope). The epoch is in device memory, so that a replayed graph continues the count.
     */
    @Override
    public void barrier(Stream stream, String phase) {
        if (group.size() == 1) {
            return;
        }
        String where = phase + " in group " + group.name() + " " + group.ranks();
        Launch launch = barriers.computeIfAbsent(where, this::barrierLaunch);
        if (stream.isCapturing()) {
            ((CudaStream) stream).captured(gate, HostGate.class, () -> gate);
            stream.launch(launch);
            return;
        }
        gate.pass(where);
        try (ContextTurns.Turn launching = device.turns().beginLaunch()) {
            stream.launch(launch);
            gate.pass(where);
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

    /** Closes the memories, the last one first, even if some cannot be closed. */
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
