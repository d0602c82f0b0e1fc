package io.moe4j.comm.minimalasyncep;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.device.CpuKernel;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.tests.contract.Planted;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which of the two ways of dispatching is used, seen from the kernels that are launched. */
class DedupChoiceTest {
    private static final int RANKS = 2;
    /** Two ranks, 64 experts, K = 6, rows of 4096 bytes: 510 tokens save a little more than 4 MiB. */
    private static final String WORTH_IT = "510";

    @ParameterizedTest
    @CsvSource({"AUTO, true, " + WORTH_IT + ", true", "AUTO, false, " + WORTH_IT + ", false", "AUTO, true, 500, false",
            "ON, false, 500, true", "ON, true, 500, true", "OFF, true, " + WORTH_IT + ", false"})
    void theConfigurationTheLinksAndTheBytesDecide(Dedup dedup, boolean otherDevice, int tokens, boolean once)
            throws Exception {
        Set<String> launched = ConcurrentHashMap.newKeySet();
        CommConfig config = CommConfig.of(tokens, 1024, 64, 6, DType.F32).withDedup(dedup);
        try (Device device = new CpuDeviceProvider().open(DeviceConfig.defaults());
                ExecutorService threads = Executors.newFixedThreadPool(RANKS)) {
            Rendezvous rendezvous = ThreadRendezvous.of(RANKS, device.config().timeout());
            List<Future<Boolean>> ranks = IntStream.range(0, RANKS).mapToObj(rank -> threads.submit(() -> {
                dispatch(device, new Group("all", List.of(0, 1), rank), rendezvous, config, otherDevice, launched);
                return true;
            })).toList();
            for (Future<Boolean> rank : ranks) {
                rank.get();
            }
        }
        assertEquals(once ? Set.of("dispatch_rows_once", "spread_rows") : Set.of("dispatch_rows"), launched);
    }

    private static void dispatch(Device device, Group world, Rendezvous rendezvous, CommConfig config,
            boolean otherDevice, Set<String> launched) {
        Device watched = Planted.instead(Device.class, device, (method, arguments) -> method.equals("load")
                ? device.load(watched((KernelSource) arguments[0], launched))
                : Planted.CALL);
        try (Memory memory = device.allocate(8 << 20, "stack");
                Stream stream = device.openStream("rank " + world.index());
                PeerGroup peers = device.openPeerGroup(world, rendezvous)) {
            PeerGroup placed = new Placed(peers, otherDevice);
            RankContext rank = new RankContext(world, watched, stream, new MemoryStack(memory, freed -> {}),
                    rendezvous);
            try (CommBackend backend = new MinimalAsyncEpProvider().open(config,
                    new CommContext(rank, world, Optional.of(placed), Optional.empty()));
                    Scope step = rank.memory().openStep();
                    Memory rows = device.allocate(Tensor.bytes(DType.F32, config.tokens(), config.dim()), "rows")) {
                Tensor ids = rank.memory().allocate("ids", DType.I32, config.tokens(), config.topK());
                stream.upload(MemorySegment.ofArray(IntStream.range(0, Math.toIntExact(config.routedRows()))
                        .map(row -> row % config.topK()).toArray()), ids);
                Tensor x = Tensor.of(rows, 0, DType.F32, config.tokens(), config.dim());
                backend.dispatch(DispatchRequest.of(backend.plan(ids), x, ReceiveBuffer.ACTIVATIONS)).await();
                stream.synchronize();
            }
        }
    }

    /** Peers for which {@code isOnAnotherDevice} is set by the test. */
    private record Placed(PeerGroup peers, boolean otherDevice) implements PeerGroup {
        @Override
        public Group group() {
            return peers.group();
        }

        @Override
        public SymmetricMemory allocate(long bytes, String purpose) {
            return peers.allocate(bytes, purpose);
        }

        @Override
        public boolean isOnAnotherDevice(int index) {
            return otherDevice && index != group().index();
        }

        @Override
        public void barrier(Stream stream, String phase) {
            peers.barrier(stream, phase);
        }

        @Override
        public void close() {
            peers.close();
        }
    }

    private static KernelSource watched(KernelSource source, Set<String> launched) {
        Map<String, CpuKernel> all = new HashMap<>(source.cpu());
        for (String kernel : List.of("dispatch_rows", "dispatch_rows_once", "spread_rows")) {
            all.computeIfPresent(kernel, (name, real) -> launch -> {
                launched.add(name);
                real.run(launch);
            });
        }
        return new KernelSource(source.name(), all, source.binaries());
    }
}
