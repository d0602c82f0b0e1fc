package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Barriers, symmetric memory and collectives between rank threads on one GPU. */
@Tag("gpu")
@Timeout(60)
final class PeerGpuTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void barriersOrderWritesToPeers(int ranks) throws Exception {
        Ranks.run(ranks, LIMIT, rank -> {
            checkBarriers(rank, 200);
            return null;
        });
    }

    static void checkBarriers(Ranks.Rank rank, int rounds) {
        int ranks = rank.world().size();
        try (PeerGroup peers = rank.context().device().openPeerGroup(rank.world(), rank.context().rendezvous());
                SymmetricMemory memory = peers.allocate(4L * ranks, "slots")) {
            Tensor own = Tensor.of(memory.local(), 0, DType.I32, ranks);
            Reference.same("zero at first", new double[ranks], rank.gpu().read(own));
            rank.context().rendezvous().exchange(rank.world(), "read", new byte[0]);
            for (int round = 1; round <= rounds; round++) {
                for (int p = 0; p < ranks; p++) {
                    rank.gpu().stream.fill(Tensor.of(memory.peer(p), 4L * rank.index(), DType.I32, 1),
                            100 * round + rank.index());
                }
                peers.barrier(rank.gpu().stream, "written");
                Tensor copy = rank.gpu().tensor(DType.I32, ranks);
                rank.gpu().stream.copy(own, copy);
                peers.barrier(rank.gpu().stream, "read");
                if (round % 10 == 0) {
                    double[] got = rank.gpu().read(copy);
                    for (int p = 0; p < ranks; p++) {
                        assertEquals(100 * round + p, got[p], "rank " + rank.index() + " slot " + p);
                    }
                }
            }
        }
    }

    @Test
    void missingRankIsNamed() {
        ExecutionException failure = assertThrows(ExecutionException.class,
                () -> Ranks.run(3, Duration.ofSeconds(2), rank -> {
                    try (PeerGroup peers = rank.context().device().openPeerGroup(rank.world(),
                            rank.context().rendezvous())) {
                        if (rank.index() != 1) {
                            peers.barrier(rank.gpu().stream, "the one that rank 1 misses");
                            rank.gpu().stream.synchronize();
                        }
                        return null;
                    }
                }));
        RankFailedException cause = (RankFailedException) failure.getCause();
        assertEquals(1, cause.failure().rank(), cause.getMessage());
        assertTrue(cause.getMessage().contains("the one that rank 1 misses"), cause.getMessage());
    }

    @ParameterizedTest(name = "{0} ranks, {1} elements, {2} to {3}")
    @CsvSource({"1,5,F32,F32", "2,1000,F32,BF16", "4,1,F32,F32", "4,1003,BF16,F32", "4,4096,BF16,BF16",
            "4,300000,F32,F32",
            "3,7,BF16,BF16", "4,100000,F32,BF16"})
    void collectives(int ranks, int n, DType in, DType out) throws Exception {
        Ranks.run(ranks, LIMIT, rank -> {
            checkCollectives(rank, n, in, out);
            return null;
        });
    }

    private static void checkCollectives(Ranks.Rank rank, int n, DType in, DType out) {
        int ranks = rank.world().size();
        CollectivesProvider provider = Gpu.provider(ServiceLoader.load(CollectivesProvider.class), "cuda_peer_memory");
        try (Collectives collectives = provider.open(rank.world(), rank.context())) {
            double[][] all = new double[ranks][];
            for (int p = 0; p < ranks; p++) {
                all[p] = Reference.random(in, (long) n * ranks, 10 + p);
            }
            for (int round = 0; round < 3; round++) {
                check(rank, collectives, all, n, in, out);
            }
            rank.gpu().stream.synchronize();
        }
    }

    private static void check(Ranks.Rank rank, Collectives collectives, double[][] all, int n, DType in, DType out) {
        Gpu gpu = rank.gpu();
        int ranks = all.length;
        Tensor mine = gpu.floats(in, all[rank.index()], (long) n * ranks);
        Tensor gathered = gpu.tensor(in, (long) n * ranks * ranks);
        collectives.allGather(gpu.stream, mine, gathered);
        double[] everything = new double[n * ranks * ranks];
        double[] sum = new double[n * ranks];
        for (int p = 0; p < ranks; p++) {
            System.arraycopy(all[p], 0, everything, p * n * ranks, n * ranks);
        }
        for (int i = 0; i < sum.length; i++) {
            float total = 0;
            for (int p = 0; p < ranks; p++) {
                total += (float) all[p][i];
            }
            sum[i] = total;
        }
        Reference.same("all-gather", everything, gpu.read(gathered));
        Tensor inPlace = gpu.tensor(in, (long) n * ranks * ranks);
        Tensor part = inPlace.slice(0, (long) rank.index() * n * ranks, (rank.index() + 1L) * n * ranks);
        gpu.stream.copy(mine, part);
        collectives.allGather(gpu.stream, part, inPlace);
        Reference.same("all-gather in place", everything, gpu.read(inPlace));
        Tensor scattered = gpu.tensor(out, n);
        collectives.reduceScatter(gpu.stream, mine, scattered);
        double[] mySum = new double[n];
        for (int i = 0; i < n; i++) {
            mySum[i] = Reference.rounded(out, sum[rank.index() * n + i]);
        }
        Reference.same("reduce-scatter", mySum, gpu.read(scattered));
        Tensor reduced = gpu.floats(in, all[rank.index()], (long) n * ranks);
        collectives.allReduce(gpu.stream, reduced);
        double[] rounded = new double[sum.length];
        for (int i = 0; i < sum.length; i++) {
            rounded[i] = Reference.rounded(in, sum[i]);
        }
        Reference.same("all-reduce", rounded, gpu.read(reduced));
        Tensor sent = gpu.floats(in, all[rank.index()], (long) n * ranks);
        collectives.broadcast(gpu.stream, sent, ranks - 1);
        Reference.same("broadcast", all[ranks - 1], gpu.read(sent));
        Tensor counts = gpu.ints(new int[] {rank.index(), 1 << 20}, 2);
        collectives.allReduce(gpu.stream, counts);
        Reference.same("integers", new double[] {ranks * (ranks - 1) / 2.0, (double) ranks * (1 << 20)},
                gpu.read(counts));
        allToAll(rank, collectives, all, in);
    }

    /** Rank s sends (s + d) mod 3 rows to rank d. */
    private static void allToAll(Ranks.Rank rank, Collectives collectives, double[][] all, DType dtype) {
        Gpu gpu = rank.gpu();
        int ranks = all.length;
        int width = 8;
        long[] send = new long[ranks];
        long[] receive = new long[ranks];
        double[][] rows = new double[ranks][];
        for (int p = 0; p < ranks; p++) {
            send[p] = (rank.index() + p) % 3;
            receive[p] = send[p];
            rows[p] = Reference.random(dtype, 3L * ranks * width, 100 + p);
        }
        long total = java.util.Arrays.stream(send).sum();
        Tensor in = gpu.floats(dtype, java.util.Arrays.copyOf(rows[rank.index()], (int) total * width), total, width);
        Tensor out = gpu.tensor(dtype, total, width);
        collectives.allToAllV(gpu.stream, in, send, out, receive);
        double[] expected = new double[(int) total * width];
        int at = 0;
        for (int p = 0; p < ranks; p++) {
            int skip = 0;
            for (int d = 0; d < rank.index(); d++) {
                skip += (p + d) % 3;
            }
            for (int i = 0; i < receive[p] * width; i++) {
                expected[at++] = rows[p][skip * width + i];
            }
        }
        Reference.same("all-to-all", expected, gpu.read(out));
    }
}
