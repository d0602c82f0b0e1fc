package io.moe4j.tests.gpu;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.ServiceLoader;

/** Checks every collective against direct sums in rank order, bit for bit. Each rank generates the data of all ranks from their seeds. */
final class CollectivesCheck {
    private final Ranks.Rank rank;
    private final Gpu gpu;
    private final Stream stream;
    private final Collectives collectives;
    private final int ranks;
    private final int self;

    CollectivesCheck(Ranks.Rank rank, Collectives collectives) {
        this.rank = rank;
        this.gpu = rank.gpu();
        this.stream = gpu.stream;
        this.collectives = collectives;
        this.ranks = collectives.group().size();
        this.self = collectives.group().index();
    }

    void all() {
        for (int n : new int[] {1, 7, 1003, 100_001}) {
            for (DType in : new DType[] {DType.F32, DType.BF16}) {
                allGather(in, n);
                allReduce(in, n);
                broadcast(in, n, ranks - 1);
                for (DType out : new DType[] {DType.F32, DType.BF16}) {
                    reduceScatter(in, out, n);
                }
            }
        }
        counts();
        allToAll();
    }

    /** Each collective once, because processes that share a GPU take turns of milliseconds. */
    void some() {
        allGather(DType.BF16, 1003);
        allReduce(DType.F32, 1003);
        broadcast(DType.BF16, 1003, 0);
        reduceScatter(DType.BF16, DType.F32, 1003);
        allToAll();
    }

    /** Tensors larger than the scratch: several pieces per part, and a number of elements that the ranks do not divide. */
    void large() {
        reduceScatter(DType.F32, DType.F32, 18_000_000 / ranks + 3);
        allReduce(DType.F32, 18_000_000 / ranks + 3);
    }

    /** Compares replays of a captured graph, with new numbers, with eager runs. */
    void captured() {
        int n = 5003;
        double[] zero = new double[n * ranks];
        Tensor in = gpu.floats(DType.F32, zero, (long) n * ranks);
        Tensor part = gpu.tensor(DType.F32, n);
        Tensor whole = gpu.tensor(DType.F32, (long) n * ranks);
        GraphCaptureProvider provider = Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph");
        Runnable body = () -> {
            collectives.reduceScatter(stream, in, part);
            collectives.allGather(stream, part, whole);
            collectives.allReduce(stream, whole);
            collectives.broadcast(stream, whole, 0);
        };
        body.run();
        stream.synchronize();
        try (GraphCapture capture = provider.open(rank.context());
                CapturedGraph graph = capture.capture(stream, body)) {
            for (int round = 0; round < 3; round++) {
                gpu.write(in, Reference.random(DType.F32, (long) n * ranks, 31L * round + self));
                body.run();
                double[] eager = gpu.read(whole);
                stream.fill(whole, -1);
                graph.replay(stream);
                Reference.same("replay " + round, eager, gpu.read(whole));
            }
        }
    }

    /** Compares what replays of a graph gather and reduce on {@code beside} with eager calls on the main stream, with new numbers in each replay. */
    void capturedBeside(Stream beside) {
        for (int n : new int[] {8, 1003}) {
            for (DType in : new DType[] {DType.F32, DType.BF16}) {
                for (DType out : new DType[] {DType.F32, DType.BF16}) {
                    capturedBeside(beside, in, out, n);
                }
            }
        }
        // More than the window holds.
        capturedBeside(beside, DType.F32, DType.BF16, 9_000_001);
    }

    private void capturedBeside(Stream beside, DType type, DType sums, int n) {
        Tensor in = gpu.tensor(type, (long) n * ranks);
        Tensor part = gpu.tensor(sums, n);
        Tensor whole = gpu.tensor(sums, (long) n * ranks);
        Tensor inPlace = gpu.tensor(sums, (long) n * ranks);
        Tensor own = inPlace.slice(0, (long) self * n, (self + 1L) * n);
        GraphCaptureProvider provider = Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph");
        try (GraphCapture capture = provider.open(rank.context());
                CapturedGraph graph = capture.capture(stream, () -> {
                    beside.await(stream.record());
                    reduceAndGather(beside, in, part, whole, own, inPlace);
                    stream.await(beside.record());
                })) {
            for (int round = 0; round < 3; round++) {
                gpu.write(in, Reference.random(type, (long) n * ranks, 31L * round + self));
                reduceAndGather(stream, in, part, whole, own, inPlace);
                double[] eager = gpu.read(whole);
                stream.fill(whole, -1);
                stream.fill(inPlace, -1);
                stream.fill(part, -1);
                graph.replay(stream);
                String what = "replay " + round + " of " + n + " " + type + " to " + sums;
                Reference.same(what, eager, gpu.read(whole));
                Reference.same(what + ", in place", eager, gpu.read(inPlace));
            }
        }
    }

    private void reduceAndGather(Stream on, Tensor in, Tensor part, Tensor whole, Tensor own, Tensor inPlace) {
        collectives.reduceScatter(on, in, part);
        collectives.allGather(on, part, whole);
        on.copy(part, own);
        collectives.allGather(on, own, inPlace);
    }

