package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ActivationOps;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import jdk.incubator.vector.FloatVector;

final class CpuActivationOps implements ActivationOps {
    private final Commands commands;
    private final TileScratch scratch;

    CpuActivationOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void swiglu(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor h_TF) {
        Rows gate = Rows.of(gate_TF);
        Rows up = same(gate_TF, up_TF);
        Rows h = same(gate_TF, h_TF);
        commands.submit(stream, "swiglu",
                () -> Blocks.overRows(commands, gate.count(), gate.columns(), (from, to) -> {
                    try (TileScratch.Lease lease = scratch.take(3 * gate.columns() + 64)) {
                        long g = lease.floats(gate.columns());
                        long u = lease.floats(gate.columns());
                        long out = lease.floats(gate.columns());
                        for (long t = from; t < to; t++) {
                            forward(gate.read(t, g), up.read(t, u), h.place(t, out), gate.columns());
                            h.write(t, out);
                        }
                    }
                }), gate_TF, up_TF, h_TF);
    }

    @Override
    public void swigluBackward(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor dh_TF, Tensor dgate_TF,
            Tensor dup_TF) {
        Rows gate = Rows.of(gate_TF);
        Rows up = same(gate_TF, up_TF);
        Rows dh = same(gate_TF, dh_TF);
        Rows dgate = same(gate_TF, dgate_TF);
        Rows dup = same(gate_TF, dup_TF);
        commands.submit(stream, "swigluBackward",
                () -> Blocks.overRows(commands, gate.count(), gate.columns(), (from, to) -> {
                    try (TileScratch.Lease lease = scratch.take(6 * gate.columns() + 128)) {
                        long g = lease.floats(gate.columns());
                        long u = lease.floats(gate.columns());
                        long d = lease.floats(gate.columns());
                        long dg = lease.floats(gate.columns());
                        long du = lease.floats(gate.columns());
                        long s = lease.floats(gate.columns());
                        for (long t = from; t < to; t++) {
                            long gates = gate.read(t, g);
                            sigmoids(gates, s, gate.columns());
                            backward(gates, s, up.read(t, u), dh.read(t, d), dgate.place(t, dg), dup.place(t, du),
                                    gate.columns());
                            dgate.write(t, dg);
                            dup.write(t, du);
                        }
                    }
                }), gate_TF, up_TF, dh_TF, dgate_TF, dup_TF);
    }

    private static Rows same(Tensor gate, Tensor other) {
        if (!gate.shape().equals(other.shape())) {
            throw new IllegalArgumentException("SwiGLU of " + gate + " with " + other + ": shapes must be equal");
        }
        return Rows.of(other);
    }

    private static FloatVector sigmoid(FloatVector x) {
        return Lanes.all(1).div(Exp.of(x.neg()).add(1));
    }

    private static void forward(long gate, long up, long h, long n) {
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector g = Lanes.load(gate, i);
            Lanes.store(g.mul(sigmoid(g)).mul(Lanes.load(up, i)), h, i);
        }
        if (i < n) {
            var tail = Lanes.first(n - i);
            FloatVector g = Lanes.load(gate, i, tail);
            Lanes.store(g.mul(sigmoid(g)).mul(Lanes.load(up, i, tail)), h, i, tail);
        }
    }

    /** Computes σ of the gates. A separate pass, because the compiler stops inlining in a larger loop: an element then takes eight times as long. */
    private static void sigmoids(long gate, long sigmoids, long n) {
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(sigmoid(Lanes.load(gate, i)), sigmoids, i);
        }
        if (i < n) {
            var tail = Lanes.first(n - i);
            Lanes.store(sigmoid(Lanes.load(gate, i, tail)), sigmoids, i, tail);
        }
    }

    private static void backward(long gate, long sigmoids, long up, long dh, long dgate, long dup, long n) {
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector d = Lanes.load(dh, i);
            FloatVector s = Lanes.load(sigmoids, i);
            FloatVector silu = Lanes.load(gate, i).mul(s);
            Lanes.store(d.mul(Lanes.load(up, i)).mul(slope(s, silu)), dgate, i);
            Lanes.store(d.mul(silu), dup, i);
        }
        if (i < n) {
            var tail = Lanes.first(n - i);
            FloatVector d = Lanes.load(dh, i, tail);
            FloatVector s = Lanes.load(sigmoids, i, tail);
            FloatVector silu = Lanes.load(gate, i, tail).mul(s);
            Lanes.store(d.mul(Lanes.load(up, i, tail)).mul(slope(s, silu)), dgate, i, tail);
            Lanes.store(d.mul(silu), dup, i, tail);
        }
    }

    /** The derivative of silu: σ + x·σ·(1 − σ). */
    private static FloatVector slope(FloatVector sigmoid, FloatVector silu) {
        return sigmoid.add(silu.mul(Lanes.all(1).sub(sigmoid)));
    }
}
