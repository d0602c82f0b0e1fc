package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.OptimizerOps.Descent;
import io.moe4j.api.ops.OptimizerOps.Momentum;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import jdk.incubator.vector.FloatVector;

/** The element-wise loops of Muon. */
final class MuonLoops {
    private final Commands commands;
    private final TileScratch scratch;

    MuonLoops(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    void momentum(Stream stream, Momentum a) {
        Rows gradient = Rows.flat(a.gradient());
        Rows momentum = alike("momentum", a.gradient(), a.momentum());
        Rows update = alike("momentum", a.gradient(), a.update());
        float rest = (float) (1 - (double) a.beta());
        commands.submit(stream, "momentum",
                () -> Blocks.overElements(commands, gradient.columns(), (block, from, to) -> {
                    try (TileScratch.Lease lease = scratch.take(3 * Blocks.ELEMENTS)) {
                        long n = to - from;
                        long heldScratch = lease.floats(n);
                        long updateScratch = lease.floats(n);
                        long g = gradient.readPart(0, from, n, lease.floats(n));
                        long m = momentum.readPart(0, from, n, heldScratch);
                        long u = update.placePart(0, from, updateScratch);
                        for (long i = 0; i < n; i += Lanes.COUNT) {
                            var live = Lanes.first(Math.min(Lanes.COUNT, n - i));
                            FloatVector scaled = Lanes.load(g, i, live).mul(a.gradientScale()).mul(rest);
                            FloatVector next = Lanes.load(m, i, live).mul(a.beta()).add(scaled);
                            Lanes.store(a.nesterov() ? next.mul(a.beta()).add(scaled) : next, u, i, live);
                            Lanes.store(next, m, i, live);
                        }
                        momentum.writePart(0, from, n, heldScratch);
                        update.writePart(0, from, n, updateScratch);
                    }
                }), a.gradient(), a.momentum(), a.update());
    }

    void normalize(Stream stream, Tensor x, Tensor sum, float least, Tensor out) {
        Rows in = Rows.flat(x);
        Rows into = alike("normalize", x, out);
        OperandChecks.dense("sum", sum, DType.F32);
        OperandChecks.elements("sum", sum, 1);
        long sumAt = sum.address();
        commands.submit(stream, "normalize",
                () -> Blocks.overElements(commands, in.columns(), (block, from, to) -> {
                    try (TileScratch.Lease lease = scratch.take(2 * Blocks.ELEMENTS)) {
                        long n = to - from;
                        float divisor = Math.max((float) Math.sqrt(Lanes.get(sumAt, 0)), least);
                        long outScratch = lease.floats(n);
                        long values = in.readPart(0, from, n, lease.floats(n));
                        long scaled = into.placePart(0, from, outScratch);
                        for (long i = 0; i < n; i += Lanes.COUNT) {
                            var live = Lanes.first(Math.min(Lanes.COUNT, n - i));
                            Lanes.store(Lanes.load(values, i, live).div(divisor), scaled, i, live);
                        }
                        into.writePart(0, from, n, outScratch);
                    }
                }), x, sum, out);
    }

    void descend(Stream stream, Descent a) {
        Rows parameter = Rows.flat(a.parameter());
        Rows update = alike("descend", a.parameter(), a.update());
        commands.submit(stream, "descend",
                () -> Blocks.overElements(commands, parameter.columns(), (block, from, to) -> {
                    try (TileScratch.Lease lease = scratch.take(2 * Blocks.ELEMENTS)) {
                        long n = to - from;
                        long parameterScratch = lease.floats(n);
                        long p = parameter.readPart(0, from, n, parameterScratch);
                        long u = update.readPart(0, from, n, lease.floats(n));
                        for (long i = 0; i < n; i += Lanes.COUNT) {
                            var live = Lanes.first(Math.min(Lanes.COUNT, n - i));
                            Lanes.store(Lanes.load(p, i, live).mul(a.keep()).sub(Lanes.load(u, i, live).mul(a.rate())),
                                    p, i, live);
                        }
                        if (a.rounding() instanceof Rounding.Stochastic stochastic) {
                            CpuOptimizerOps.round(stochastic, p, from, n);
                        }
                        parameter.writePart(0, from, n, parameterScratch);
                    }
                }), a.parameter(), a.update());
    }

    private static Rows alike(String operation, Tensor first, Tensor tensor) {
        if (!tensor.shape().equals(first.shape())) {
            throw new IllegalArgumentException(
                    operation + " of " + first + " with " + tensor + ": shapes must be equal");
        }
        return Rows.flat(tensor);
    }
}
