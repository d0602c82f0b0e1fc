package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

final class CpuRopeOps implements RopeOps {
    private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(Lanes.F, i -> i ^ 1);
    private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(Lanes.F, i -> i & ~1);
    private static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(Lanes.F, i -> i | 1);

    private final Commands commands;
    private final TileScratch scratch;

    CpuRopeOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void rotate(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR) {
        submit(stream, x_THR, cosSin_SR, Optional.empty(), out_THR, pairs(inverse));
    }

    @Override
    public void rotateHalves(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR) {
        submit(stream, x_THR, cosSin_SR, Optional.empty(), out_THR, halves(inverse));
    }

    @Override
    public void rotateAt(Stream stream, AtPositions a) {
        OperandChecks.dense("positions", a.positions_T(), DType.I32);
        OperandChecks.shape("positions", a.positions_T(), a.x_THR().dim(0));
        submit(stream, a.x_THR(), a.cosSin_SR(), Optional.of(a.positions_T()), a.out_THR(),
                a.halves() ? halves(a.inverse()) : pairs(a.inverse()));
    }

    private static Turn pairs(boolean inverse) {
        float[] signs = new float[Lanes.COUNT];
        for (int i = 0; i < signs.length; i++) {
            signs[i] = (i % 2 == 0) == inverse ? 1 : -1;
        }
        return (x, table, out, columns) -> pairs(x, table, signs, out, columns);
    }

    private static Turn halves(boolean inverse) {
        float direction = inverse ? -1 : 1;
        return (x, table, out, columns) -> halves(x, table, direction, out, columns / 2);
    }

    /** Rotates one head of one token: from {@code x} to {@code out}, which may be the same. */
    @FunctionalInterface
    private interface Turn {
        void apply(long x, long cosSin, long out, long columns);
    }

    private void submit(Stream stream, Tensor x_THR, Tensor cosSin_SR, Optional<Tensor> positions_T, Tensor out_THR,
            Turn turn) {
        long heads = x_THR.dim(1);
        long columns = x_THR.dim(2);
        long sequence = cosSin_SR.dim(0);
        OperandChecks.shape("out", out_THR, x_THR.dim(0), heads, columns);
        OperandChecks.shape("cosSin", cosSin_SR, sequence, columns);
        OperandChecks.dense("cosSin", cosSin_SR, DType.F32);
        if (columns % 2 != 0) {
            throw new IllegalArgumentException(x_THR + " has rows of odd length; rotation takes pairs");
        }
        long table = cosSin_SR.address();
        Heads x = Heads.of(x_THR);
        Heads out = Heads.of(out_THR);
        long given = positions_T.map(Tensor::address).orElse(0L);
        List<Tensor> touched = new ArrayList<>(List.of(x_THR, cosSin_SR, out_THR));
        positions_T.ifPresent(touched::add);
        commands.submit(stream, "rope", () -> {
            if (positions_T.isPresent()) {
                OperandChecks.ids("positions", given, x_THR.dim(0), sequence);
            }
            Blocks.overRows(commands, x_THR.dim(0), heads * columns, (from, to) -> {
                try (TileScratch.Lease lease = scratch.take(2 * columns + 64)) {
                    long in = lease.floats(columns);
                    long result = lease.floats(columns);
                    for (long t = from; t < to; t++) {
                        long position = positions_T.isPresent() ? Lanes.getInt(given, t) : t % sequence;
                        for (long h = 0; h < heads; h++) {
                            turn.apply(x.read(t, h, in), table + 4 * position * columns,
                                    out.place(t, h, result), columns);
                            out.write(t, h, result);
                        }
                    }
                }
            });
        }, touched.toArray(Tensor[]::new));
    }

    /** Rotates pairs (a, b) that lie half a row apart to (a·cos − b·sin, b·cos + a·sin); {@code direction} -1 rotates back. */
    private static void halves(long x, long cosSin, float direction, long out, long half) {
        long i = 0;
        for (; i <= half - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector a = Lanes.load(x, i);
            FloatVector b = Lanes.load(x, half + i);
            FloatVector cos = Lanes.load(cosSin, i);
            FloatVector sin = Lanes.load(cosSin, half + i).mul(direction);
            Lanes.store(a.mul(cos).sub(b.mul(sin)), out, i);
            Lanes.store(b.mul(cos).add(a.mul(sin)), out, half + i);
        }
        for (; i < half; i++) {
            float a = Lanes.get(x, i);
            float b = Lanes.get(x, half + i);
            float cos = Lanes.get(cosSin, i);
            float sin = direction * Lanes.get(cosSin, half + i);
            Lanes.set(out, i, a * cos - b * sin);
            Lanes.set(out, half + i, b * cos + a * sin);
        }
    }

    /** Rotates adjacent pairs (a, b) to (a·cos − b·sin, b·cos + a·sin), or back with the opposite signs. */
    private static void pairs(long x, long cosSin, float[] signs, long out, long n) {
        FloatVector sign = FloatVector.fromArray(Lanes.F, signs, 0);
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector table = Lanes.load(cosSin, i);
            FloatVector v = Lanes.load(x, i);
            FloatVector crossed = v.rearrange(SWAP).mul(table.rearrange(ODD)).mul(sign);
            Lanes.store(v.mul(table.rearrange(EVEN)).add(crossed), out, i);
        }
        if (i < n) {
            var tail = Lanes.first(n - i);
            FloatVector table = Lanes.load(cosSin, i, tail);
            FloatVector v = Lanes.load(x, i, tail);
            FloatVector crossed = v.rearrange(SWAP).mul(table.rearrange(ODD)).mul(sign);
            Lanes.store(v.mul(table.rearrange(EVEN)).add(crossed), out, i, tail);
        }
    }
}
