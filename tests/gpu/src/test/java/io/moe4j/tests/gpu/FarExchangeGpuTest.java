package io.moe4j.tests.gpu;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One rank receives all rows of two ranks, which is more than 2³¹ elements: with T = 131080, K = 4 and D = 2048, 1048640 rows, of which the last 64
 * begin at or beyond element 2³¹. The test takes about 40 GiB.
 */
@Tag("gpu")
@Timeout(60)
final class FarExchangeGpuTest {
    private static final int RANKS = 2;
    private static final int TOKENS = 131_080;
    private static final int DIM = 2048;
    private static final int TOP_K = 4;
    private static final int EXPERTS = RANKS * TOP_K;
    private static final long STACK_BYTES = 12L << 30;
    private static final int LOOKED_AT = 70;

    @ParameterizedTest
    @ValueSource(strings = {"minimal_async_ep", "standard"})
    void rowsBeyond31BitsArriveAndComeBack(String backend) throws Exception {
        long stack = backend.equals("standard") ? STACK_BYTES : 1L << 30;
        Ranks.run(RANKS, Duration.ofSeconds(20), stack, rank -> {
            CommConfig config = CommConfig.of(TOKENS, DIM, EXPERTS, TOP_K, DType.BF16);
            try (PeerGroup peers = rank.gpu().device.openPeerGroup(rank.world(), rank.context().rendezvous());
                    Collectives collectives = Gpu.provider(ServiceLoader.load(CollectivesProvider.class),
                            "cuda_peer_memory").open(rank.world(), rank.context());
                    CommBackend opened = Gpu.provider(ServiceLoader.load(CommBackendProvider.class), backend)
                            .open(config, new CommContext(rank.context(), rank.world(), Optional.of(peers),
                                    Optional.of(collectives)))) {
                exchange(rank, opened);
            }
            return null;
        });
    }

    /** The value of all elements of a token of a rank: a whole number, and bf16 can hold four times that number exactly. */
    private static double value(int rank, long token) {
        return 1 + (7 * token + 13L * rank) % 60;
    }

    private static void exchange(Ranks.Rank rank, CommBackend backend) {
        Gpu gpu = rank.gpu();
        int[] ids = new int[TOKENS * TOP_K];
        double[] values = new double[TOKENS];
        for (int n = 0; n < ids.length; n++) {
            ids[n] = EXPERTS - TOP_K + n % TOP_K;
        }
        for (int t = 0; t < TOKENS; t++) {
            values[t] = value(rank.index(), t);
        }
        Tensor idt = gpu.ints(ids, TOKENS, TOP_K);
        Tensor x = gpu.tensor(DType.BF16, TOKENS, DIM);
        gpu.device.ops().elementwise().copy(gpu.stream, gpu.floats(DType.BF16, values, TOKENS, 1)
                .strided(new long[] {TOKENS, DIM}, new long[] {1, 0}), x);
        Tensor out = gpu.tensor(DType.BF16, TOKENS, DIM);
        try (Scope step = rank.context().memory().openStep()) {
            DispatchPlan plan = backend.plan(idt);
            ReceivedRows rows = backend.dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)).await();
            if (rank.index() == RANKS - 1) {
                long all = (long) RANKS * TOKENS * TOP_K;
                for (long from : new long[] {0, (1L << 31) / DIM - LOOKED_AT / 2, all - LOOKED_AT}) {
                    checkArrived(gpu, rows.rows_RD().slice(0, from, from + LOOKED_AT), from);
                }
            }
            backend.combine(CombineRequest.of(rows, out)).await();
        }
        for (long from : new long[] {0, TOKENS / 2, TOKENS - LOOKED_AT}) {
            double[] sums = new double[LOOKED_AT * DIM];
            for (int i = 0; i < sums.length; i++) {
                sums[i] = TOP_K * value(rank.index(), from + i / DIM);
            }
            Reference.same("sums from token " + from, sums, gpu.read(out.slice(0, from, from + LOOKED_AT)));
        }
    }

    /** Checks rows against the arrival order: row r belongs to expert r / (RANKS T); within an expert, rows are ordered by rank, then by token. */
    private static void checkArrived(Gpu gpu, Tensor rows, long from) {
        double[] expected = new double[LOOKED_AT * DIM];
        for (int i = 0; i < expected.length; i++) {
            long row = from + i / DIM;
            expected[i] = value((int) (row / TOKENS % RANKS), row % TOKENS);
        }
        Reference.same("rows from " + from, expected, gpu.read(rows));
    }
}
