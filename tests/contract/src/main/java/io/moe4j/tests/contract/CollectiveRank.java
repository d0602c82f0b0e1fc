package io.moe4j.tests.contract;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;

/** A rank's collectives, with each operation compared with its definition. */
final class CollectiveRank {
    private final RankContext context;
    private final Group group;
    private final Collectives collectives;
    private final HostValues values;

    private CollectiveRank(RankContext context, Group group, Collectives collectives) {
        this.context = context;
        this.group = group;
        this.collectives = collectives;
        values = new HostValues(context.device(), context.stream());
    }

    /** The check of an operation for a type and a size. */
    @FunctionalInterface
    interface Check {
        void on(CollectiveRank rank, DType type, int elements);
    }

    /** The work of each rank. */
    @FunctionalInterface
    interface Work {
        void on(CollectiveRank rank) throws Exception;
    }

    static boolean with(CollectivesProvider provider, RankContext context, Group group, Work work) throws Exception {
        Collectives collectives = provider.open(group, context);
        CollectiveRank rank = new CollectiveRank(context, group, collectives);
        try {
            work.on(rank);
            context.stream().synchronize();
        } catch (Exception | Error e) {
            context.rendezvous().fail(new RankFailure(context.rank(), "contract", String.valueOf(e)));
            throw e;
        } finally {
            rank.values.close();
            collectives.close();
            collectives.close();
        }
        return true;
    }

    Collectives collectives() {
        return collectives;
    }

    HostValues values() {
        return values;
    }

    int size() {
        return group.size();
    }

    Stream stream() {
        return context.stream();
    }

    /** The data of rank {@code index} of the group: numbers of different magnitudes, so that the order of a sum matters. */
    private static double[] given(DType type, int index, int count, long seed) {
        Random random = new Random(1000 * seed + index);
        double[] given = new double[count];
        Arrays.setAll(given, i -> type.isFloating()
                ? Rounding.to(type, random.nextGaussian() * Math.scalb(1.0, random.nextInt(10) - 5))
                : random.nextInt(1 << 20) - (1 << 19));
        return given;
    }

    private double[] mine(DType type, int count) {
        return given(type, group.index(), count, count);
    }

    /** The sum in rank order, in single precision. */
    private double[] sum(DType in, DType out, int count, long seed) {
        double[] sums = new double[count];
        for (int index = 0; index < size(); index++) {
            double[] given = given(in, index, count, seed);
            for (int i = 0; i < count; i++) {
                sums[i] = in.isFloating() && index > 0 ? (float) sums[i] + (float) given[i] : sums[i] + given[i];
            }
        }
        for (int i = 0; in.isFloating() && i < count; i++) {
            sums[i] = Rounding.to(out, sums[i]);
        }
        return sums;
    }

    void allGather(DType type, int n) {
        Tensor in = values.of(type, mine(type, n), n);
        Tensor out = values.of(type, new double[n * size()], (long) n * size());
        collectives.allGather(stream(), in, out);
        double[] expected = new double[n * size()];
        for (int index = 0; index < size(); index++) {
            System.arraycopy(given(type, index, n, n), 0, expected, index * n, n);
        }
        expect("all-gather", expected, out);
        // The input may be the rank's own part of the output.
        Tensor part = out.slice(0, (long) group.index() * n, (group.index() + 1L) * n);
        stream().fill(out, 0);
        stream().copy(in, part);
        collectives.allGather(stream(), part, out);
        expect("all-gather in place", expected, out);
    }

    void reduceScatter(DType type, int n) {
        int all = n * size();
        Tensor in = values.of(type, mine(type, all), all);
        for (DType result : new DType[] {DType.F32, DType.BF16}) {
            Tensor out = values.tensor(result, n);
            collectives.reduceScatter(stream(), in, out);
            expect("reduce-scatter into " + result, Arrays.copyOfRange(sum(type, result, all, all), group.index() * n,
                    (group.index() + 1) * n), out);
        }
    }

    void allReduce(DType type, int n) {
        Tensor tensor = values.of(type, mine(type, n), n);
        collectives.allReduce(stream(), tensor);
        expect("all-reduce", sum(type, type, n, n), tensor);
    }

    void broadcast(DType type, int n) {
        for (int root = 0; root < size(); root++) {
            Tensor tensor = values.of(type, mine(type, n), n);
            collectives.broadcast(stream(), tensor, root);
            expect("broadcast from " + root, given(type, root, n, n), tensor);
        }
    }

    /** Rank s sends (s + 2p + n) mod 4 rows to rank p, so that some send none. */
    void allToAllV(DType type, int n) {
        int columns = 3;
        long[] send = new long[size()];
        long[] recv = new long[size()];
        Arrays.setAll(send, p -> rows(group.index(), p, n));
        Arrays.setAll(recv, s -> rows(s, group.index(), n));
        int sent = (int) Arrays.stream(send).sum();
        int received = (int) Arrays.stream(recv).sum();
        Tensor in = values.of(type, given(type, group.index(), sent * columns, n), sent, columns);
        Tensor out = values.of(type, new double[(received + 1) * columns], received + 1, columns);
        collectives.allToAllV(stream(), in, send, out, recv);
        double[] expected = new double[(received + 1) * columns];
        int at = 0;
        for (int source = 0; source < size(); source++) {
            int before = 0;
            int all = 0;
            for (int p = 0; p < size(); p++) {
                before += p < group.index() ? rows(source, p, n) : 0;
                all += rows(source, p, n);
            }
            System.arraycopy(given(type, source, all * columns, n), before * columns, expected, at * columns,
                    (int) recv[source] * columns);
            at += (int) recv[source];
        }
        expect("all-to-all", expected, out);
    }

    private static int rows(int source, int destination, int n) {
        return (source + 2 * destination + n) % 4;
    }

    /** Sums of sums, without a host read in between. */
    void backToBack(int rounds) throws InterruptedException {
        int n = 333;
        Random delays = new Random(group.index());
        Tensor tensor = values.of(DType.I64, new double[n], n);
        Tensor gathered = values.of(DType.I64, new double[n * size()], (long) n * size());
        double expected = 0;
        stream().fill(tensor, 1);
        for (int round = 0; round < rounds; round++) {
            if (delays.nextInt(4) == 0) {
                Thread.sleep(delays.nextInt(3));
            }
            collectives.allReduce(stream(), tensor);
            collectives.allGather(stream(), tensor, gathered);
            collectives.broadcast(stream(), tensor, round % size());
            // Set the tensor to values that depend on the round, from another rank's part.
            stream().copy(gathered.slice(0, (long) n * (round % size()), n * (round % size() + 1L)), tensor);
            expected = size() * (round == 0 ? 1 : round % 2 == 1 ? 3 : 5);
            if (round + 1 < rounds) {
                stream().fill(tensor, (round + 1) % 2 == 1 ? 3 : 5);
            }
        }
        double[] all = new double[n];
        Arrays.fill(all, expected);
        expect("back to back", all, tensor);
    }

    private void expect(String what, double[] expected, Tensor actual) {
        double[] values = HostValues.read(stream(), actual);
        for (int i = 0; i < expected.length; i++) {
            if (!(expected[i] == values[i])) {
                throw new AssertionError("rank " + group.index() + " of " + size() + ": " + what + " of "
                        + actual + ", element " + i + " is " + values[i] + ", expected " + expected[i]);
            }
        }
    }
}
