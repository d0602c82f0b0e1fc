package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.Closing;
import io.moe4j.runtime.cpu.engine.CpuMachine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Peer memory between ranks that are threads of one process (which share addresses), or processes of one machine (which map the same files).
 *
 * <p>A barrier counts up from one to the next. At its {@code n}th arrival, a rank writes {@code n} into each peer's flags, and waits until its own
 * flags are all at least {@code n}. The count is in memory, so that a replayed graph continues it. A flag of {@code n + 1} means that the peer has
 * already passed this barrier; it cannot be further ahead, because it waits for this rank.
 */
@Stability(Stability.Level.INTERNAL)
public final class CpuPeerGroup implements PeerGroup {
    /** Purpose of the memory that the group itself allocates. */
    public static final String FLAGS = "barrier flags";

    /** Bytes of a flag. Each has its own cache line, because a different rank writes each. */
    private static final long FLAG_BYTES = 64;

    private final CpuMachine machine;
    private final Group group;
    private final Rendezvous rendezvous;
    private final Deque<SymmetricMemory> owned = new ArrayDeque<>();
    private final SharedMemoryFolder files = SharedMemoryFolder.ofThisMachine();
    private final boolean oneProcess;
    private final SymmetricMemory flags;
    private final Memory arrivals;
    private int allocations;
    private boolean closed;

    /** Joins the group; every rank of the group must call this. */
    public CpuPeerGroup(CpuMachine machine, Group group, Rendezvous rendezvous) {
        this(machine, group, rendezvous, process());
    }

    /** Joins as a rank in {@code process}; ranks share addresses only if all are in the same process. */
    CpuPeerGroup(CpuMachine machine, Group group, Rendezvous rendezvous, String process) {
        this.machine = machine;
        this.group = group;
        this.rendezvous = rendezvous;
        List<String> processes = rendezvous
                .exchange(group, "peer group " + group.name(), process.getBytes(StandardCharsets.UTF_8)).stream()
                .map(name -> new String(name, StandardCharsets.UTF_8)).toList();
        oneProcess = processes.stream().distinct().count() == 1;
        if (!oneProcess) {
            files.sweep();
        }
        flags = allocate(group.size() * FLAG_BYTES, FLAGS);
        arrivals = machine.heap().allocate(Long.BYTES, FLAGS);
        Addresses.setRelease(arrivals.address(), 0);
        // No rank may signal before the flags of every rank are allocated.
        rendezvous.exchange(group, "peer group " + group.name() + " is ready", new byte[0]);
        machine.waits().join(rendezvous);
    }

    /** A name for this process that no other process on any machine has or will ever have. */
    private static String process() {
        return ProcessName.own() + " of " + bootId();
    }

