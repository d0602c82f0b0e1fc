package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code standard} between rank threads on one GPU: all its results equal those of {@code minimal_async_ep}, bit for bit. */
@Tag("gpu")
@Timeout(60)
final class StandardGpuTest {

    @ParameterizedTest(name = "{0} ranks, T {1}, D {2}, E {3}, K {4}, {5}, {6}, factor {7}")
    @CsvSource({"1,5,8,4,2,F32,random,0", "2,2,8,4,2,F32,random,0", "4,100,64,8,3,F32,random,0",
            "4,100,256,8,3,BF16,random,0", "4,0,16,8,2,F32,random,0", "4,33,24,8,2,F32,one,0",
            "2,17,7,6,3,BF16,random,0", "2,17,7,6,3,F32,random,0",
            "4,3000,128,64,6,BF16,random,0", "4,1500,64,64,6,BF16,robin,0", "4,200,32,8,2,F32,one,1.5",
            "4,1025,40,160,6,BF16,random,0", "4,64,2048,256,8,BF16,random,0", "4,512,16,12,12,F32,random,0"})
    void givesWhatMinimalAsyncEpGives(int ranks, int tokens, int dim, int experts, int topK, DType dtype,
            String routing, double factor) throws Exception {
        CommConfig whole = CommConfig.of(tokens, dim, experts, topK, dtype);
        CommConfig config = factor == 0 ? whole
                : whole.withCapacity(ReceiveCapacity.factor(factor), OverflowAction.DROP);
        Ranks.run(ranks, Duration.ofSeconds(20), rank -> {
            compare(rank, config, ExchangeGpuTest.ids(routing, tokens, experts, topK, rank.index()));
            return null;
        });
    }

    private static void compare(Ranks.Rank rank, CommConfig config, int[] ids) {
        try (PeerGroup peers = rank.gpu().device.openPeerGroup(rank.world(), rank.context().rendezvous());
                Collectives collectives = Gpu.provider(ServiceLoader.load(CollectivesProvider.class),
                        "cuda_peer_memory").open(rank.world(), rank.context());
                CommBackend minimal = provider("minimal_async_ep").open(config,
                        new CommContext(rank.context(), rank.world(), Optional.of(peers), Optional.empty()));
                CommBackend standard = provider("standard").open(config,
                        new CommContext(rank.context(), rank.world(), Optional.empty(), Optional.of(collectives)))) {
            Map<String, double[]> expected = exchange(rank, minimal, config, ids);
            Map<String, double[]> actual = exchange(rank, standard, config, ids);
            assertEquals(expected.keySet(), actual.keySet());
            expected.forEach((what, values) -> {
                Reference.same(what, values, actual.get(what)); // refuses NaN, which marks elements that were not written
                assertArrayEquals(values, actual.get(what), what); // distinguishes +0 from -0
            });
        }
    }

    private static CommBackendProvider provider(String id) {
        return Gpu.provider(ServiceLoader.load(CommBackendProvider.class), id);
    }

    /** Runs twice: dispatch, "experts" that turn each row's weight into its scalar, and combine. Returns all results. */
    private static Map<String, double[]> exchange(Ranks.Rank rank, CommBackend backend, CommConfig config, int[] ids) {
        Gpu gpu = rank.gpu();
        long tokens = config.tokens();
        int topK = config.topK();
        Tensor idt = gpu.ints(ids, tokens, topK);
        Tensor x = gpu.floats(config.rowType(), Reference.random(config.rowType(), tokens * config.dim(),
                20 + rank.index()), tokens, config.dim());
        Tensor w = gpu.floats(DType.F32, Reference.random(DType.F32, tokens * topK, 40 + rank.index()), tokens, topK);
        Map<String, double[]> seen = new LinkedHashMap<>();
        try (Scope step = rank.context().memory().openStep()) {
            DispatchPlan plan = backend.plan(idt);
            double[] offsets = gpu.read(plan.offsets_e());
            seen.put("offsets", offsets);
            seen.put("tokens per expert", gpu.read(plan.tokensPerExpert_E()));
            long received = (long) offsets[offsets.length - 1];
            for (ReceiveBuffer buffer : ReceiveBuffer.values()) {
                Tensor out = gpu.tensor(config.rowType(), tokens, config.dim());
                Tensor scalars = gpu.tensor(DType.F32, tokens, topK);
                try (Scope rowsScope = rank.context().memory().open()) {
                    ReceivedRows rows = backend.dispatch(DispatchRequest.of(plan, x, buffer).withWeights(w)).await();
                    seen.put(buffer + " rows", gpu.read(rows.rows_RD().slice(0, 0, received)));
                    seen.put(buffer + " weights", gpu.read(rows.weights_R().slice(0, 0, received)));
                    gpu.stream.copy(rows.weights_R(), rows.scalars_R());
                    backend.combine(CombineRequest.of(rows, out).withScalars(scalars)).await();
                    seen.put(buffer + " sums", gpu.read(out));
                    seen.put(buffer + " scalars", gpu.read(scalars));
                }
            }
        }
        seen.put("statistics", gpu.read(backend.statistics().orElseThrow()));
        return seen;
    }
}
