package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;

final class CpuOptimizerOps implements OptimizerOps {
    private final Commands commands;
    private final TileScratch scratch;
    private final MuonLoops muon;

    CpuOptimizerOps(Commands commands, TileScratch scratch) {
        muon = new MuonLoops(commands, scratch);
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void adamw(Stream stream, AdamW a) {
        update(stream, a, Optional.empty());
    }

    @Override
    public boolean adamwConverted(Stream stream, AdamW a, Tensor converted) {
        a.requireConvertible(converted);
        update(stream, a, Optional.of(converted));
        return true;
    }

    private void update(Stream stream, AdamW a, Optional<Tensor> converted) {
        Optional<Rows> again = converted.map(tensor -> flat(a, tensor));
        Rows parameter = Rows.flat(a.parameter());
        Rows gradient = flat(a, a.gradient());
        Rows first = flat(a, a.firstMoment());
        Rows second = flat(a, a.secondMoment());
        Coefficients c = Coefficients.of(a);
        commands.submit(stream, "adamw",
                () -> Blocks.overElements(commands, parameter.columns(), (block, from, to) -> {
                    try (TileScratch.Lease lease = scratch.take(4 * Blocks.ELEMENTS)) {
                        long n = to - from;
                        long p = lease.floats(n);
                        long m = lease.floats(n);
                        long v = lease.floats(n);
                        long updated = parameter.readPart(0, from, n, p);
                        update(c, updated, gradient.readPart(0, from, n, lease.floats(n)),
                                first.readPart(0, from, n, m), second.readPart(0, from, n, v), n);
                        if (a.rounding() instanceof Rounding.Stochastic stochastic) {
                            round(stochastic, p, from, n);
                        }
                        parameter.writePart(0, from, n, p);
                        again.ifPresent(rows -> rows.writePart(0, from, n, updated));
                        first.writePart(0, from, n, m);
                        second.writePart(0, from, n, v);
                    }
                }), touched(a, converted));
    }

    @Override
    public void sumOfSquares(Stream stream, Tensor x, Tensor sum, Optional<Tensor> workspace) {
        Rows all = Rows.flat(x);
        OperandChecks.dense("sum", sum, DType.F32);
        OperandChecks.elements("sum", sum, 1);
        long result = sum.address();
        commands.submit(stream, "sumOfSquares", () -> {
            double[] partials = new double[Math.toIntExact(Math.ceilDiv(all.columns(), Blocks.ELEMENTS))];
            Blocks.overElements(commands, all.columns(), (block, from, to) -> {
                try (TileScratch.Lease lease = scratch.take(Blocks.ELEMENTS)) {
                    long n = to - from;
                    long part = all.readPart(0, from, n, lease.floats(n));
                    partials[(int) block] = Flat.dot(part, part, n, new float[Lanes.COUNT]);
                }
            });
            double total = Lanes.get(result, 0);
            for (double partial : partials) {
                total += partial;
            }
            Lanes.set(result, 0, (float) total);
        }, x, sum);
    }

    @Override
    public void momentum(Stream stream, Momentum arguments) {
        muon.momentum(stream, arguments);
    }

    @Override
    public void normalize(Stream stream, Tensor x, Tensor sum, float least, Tensor out) {
        muon.normalize(stream, x, sum, least, out);
    }

    @Override
    public void descend(Stream stream, Descent arguments) {
        muon.descend(stream, arguments);
    }

    private static Tensor[] touched(AdamW a, Optional<Tensor> converted) {
        List<Tensor> tensors = new ArrayList<>(
                List.of(a.parameter(), a.gradient(), a.firstMoment(), a.secondMoment()));
        converted.ifPresent(tensors::add);
        return tensors.toArray(Tensor[]::new);
    }

    private static Rows flat(AdamW a, Tensor tensor) {
        if (!tensor.shape().equals(a.parameter().shape())) {
            throw new IllegalArgumentException(
                    "AdamW of " + a.parameter() + " with " + tensor + ": shapes must be equal");
        }
        return Rows.flat(tensor);
    }

    /** Factors that are the same for all elements, computed in double precision. */
    private record Coefficients(float keep, float gradientScale, float beta1, float rest1, float beta2, float rest2,
            float stepSize, float rootCorrection, float eps) {

        static Coefficients of(AdamW a) {
            double correction1 = 1 - Math.pow(a.beta1(), a.step());
            double correction2 = 1 - Math.pow(a.beta2(), a.step());
            return new Coefficients((float) (1 - (double) a.learningRate() * a.weightDecay()), a.gradientScale(),
                    a.beta1(), (float) (1 - (double) a.beta1()), a.beta2(), (float) (1 - (double) a.beta2()),
                    (float) (a.learningRate() / correction1), (float) Math.sqrt(correction2), a.eps());
        }
    }

    /** Rounds to values that BF16 can hold, so that storing them as BF16 does not change them again. */
    static void round(Rounding.Stochastic rounding, long values, long firstOfBlock, long n) {
        for (long i = 0; i < n; i++) {
            int bits = Lanes.getInt(values, i);
            if ((bits & 0x7F80_0000) != 0x7F80_0000) {
                Lanes.setInt(values, i, (bits + rounding.bits(firstOfBlock + i)) & 0xFFFF_0000);
            }
        }
    }

    private static void update(Coefficients c, long parameter, long gradient, long first, long second, long n) {
        for (long i = 0; i < n; i += Lanes.COUNT) {
            var live = Lanes.first(Math.min(Lanes.COUNT, n - i));
            FloatVector g = Lanes.load(gradient, i, live).mul(c.gradientScale);
            FloatVector m = Lanes.load(first, i, live).mul(c.beta1).add(g.mul(c.rest1));
            FloatVector v = Lanes.load(second, i, live).mul(c.beta2).add(g.mul(g).mul(c.rest2));
            FloatVector p = Lanes.load(parameter, i, live).mul(c.keep);
            FloatVector root = v.sqrt().div(c.rootCorrection).add(c.eps);
            Lanes.store(p.sub(m.mul(c.stepSize).div(root)), parameter, i, live);
            Lanes.store(m, first, i, live);
            Lanes.store(v, second, i, live);
        }
    }
}