    /** Linux draws this id at random whenever a machine starts, so two machines do not have the same. */
    private static String bootId() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException e) {
            return "an unknown machine";
        }
    }

    /** Bytes that the group itself takes, before any symmetric memory is allocated. */
    public static long deviceBytes(int ranks) {
        return ranks * FLAG_BYTES + Long.BYTES;
    }

    @Override
    public Group group() {
        return group;
    }

    /** Whether all ranks are threads of this process, so that each can reach all memory of the others. */
    boolean isOneProcess() {
        return oneProcess;
    }

    CpuMachine machine() {
        return machine;
    }

    @Override
    public SymmetricMemory allocate(long bytes, String purpose) {
        String key = "symmetric memory " + group.name() + " " + allocations++;
        SymmetricMemory memory = oneProcess ? share(key, bytes, purpose) : map(key, bytes, purpose);
        owned.push(memory);
        return memory;
    }

    private SymmetricMemory share(String key, long bytes, String purpose) {
        Memory local = machine.heap().allocate(bytes, purpose);
        if (machine.heap().isStrict()) {
            Addresses.clear(local.address(), bytes);
        }
        List<PeerHandle> handles = exchange(key, new PeerHandle(local.address(), bytes, ""), purpose);
        List<Memory> parts = new ArrayList<>();
        for (int i = 0; i < group.size(); i++) {
            parts.add(i == group.index() ? local : Memory.borrowed(handles.get(i).address(), bytes, purpose));
        }
        return new CpuSymmetricMemory(parts, group.index());
    }

    private SymmetricMemory map(String key, long bytes, String purpose) {
        Path file = files.create(bytes, purpose, group.size());
        List<Memory> parts = new ArrayList<>();
        try {
            List<PeerHandle> handles = exchange(key, new PeerHandle(0, bytes, file.toString()), purpose);
            for (int i = 0; i < group.size(); i++) {
                Path from = Path.of(handles.get(i).file());
                parts.add(files.map(machine.heap(), from, bytes, purpose, i == group.index()));
            }
            rendezvous.exchange(group, key + " is mapped", new byte[0]);
            return new CpuSymmetricMemory(parts, group.index());
        } catch (RuntimeException | Error e) {
            parts.forEach(Memory::close);
            throw e;
        } finally {
            files.unlink(file);
        }
    }

    private List<PeerHandle> exchange(String key, PeerHandle mine, String purpose) {
        List<PeerHandle> handles = rendezvous.exchange(group, key, mine.encode()).stream().map(PeerHandle::decode)
                .toList();
        for (int i = 0; i < group.size(); i++) {
            if (handles.get(i).bytes() != mine.bytes()) {
                throw new DeviceException("symmetric memory \"" + purpose + "\" is " + mine.bytes() + " bytes on rank "
                        + group.rank() + " and " + handles.get(i).bytes() + " on rank " + group.ranks().get(i)
                        + "; all ranks must ask for the same");
            }
        }
        return handles;
    }

    @Override
    public void barrier(Stream stream, String phase) {
        if (group.size() > 1) {
            machine.submit(stream, "barrier: " + phase, () -> meet(phase),
                    Tensor.of(flags.local(), 0, DType.I64, flags.local().bytes() / Long.BYTES),
                    Tensor.of(arrivals, 0, DType.I64, 1));
        }
    }

    /** Passes a barrier now, as part of a running command. */
    void meet(String phase) {
        if (group.size() == 1) {
            return;
        }
        long arrival = Addresses.getAcquire(arrivals.address()) + 1;
        Addresses.setRelease(arrivals.address(), arrival);
        for (int i = 0; i < group.size(); i++) {
            // Release: a rank that sees this flag also sees everything that this rank has written.
            Addresses.setRelease(flags.peer(i).address() + group.index() * FLAG_BYTES, arrival);
        }
        machine.waits().wake();
        // Acquire: what peers wrote before they arrived is visible from here on.
        if (!machine.waits().until(() -> IntStream.range(0, group.size()).allMatch(i -> flag(i) >= arrival))) {
            throw tooLate(phase, arrival);
        }
    }

    private long flag(int index) {
        return Addresses.getAcquire(flags.local().address() + index * FLAG_BYTES);
    }

    private RankFailedException tooLate(String phase, long arrival) {
        List<Integer> missing = IntStream.range(0, group.size()).filter(i -> flag(i) < arrival).boxed().toList();
        String counts = missing.stream().map(i -> "rank " + group.ranks().get(i) + " at " + flag(i)).toList()
                .toString();
        RankFailure failure = new RankFailure(group.ranks().get(missing.getFirst()), phase,
                "rank " + group.rank() + " waited longer than " + machine.waits().timeout().toMillis() / 1000.0
                        + " s at a barrier of group "
                        + group.name() + " " + group.ranks() + " for " + counts + ", expected arrival " + arrival
                        + "; these ranks are stuck or gone, see their logs, or raise the device's time limit");
        rendezvous.fail(failure);
        return new RankFailedException(rendezvous.failure().orElse(failure));
    }

    @Override
    public void close() {
        List<AutoCloseable> left = new ArrayList<>(owned);
        left.add(arrivals);
        owned.clear();
        if (!closed) {
            closed = true;
            left.add(() -> machine.waits().leave(rendezvous));
        }
        Closing.all(left);
    }
}
