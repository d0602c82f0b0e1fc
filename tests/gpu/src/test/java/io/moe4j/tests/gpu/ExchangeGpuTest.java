package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
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
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code minimal_async_ep} between rank threads on one GPU, compared with the definition of the arrival order. */
@Tag("gpu")
@Timeout(60)
final class ExchangeGpuTest {

    @ParameterizedTest(name = "{0} ranks, T {1}, D {2}, E {3}, K {4}, {5}, {6}, factor {7}")
    @CsvSource({"1,5,8,4,2,F32,random,0", "2,2,8,4,2,F32,random,0", "4,100,64,8,3,F32,random,0",
            "4,100,256,8,3,BF16,random,0", "4,0,16,8,2,F32,random,0", "4,33,24,8,2,F32,one,0",
            "2,17,7,6,3,BF16,random,0",
            "4,3000,128,64,6,BF16,random,0", "4,1500,64,64,6,BF16,robin,0", "4,200,32,8,2,F32,one,1.5",
            "4,1025,40,160,6,BF16,random,0", "4,64,2048,256,8,BF16,random,0", "4,512,16,8,8,F32,random,0"})
    void rowsArriveInOrderAndComeBackSummed(int ranks, int tokens, int dim, int experts, int topK, DType dtype,
            String routing, double factor) throws Exception {
        Ranks.run(ranks, Duration.ofSeconds(20), rank -> {
            CommConfig config = CommConfig.of(tokens, dim, experts, topK, dtype);
            check(rank, factor == 0 ? config
                    : config.withCapacity(ReceiveCapacity.factor(factor), OverflowAction.DROP), routing);
            return null;
        });
    }

    static void check(Ranks.Rank rank) {
        check(rank, CommConfig.of(300, 256, 8, 3, DType.BF16), "random");
    }

    static void check(Ranks.Rank rank, CommConfig opened, String routing) {
        int tokens = Math.toIntExact(opened.tokens());
        int dim = Math.toIntExact(opened.dim());
        int experts = opened.experts();
        int topK = opened.topK();
        DType dtype = opened.rowType();
        int ranks = rank.world().size();
        int[][] ids = new int[ranks][];
        double[][] x = new double[ranks][];
        double[][] w = new double[ranks][];
        for (int r = 0; r < ranks; r++) {
            ids[r] = ids(routing, tokens, experts, topK, r);
            x[r] = Reference.random(dtype, (long) tokens * dim, 20 + r);
            w[r] = Reference.random(DType.F32, (long) tokens * topK, 40 + r);
        }
        try (PeerGroup peers = rank.gpu().device.openPeerGroup(rank.world(), rank.context().rendezvous());
                CommBackend backend = Gpu.provider(ServiceLoader.load(CommBackendProvider.class), "minimal_async_ep")
                        .open(opened,
                                new CommContext(rank.context(), rank.world(), Optional.of(peers), Optional.empty()));
                GraphCapture capture = Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph")
                        .open(rank.context())) {
            Tensor idt = rank.gpu().ints(ids[rank.index()], tokens, topK);
            Tensor xt = rank.gpu().floats(dtype, x[rank.index()], tokens, dim);
            Tensor wt = rank.gpu().floats(DType.F32, w[rank.index()], tokens, topK);
            Tensor out = rank.gpu().tensor(dtype, tokens, dim);
            Tensor scalars = rank.gpu().tensor(DType.F32, tokens, topK);
            Expected expected = Expected.of(rank.index(), ids, x, w, tokens, dim, experts, topK,
                    opened.capacityRows(ranks));
            try (Scope step = rank.context().memory().openStep()) {
                exchange(rank, backend, idt, xt, wt, out, scalars, expected);
            }
            expected.check(rank.gpu(), out, scalars, dtype);
            CapturedGraph graph;
            try (Scope step = rank.context().memory().openStep()) {
                graph = capture.capture(rank.gpu().stream,
                        () -> exchange(rank, backend, idt, xt, wt, out, scalars, null));
            }
            rank.gpu().stream.fill(out, 0);
            rank.gpu().stream.fill(scalars, 0);
            long syncs = rank.gpu().stream.hostSyncs();
            for (int i = 0; i < 20; i++) {
                graph.replay(rank.gpu().stream);
            }
            assertEquals(syncs, rank.gpu().stream.hostSyncs());
            expected.check(rank.gpu(), out, scalars, dtype);
        }
    }

