package io.moe4j.activationcheckpoint;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.ParameterUnit;
import org.jspecify.annotations.Nullable;

/** Keeps all that forward computes, gathered parameters included, in the scope of the step. */
final class NoRecompute implements RecomputePolicy {

    @Override
    public Variable run(Tape tape, Segment segment, Variable x) {
        return tape.apply(new KeptSegment(segment, x), x);
    }

    private static final class KeptSegment implements Operation {
        private final Segment segment;
        private final Variable x;
        private @Nullable GatheredUnits units;
        private @Nullable Tape inner;
        private @Nullable Variable input;
        private @Nullable Variable result;

        KeptSegment(Segment segment, Variable x) {
            this.segment = segment;
            this.x = x;
        }

        @Override
        public String name() {
            return "kept " + segment.name();
        }

        @Override
        public String span() {
            return "block";
        }

        @Override
        public Tensor allocateOutput(Tape tape) {
            return tape.temporary("activations", x.tensor().dtype(), Tape.extents(x.tensor()));
        }

        @Override
        public void forward(Tape tape, Tensor output) {
            inner = Tape.recording(tape.rank(), new KeptValues());
            input = inner.input(x.tensor(), true);
            units = new GatheredUnits(segment);
            result = segment.forward(inner, input);
            tape.ops().elementwise().copy(tape.stream(), result.tensor(), output);
        }

        @Override
        public boolean backwardNeedsForward() {
            return true;
        }

        @Override
        public void backward(Tape tape, Gradients gradients) {
            if (units == null || inner == null || input == null || result == null) {
                throw new IllegalStateException("backward of " + name() + " before its forward");
            }
            units.bind();
            segment.units().forEach(ParameterUnit::openGradients);
            inner.backward(result, gradients.ofOutput());
            segment.units().forEach(ParameterUnit::reduceGradients);
            units.close();
            gradients.pass(0, input.gradient());
        }
    }
}