    /** Host time per call, in microseconds. Makes so few calls that none waits for room in the stream, which takes about a thousand. */
    double microsecondsPerCall() {
        Tensor in = gpu.tensor(DType.F32, 1024);
        Tensor out = gpu.tensor(DType.F32, 1024L * ranks);
        int calls = 50;
        long begin = 0;
        for (int i = -10; i < calls; i++) {
            begin = i == 0 ? System.nanoTime() : begin;
            collectives.allGather(stream, in, out);
        }
        double micros = (System.nanoTime() - begin) / 1e3 / calls;
        stream.synchronize();
        return micros;
    }

    /** Values of very different magnitudes, whose sums depend on their order. */
    private static double[] data(DType type, int n, int of) {
        double[] values = new double[n];
        long state = 1000L * n + of;
        for (int i = 0; i < n; i++) {
            state = state * 6364136223846793005L + 1442695040888963407L;
            float value = ((int) (state >> 32) >> (int) (state >>> 61)) * 0x1p-30f;
            values[i] = Reference.rounded(type, value);
        }
        return values;
    }

    /** The sum in rank order, in fp32, rounded once. */
    private double[] sum(DType in, DType out, int n) {
        float[] sums = new float[n];
        for (int p = 0; p < ranks; p++) {
            double[] values = data(in, n, p);
            for (int i = 0; i < n; i++) {
                sums[i] += (float) values[i];
            }
        }
        double[] rounded = new double[n];
        Arrays.setAll(rounded, i -> Reference.rounded(out, sums[i]));
        return rounded;
    }

    private void allGather(DType type, int n) {
        double[] expected = new double[n * ranks];
        for (int p = 0; p < ranks; p++) {
            System.arraycopy(data(type, n, p), 0, expected, p * n, n);
        }
        Tensor out = gpu.tensor(type, (long) n * ranks);
        collectives.allGather(stream, gpu.floats(type, data(type, n, self), n), out);
        Reference.same("all-gather of " + n + " " + type, expected, gpu.read(out));
        Tensor inPlace = gpu.tensor(type, (long) n * ranks);
        Tensor own = inPlace.slice(0, (long) self * n, (self + 1L) * n);
        gpu.write(own, data(type, n, self));
        collectives.allGather(stream, own, inPlace);
        Reference.same("all-gather in place", expected, gpu.read(inPlace));
    }

    private void reduceScatter(DType in, DType out, int n) {
        Tensor result = gpu.tensor(out, n);
        collectives.reduceScatter(stream, gpu.floats(in, data(in, n * ranks, self), (long) n * ranks), result);
        Reference.same("reduce-scatter of " + n + " " + in + " to " + out,
                Arrays.copyOfRange(sum(in, out, n * ranks), self * n, (self + 1) * n), gpu.read(result));
    }

    private void allReduce(DType type, int n) {
        Tensor tensor = gpu.floats(type, data(type, n, self), n);
        collectives.allReduce(stream, tensor);
        Reference.same("all-reduce of " + n + " " + type, sum(type, type, n), gpu.read(tensor));
    }

    private void broadcast(DType type, int n, int root) {
        Tensor tensor = gpu.floats(type, data(type, n, self), n);
        collectives.broadcast(stream, tensor, root);
        Reference.same("broadcast of " + n + " " + type, data(type, n, root), gpu.read(tensor));
    }

    private void counts() {
        Tensor ints = gpu.ints(new int[] {self + 1, -5, 1 << 20}, 3);
        collectives.allReduce(stream, ints);
        Reference.same("all-reduce of I32", new double[] {ranks * (ranks + 1) / 2.0, -5 * ranks, (1 << 20) * ranks},
                gpu.read(ints));
        Tensor longs = gpu.tensor(DType.I64, 1);
        stream.upload(MemorySegment.ofArray(new long[] {1L << 40}), longs);
        collectives.allReduce(stream, longs);
        Reference.same("all-reduce of I64", new double[] {(double) ranks * (1L << 40)}, gpu.read(longs));
    }

    /** Rank s sends (s + 2 d) mod 5 rows of 3 elements to rank d, each (s, d, row): some counts are zero. */
    private void allToAll() {
        long[] send = new long[ranks];
        long[] receive = new long[ranks];
        for (int p = 0; p < ranks; p++) {
            send[p] = (self + 2 * p) % 5;
            receive[p] = (p + 2 * self) % 5;
        }
        Tensor in = gpu.ints(rows(send, true), Math.max(1, Arrays.stream(send).sum()), 3);
        Tensor out = gpu.tensor(DType.I32, Math.max(1, Arrays.stream(receive).sum()), 3);
        collectives.allToAllV(stream, in, send, out, receive);
        int[] expected = rows(receive, false);
        double[] got = gpu.read(out);
        if (Arrays.stream(receive).sum() > 0) {
            Reference.same("all-to-all-v", Arrays.stream(expected).asDoubleStream().toArray(), got);
        }
    }

    private int[] rows(long[] counts, boolean sending) {
        int[] values = new int[(int) Math.max(1, Arrays.stream(counts).sum()) * 3];
        int at = 0;
        for (int p = 0; p < ranks; p++) {
            for (int row = 0; row < counts[p]; row++) {
                values[at++] = sending ? self : p;
                values[at++] = sending ? p : self;
                values[at++] = row;
            }
        }
        return values;
    }
}