    /** Runs dispatch, "experts" that turn each row's weight into its scalar, and combine. */
    private static void exchange(Ranks.Rank rank, CommBackend backend, Tensor ids, Tensor x, Tensor w, Tensor out,
            Tensor scalars, Expected expected) {
        DispatchPlan plan = backend.plan(ids);
        for (ReceiveBuffer buffer : ReceiveBuffer.values()) {
            ReceivedRows rows = backend.dispatch(DispatchRequest.of(plan, x, buffer).withWeights(w)).await();
            if (expected != null) {
                expected.checkArrived(rank.gpu(), plan, rows);
            }
            rank.gpu().stream.copy(rows.weights_R(), rows.scalars_R());
            backend.combine(CombineRequest.of(rows, out).withScalars(scalars)).await();
        }
    }

    /** The expert ids that the router of one rank chooses. */
    static int[] ids(String routing, int tokens, int experts, int topK, int rank) {
        Random random = new Random(77 + rank);
        int[] ids = new int[tokens * topK];
        for (int t = 0; t < tokens; t++) {
            List<Integer> all = new ArrayList<>();
            for (int e = 0; e < experts; e++) {
                all.add(e);
            }
            if (routing.equals("random")) {
                java.util.Collections.shuffle(all, random);
            }
            for (int k = 0; k < topK; k++) {
                ids[t * topK + k] = routing.equals("robin") ? (t * topK + k) % experts : all.get(k);
            }
        }
        return ids;
    }

    /** The expected results on one rank. */
    private record Expected(List<double[]> rows, List<Double> weights, int[] offsets, int[] tokensPerExpert,
            double[] out,
            double[] scalars) {

        static Expected of(int self, int[][] ids, double[][] x, double[][] w, int tokens, int dim, int experts,
                int topK,
                long capacity) {
            int ranks = ids.length;
            int local = experts / ranks;
            int[] offsets = new int[local];
            int[] perExpert = new int[experts];
            List<double[]> rows = new ArrayList<>();
            List<Double> weights = new ArrayList<>();
            boolean[] kept = new boolean[tokens * topK];
            for (int d = 0; d < ranks; d++) {
                long place = 0;
                for (int e = d * local; e < (d + 1) * local; e++) {
                    for (int s = 0; s < ranks; s++) {
                        for (int n = 0; n < tokens * topK; n++) {
                            if (ids[s][n] != e) {
                                continue;
                            }
                            perExpert[e]++;
                            boolean fits = place++ < capacity;
                            if (s == self) {
                                kept[n] = fits;
                            }
                            if (d == self && fits) {
                                rows.add(java.util.Arrays.copyOfRange(x[s], n / topK * dim, (n / topK + 1) * dim));
                                weights.add(w[s][n]);
                            }
                        }
                    }
                    if (d == self) {
                        offsets[e - d * local] = (int) Math.min(place, capacity);
                    }
                }
            }
            double[] out = new double[tokens * dim];
            double[] scalars = new double[tokens * topK];
            for (int n = 0; n < tokens * topK; n++) {
                scalars[n] = kept[n] ? w[self][n] : 0;
                for (int i = 0; kept[n] && i < dim; i++) {
                    int at = n / topK * dim + i;
                    out[at] = (float) out[at] + (float) x[self][at];
                }
            }
            return new Expected(rows, weights, offsets, perExpert, out, scalars);
        }

        void checkArrived(Gpu gpu, DispatchPlan plan, ReceivedRows received) {
            Reference.same("offsets", java.util.Arrays.stream(offsets).asDoubleStream().toArray(),
                    gpu.read(plan.offsets_e()));
            Reference.same("tokens per expert", java.util.Arrays.stream(tokensPerExpert).asDoubleStream().toArray(),
                    gpu.read(plan.tokensPerExpert_E()));
            if (rows.isEmpty()) {
                return;
            }
            double[] got = gpu.read(received.rows_RD().slice(0, 0, rows.size()));
            Reference.same("rows", rows.stream().flatMapToDouble(java.util.Arrays::stream).toArray(), got);
            Reference.same("weights", weights.stream().mapToDouble(Double::doubleValue).toArray(),
                    gpu.read(received.weights_R().slice(0, 0, rows.size())));
        }

        void check(Gpu gpu, Tensor sums, Tensor broughtBack, DType dtype) {
            double[] rounded = out.clone();
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = Reference.rounded(dtype, rounded[i]);
            }
            Reference.same("sums", rounded, gpu.read(sums));
            Reference.same("scalars", scalars, gpu.read(broughtBack));
        }
    }
}
