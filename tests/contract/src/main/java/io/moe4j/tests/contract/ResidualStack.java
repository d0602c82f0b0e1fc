package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** x ← x + swiglu(norm(x) · W₁ᵀ) · W₂ᵀ, three times: a model that fits on a page. */
final class ResidualStack implements AutoCloseable {
    static final int BLOCKS = 3;

    private static final long TOKENS = 7;
    private static final long DIM = 16;
    private static final long HIDDEN = 24;

    private final SingleRank rank;
    private final HostValues values;
    private final List<Block> blocks = new ArrayList<>();
    private final Tensor x_TD;
    private final Tensor dy_TD;
    private int applications;
    private int keptComputations;

    ResidualStack(Device device) {
        rank = SingleRank.on(device);
        values = new HostValues(device, rank.context().stream());
        x_TD = random(1, TOKENS, DIM);
        dy_TD = random(2, TOKENS, DIM);
        for (int i = 0; i < BLOCKS; i++) {
            blocks.add(new Block(i));
        }
    }

    /** The results of a forward and a backward pass. */
    record Result(double[] output, double[] inputGradient, List<double[]> gradients, boolean temporariesReturned,
            long outputAddress) {}

    int applications() {
        return applications;
    }

    int keptComputations() {
        return keptComputations;
    }

    private Tensor random(long seed, long... shape) {
        Random random = new Random(seed);
        long elements = Tensor.bytes(DType.F32, shape) / Float.BYTES;
        return values.of(DType.F32, random.doubles(elements, -1, 1).toArray(), shape);
    }

    /** Runs each segment on one recording tape, with its unit gathered and its gradients open all the time. */
    Result recordingEverything() {
        try (Scope step = rank.context().memory().openStep()) {
            List<ParameterUnit.Gathered> gathered = new ArrayList<>();
            for (Block block : blocks) {
                gathered.add(block.unit.gather());
                block.unit.openGradients();
            }
            Tape tape = Tape.recording(rank.context(), new KeptValues());
            Variable x = tape.input(x_TD, true);
            Variable y = x;
            for (Block block : blocks) {
                y = block.apply(tape, y);
            }
            tape.backward(y, gradient());
            blocks.forEach(block -> block.unit.reduceGradients());
            gathered.forEach(ParameterUnit.Gathered::close);
            return result(x, y, false);
        }
    }

    Result with(RecomputePolicy policy) {
        applications = 0;
        keptComputations = 0;
        try (Scope step = rank.context().memory().openStep()) {
            Tape tape = Tape.recording(rank.context(), new KeptValues());
            Variable x = tape.input(x_TD, true);
            long before = nextAddress();
            Variable y = x;
            for (Block block : blocks) {
                y = policy.run(tape, block, y);
            }
            boolean returned = nextAddress() == before;
            tape.backward(y, gradient());
            return result(x, y, returned);
        }
    }

    private long nextAddress() {
        try (Scope probe = rank.context().memory().open()) {
            return rank.context().memory().allocate("probe", DType.F32, 1).address();
        }
    }

    /** A copy, because a policy may write the gradient with respect to the input over that with respect to the output. */
    private Tensor gradient() {
        Tensor copy = rank.context().memory().keep("gradient", DType.F32, TOKENS, DIM);
        rank.context().stream().copy(dy_TD, copy);
        return copy;
    }

    private Result result(Variable x, Variable y, boolean returned) {
        List<double[]> gradients = blocks.stream().map(block -> read(block.unit.gradientShard())).toList();
        return new Result(read(y.tensor()), read(x.gradient()), gradients, returned, y.tensor().address());
    }

    private double[] read(Tensor tensor) {
        return HostValues.read(rank.context().stream(), tensor);
    }

    @Override
    public void close() {
        blocks.forEach(block -> block.unit.close());
        values.close();
        rank.close();
    }

    private final class Block implements Segment {
        private final String name;
        private final Parameter norm;
        private final Parameter gateUp;
        private final Parameter down;
        private final ParameterUnit unit;

        Block(int index) {
            name = "blocks." + index;
            norm = new Parameter(name + ".norm", 0, DIM);
            gateUp = new Parameter(name + ".gate_up", 0, 2 * HIDDEN, DIM);
            down = new Parameter(name + ".down", 0, DIM, HIDDEN);
            unit = new ParameterUnit(name, List.of(norm, gateUp, down), rank.context(), ShardGroup.alone(),
                    Precision.single());
            Tensor shard = unit.shard();
            Random random = new Random(100 + index);
            HostValues.write(rank.context().stream(), shard,
                    random.doubles(shard.elements(), -0.5, 0.5).toArray());
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public List<ParameterUnit> units() {
            return List.of(unit);
        }

        @Override
        public Variable forward(Tape tape, Variable x) {
            applications++;
            tape.kept(Integer.class, "once", () -> keptComputations++);
            return apply(tape, x);
        }

        private Variable apply(Tape tape, Variable x) {
            Variable hidden = Functions.swiglu(tape,
                    Functions.linear(tape, Functions.rmsNorm(tape, x, norm, 1e-5f), gateUp));
            return Functions.add(tape, x, Functions.linear(tape, hidden, down));
        }
    }
}
