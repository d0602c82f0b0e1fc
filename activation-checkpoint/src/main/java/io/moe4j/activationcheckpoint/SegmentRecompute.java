package io.moe4j.activationcheckpoint;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.ParameterUnit;

/**
 * Keeps a segment's output, the values that it asks to keep, and the results of the operations that were chosen; all other memory goes back when the
 * segment ends (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).
 *
 * @param choice the operations whose results are kept
 */
record SegmentRecompute(KeptChoice choice) implements RecomputePolicy {

    @Override
    public Variable run(Tape tape, Segment segment, Variable x) {
        return tape.apply(new RecomputedSegment(segment, x, new KeptValues(choice.of(segment.name()))), x);
    }

    /** The segment as one operation of the outer tape. */
    private static final class RecomputedSegment implements Operation {
        private final Segment segment;
        private final Variable x;
        private final KeptValues kept;

        RecomputedSegment(Segment segment, Variable x, KeptValues kept) {
            this.kept = kept;
            this.segment = segment;
            this.x = x;
        }

        @Override
        public String name() {
            return "recomputed " + segment.name();
        }

        @Override
        public String span() {
            return "block";
        }

        @Override
        public Tensor allocateOutput(Tape tape) {
            return tape.rank().memory().keep("kept activations", x.tensor().dtype(), Tape.extents(x.tensor()));
        }

        @Override
        public void forward(Tape tape, Tensor output) {
            try (Scope scope = tape.rank().memory().open(); GatheredUnits units = new GatheredUnits(segment)) {
                Tape inner = Tape.immediate(tape.rank(), kept);
                Variable y = segment.forward(inner, inner.input(x.tensor(), false));
                tape.ops().elementwise().copy(tape.stream(), y.tensor(), output);
            }
        }

        @Override
        public void backward(Tape tape, Gradients gradients) {
            // No other operation reads the gradient with respect to the output afterwards, so the gradient with respect to the input overwrites it.
            Tensor gradient = gradients.ofOutput();
            try (Scope scope = tape.rank().memory().open(); GatheredUnits units = new GatheredUnits(segment)) {
                segment.units().forEach(ParameterUnit::openGradients);
                Tape inner = Tape.deferred(tape.rank(), kept);
                Variable input = inner.input(x.tensor(), true);
                inner.backward(segment.forward(inner, input), gradient);
                segment.units().forEach(ParameterUnit::reduceGradients);
                tape.ops().elementwise().copy(tape.stream(), input.gradient(), gradient);
            }
            gradients.pass(0, gradient);
        }
    }
}
