package io.moe4j.runtime.planning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PlanningDeviceTest {
    private final PlanningDevice device = PlanningDevice.open(DeviceKind.CUDA, DeviceConfig.defaults(),
            new WorkspaceSizes() {});
    private final Stream stream = device.openStream("rank 0");

    private Tensor tensor(DType dtype, long... shape) {
        return Tensor.of(device.allocate(Tensor.bytes(dtype, shape), "test"), 0, dtype, shape);
    }

    private static Group group(int size, int index) {
        return new Group("g", IntStream.range(0, size).boxed().toList(), index);
    }

    @Test
    void memoryIsCountedByPurposeAndNeverOverlaps() {
        Memory first = device.allocate(1L << 45, "parameters");
        Memory second = device.allocate(0, "gradients");
        Memory third = device.allocate(100, "gradients");
        assertEquals(Map.of("parameters", 1L << 45, "gradients", 100L), device.allocatedBytes());
        assertEquals(0, first.address() % 256 + second.address() % 256 + third.address() % 256);
        assertTrue(second.address() >= first.address() + first.bytes() && third.address() > second.address());
        first.close();
        first.close();
        assertEquals(Map.of("gradients", 100L), device.allocatedBytes());
        assertFalse(first.isLive());
        assertThrows(DeviceException.class, () -> device.allocate(-1, "nonsense"));
    }

    /** The stack over endless memory finds its peak: 256-byte steps, and what was kept while a scope came and went. */
    @Test
    void aStackOverEndlessMemoryFindsItsPeak() {
        MemoryStack stack = new MemoryStack(device.endless(), region -> {});
        try (Scope step = stack.openStep()) {
            try (Scope inner = stack.open()) {
                stack.allocate("activations", DType.BF16, 1L << 40);
                stack.keep("plans", DType.I32, 1);
            }
            stack.allocate("activations", DType.F32, 100);
        }
        assertEquals((1L << 41) + 256, stack.peakBytes());
        assertEquals(Map.of("activations", 1L << 41, "plans", 256L), stack.peakByPurpose());
        assertTrue(device.allocatedBytes().isEmpty());
    }

    @Test
    void peersHaveMemoryOfTheirOwnThatIsNotCountedHere() {
        PeerGroup peers = device.openPeerGroup(group(4, 2), new PlanningRendezvous());
        SymmetricMemory memory = peers.allocate(1000, "receive buffer");
        assertEquals(Map.of("receive buffer", 1000L), device.allocatedBytes());
        assertEquals(memory.local(), memory.peer(2));
        assertEquals(4, IntStream.range(0, 4).mapToObj(memory::peer).map(Memory::address).distinct().count());
        peers.barrier(stream, "phase");
        peers.close();
        assertTrue(device.allocatedBytes().isEmpty());
    }

    @Test
    void hostReadsAreCountedAndGiveZeros() {
        int[] host = {1, 2, 3};
        stream.download(tensor(DType.I32, 3), MemorySegment.ofArray(host));
        assertArrayEquals(new int[3], host);
        stream.synchronize();
        assertEquals(2, stream.hostSyncs());
    }

    @Test
    void kernelsAreKnownByName() {
        KernelModule module = device.load(KernelSource.cpu("toy", Map.of("add", launch -> {
            throw new AssertionError("a plan runs nothing");
        })));
        stream.launch(Launch.of(module.kernel("add"), KernelArg.of(tensor(DType.F32, 4)), KernelArg.of(3)));
        assertTrue(assertThrows(DeviceException.class, () -> module.kernel("subtract")).getMessage()
                .contains("it has [add]"));
        KernelModule binaries = device.load(KernelSource.cpu("binary", Map.of()).with(DeviceKind.CUDA, () -> {
            throw new AssertionError("a plan reads no binary");
        }));
        assertEquals("anything", binaries.kernel("anything").name());
    }

    @Test
    void whatIsWrongOnEveryDeviceIsWrongHere() {
        Tensor a = tensor(DType.F32, 2, 3);
        Tensor b = tensor(DType.F32, 3, 2);
        Tensor freed = tensor(DType.F32, 2, 2);
        device.ops().matmul().matmul(stream, Matmul.of(a, b, freed));
        freed.memory().close();
        assertThrows(IllegalStateException.class, () -> device.ops().matmul().matmul(stream, Matmul.of(a, b, freed)));
        assertThrows(IllegalArgumentException.class, () -> device.ops().elementwise().add(stream, a, b, a));
        assertThrows(IllegalArgumentException.class, () -> stream.copy(a, tensor(DType.BF16, 2, 3)));
        assertThrows(IllegalArgumentException.class, () -> stream.upload(MemorySegment.ofArray(new float[5]), a));
        assertThrows(IllegalArgumentException.class, () -> device.ops().activation().swiglu(stream, a, a, b));
    }

    @Test
    void itStandsForADeviceOfAnotherKind() {
        assertEquals(DeviceKind.PLANNING, device.kind());
        assertEquals(DeviceKind.CUDA, device.targetKind());
    }

    @Test
    void whatTheDeviceWouldTakeByItselfCounts() {
        PlanningDevice other = PlanningDevice.open(new WorkspaceSizes() {
            @Override
            public Map<String, Long> streamMemory() {
                return Map.of("workspace", 32L);
            }

            @Override
            public Map<String, Long> peerGroupMemory(int ranks) {
                return Map.of("flags", 8L * ranks);
            }

            @Override
            public Map<String, Long> symmetricMemory(int ranks) {
                return Map.of("tables", 100L * ranks);
            }
        });
        Stream own = other.openStream("own");
        PeerGroup peers = other.openPeerGroup(group(4, 2), new PlanningRendezvous());
        peers.allocate(1000, "receive buffer");
        peers.allocate(10, "counts").close();
        assertEquals(Map.of("workspace", 32L, "flags", 32L, "tables", 400L, "receive buffer", 1000L),
                other.allocatedBytes());
        peers.close();
        own.close();
        assertTrue(other.allocatedBytes().isEmpty());
    }

    /** Rank 1 of 4 with 8 floats: what it fetches from each of 3 others, and they from it. */
    @Test
    void collectivesCountWhatWouldBeSent() {
        PlanningCollectives collectives = new PlanningCollectives(group(4, 1), device, Map.of("collectives", 100L));
        Tensor part = tensor(DType.F32, 8);
        Tensor whole = tensor(DType.F32, 32);
        collectives.allGather(stream, part, whole);
        assertEquals(3 * 32, collectives.bytesSent());
        collectives.reduceScatter(stream, whole, part);
        assertEquals(3 * 32 + 3 * 32, collectives.bytesSent());
        collectives.allReduce(stream, part);
        assertEquals(3 * 32 + 3 * 32 + 3 * 32, collectives.bytesSent());
        collectives.broadcast(stream, part, 0);
        assertEquals(9 * 32, collectives.bytesSent());
        collectives.broadcast(stream, part, 1);
        assertEquals(12 * 32, collectives.bytesSent());
        collectives.allToAllV(stream, tensor(DType.F32, 6, 2), new long[] {1, 2, 3, 0}, tensor(DType.F32, 1, 2),
                new long[] {0, 1, 0, 0});
        assertEquals(12 * 32 + 4 * 8, collectives.bytesSent());
        assertThrows(IllegalArgumentException.class, () -> collectives.allGather(stream, whole, part));
    }

    @Test
    void absentRanksGiveWhatThisOneGives() {
        List<byte[]> all = new PlanningRendezvous().exchange(group(3, 1), "key", new byte[] {7});
        assertEquals(3, all.size());
        all.forEach(bytes -> assertArrayEquals(new byte[] {7}, bytes));
        assertNotEquals(0, device.endless().bytes());
    }
}
