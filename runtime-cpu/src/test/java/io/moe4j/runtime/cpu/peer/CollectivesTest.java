package io.moe4j.runtime.cpu.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.Ranks;
import io.moe4j.runtime.cpu.Values;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares with sums taken one by one, in fp32 and rank order: every bit must agree. Ranks <em>apart</em> do not use each other's addresses, as if
 * they were processes.
 */
class CollectivesTest {
    /** A number of fp32 elements that ranks <em>apart</em> must exchange in several parts. */
    private static final int SEVERAL_ROUNDS = 3_300_007;

    private static float value(int rank, int i) {
        return ((310 * rank + 17 * i) % 1009 - 500) / 3f * (1 + i % 7 * 1000);
    }

    private static Tensor of(RankContext rank, int count) {
        return Values.floats(rank.device(), rank.stream(), count, i -> value(rank.rank(), i));
    }

    private static float sum(int ranks, int i) {
        float sum = value(0, i);
        for (int rank = 1; rank < ranks; rank++) {
            sum += value(rank, i);
        }
        return sum;
    }

    private interface Body {
        void run(RankContext rank, Collectives collectives);
    }

    private static void run(int ranks, int threads, boolean strict, boolean apart, Body body) {
        new Ranks(Ranks.config(threads, strict), ranks).run(context -> {
            CpuPeerGroup together = (CpuPeerGroup) context.device().openPeerGroup(context.world(),
                    context.rendezvous());
            CpuPeerGroup peers = apart ? new CpuPeerGroup(together.machine(), context.world(), context.rendezvous(),
                    "process " + context.rank()) : together;
            try (Collectives collectives = new CpuPeerCollectives(peers)) {
                assertEquals(!apart || ranks == 1, peers.isOneProcess());
                body.run(context, collectives);
                context.rendezvous().exchange(context.world(), "done", new byte[0]);
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"1,1,false,false", "2,2,false,false", "3,2,true,false", "4,2,false,false", "4,2,true,false",
            "4,1,false,false", "1,1,false,true", "2,2,true,true", "3,2,false,true", "4,2,false,true"})
    void agreeWithDirectSums(int ranks, int threads, boolean strict, boolean apart) {
        run(ranks, threads, strict, apart, (rank, collectives) -> {
            Stream stream = rank.stream();
            for (int n : apart && ranks == 3 ? new int[] {SEVERAL_ROUNDS} : new int[] {0, 1, 3, 257, 20_001}) {
                Tensor mine = of(rank, n);
                Tensor all = Values.tensor(rank.device(), DType.F32, (long) n * ranks);
                collectives.allGather(stream, mine, all);
                float[] gathered = Values.read(stream, all);
                for (int i = 0; i < gathered.length; i++) {
                    assertEquals(value(i / n, i % n), gathered[i]);
                }
                Tensor part = Values.tensor(rank.device(), DType.F32, n);
                collectives.reduceScatter(stream, of(rank, n * ranks), part);
                float[] scattered = Values.read(stream, part);
                for (int i = 0; i < n; i++) {
                    assertEquals(sum(ranks, rank.rank() * n + i), scattered[i]);
                }
                Tensor both = of(rank, n);
                collectives.allReduce(stream, both);
                float[] reduced = Values.read(stream, both);
                for (int i = 0; i < n; i++) {
                    assertEquals(sum(ranks, i), reduced[i]);
                }
                Tensor sent = of(rank, n);
                collectives.broadcast(stream, sent, ranks - 1);
                float[] received = Values.read(stream, sent);
                for (int i = 0; i < n; i++) {
                    assertEquals(value(ranks - 1, i), received[i]);
                }
            }
        });
    }

    /** 100,001 elements are too many to be reduced through copies. */
    @ParameterizedTest
    @CsvSource({"3,false,false", "4,true,false", "3,false,true"})
    void gatherInPlaceAndReduceOtherTypes(int ranks, boolean strict, boolean apart) {
        run(ranks, 2, strict, apart, (rank, collectives) -> {
            Stream stream = rank.stream();
            Tensor all = Values.tensor(rank.device(), DType.I32, ranks * 5L);
            stream.fill(all.slice(0, rank.rank() * 5L, rank.rank() * 5L + 5), rank.rank() + 1);
            collectives.allGather(stream, all.slice(0, rank.rank() * 5L, rank.rank() * 5L + 5), all);
            assertArrayEquals(IntStream.range(0, ranks * 5).map(i -> i / 5 + 1).toArray(), Values.bits(stream, all));
            collectives.allReduce(stream, all);
            assertArrayEquals(IntStream.range(0, ranks * 5).map(i -> ranks * (i / 5 + 1)).toArray(),
                    Values.bits(stream, all));
            Tensor longs = Values.tensor(rank.device(), DType.I64, 9000);
            stream.fill(longs, rank.rank() - 7);
            collectives.allReduce(stream, longs);
            int total = IntStream.range(0, ranks).map(r -> r - 7).sum();
            assertEquals(total, Values.bits(stream, longs)[2 * 8999]);
            Tensor narrow = Values.tensor(rank.device(), DType.BF16, 100_001);
            stream.fill(narrow, 1 + rank.rank() / 128.0);
            collectives.allReduce(stream, narrow);
            float sum = ranks + IntStream.range(0, ranks).sum() / 128f;
            Tensor expected = Values.tensor(rank.device(), DType.BF16, 100_001);
            stream.fill(expected, sum);
            assertArrayEquals(Values.bits(stream, expected), Values.bits(stream, narrow));
            Tensor wide = Values.tensor(rank.device(), DType.F32, 11);
            Tensor part = Values.tensor(rank.device(), DType.BF16, 11L * ranks);
            stream.fill(part, 1 + rank.rank() / 128.0);
            collectives.reduceScatter(stream, part, wide);
            assertEquals(sum, Values.read(stream, wide)[10]);
        });
    }

    /** Rank r sends r + p rows to rank p; so some send nothing to some. */
    @ParameterizedTest
    @CsvSource({"1,false,false", "2,true,false", "4,false,false", "4,false,true", "3,true,true"})
    void sendRowsToTheirRanks(int ranks, boolean strict, boolean apart) {
        run(ranks, 2, strict, apart, (rank, collectives) -> {
            int self = rank.rank();
            long[] counts = IntStream.range(0, ranks).mapToLong(p -> self + p).toArray();
            int rows = (int) IntStream.range(0, ranks).mapToLong(p -> self + p).sum();
            Tensor in = Values.floats(rank.device(), rank.stream(), rows * 3, i -> 1000 * self + i).view(rows, 3);
            Tensor out = Values.tensor(rank.device(), DType.F32, rows, 3);
            collectives.allToAllV(rank.stream(), in, counts, out, counts);
            float[] got = Values.read(rank.stream(), out);
            int at = 0;
            for (int p = 0; p < ranks; p++) {
                int skipped = 0;
                for (int q = 0; q < self; q++) {
                    skipped += p + q;
                }
                for (int i = 0; i < 3 * (self + p); i++) {
                    assertEquals(1000 * p + 3 * skipped + i, got[at++]);
                }
            }
        });
    }
}
