package io.moe4j.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.device.Stream;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.runtime.planning.PlanningRendezvous;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which operations a tape runs, in which order, and how contributions meet. A device that computes nothing is enough. */
final class TapeTest {
    private static final long SIZE = 8;

    private final PlanningDevice device = PlanningDevice.open(new WorkspaceSizes() {});
    private final Stream stream = device.openStream("rank 0");
    private final MemoryStack memory = new MemoryStack(device.endless(), region -> {});
    private final RankContext rank = new RankContext(new Group("world", List.of(0), 0), device, stream, memory,
            new PlanningRendezvous());
    private final Scope step = memory.openStep();
    private final List<String> calls = new ArrayList<>();

    @AfterEach
    void close() {
        step.close();
        device.close();
    }

    /** Notes its calls; its gradient reads the inputs listed. */
    private class Noted implements Operation {
        private final String name;
        private final Set<Integer> reads;
        private final boolean needsForward;
        private final int inputs;

        Noted(String name, int inputs, Set<Integer> reads, boolean needsForward) {
            this.name = name;
            this.inputs = inputs;
            this.reads = reads;
            this.needsForward = needsForward;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Tensor allocateOutput(Tape tape) {
            return tape.temporary("test", DType.F32, SIZE);
        }

        @Override
        public void forward(Tape tape, Tensor output) {
            calls.add("+" + name);
        }

        @Override
        public void backward(Tape tape, Gradients gradients) {
            calls.add("-" + name);
            for (int i = 0; i < inputs; i++) {
                gradients.write(i, fresh -> {});
            }
        }

        @Override
        public boolean readsInput(int index) {
            return reads.contains(index);
        }

        @Override
        public boolean backwardNeedsForward() {
            return needsForward;
        }
    }

    private Noted op(String name, int inputs, Integer... reads) {
        return new Noted(name, inputs, Set.of(reads), false);
    }

    private Tensor tensor() {
        return memory.allocate("test", DType.F32, SIZE);
    }

    @Test
    void recordingRunsForwardAtOnceAndBackwardInReverse() {
        Tape tape = Tape.recording(rank, new KeptValues());
        Variable x = tape.input(tensor(), true);
        Variable y = tape.apply(op("b", 1), tape.apply(op("a", 1), x));
        assertEquals(List.of("+a", "+b"), calls);
        tape.backward(y, tensor());
        assertEquals(List.of("+a", "+b", "-b", "-a"), calls);
        assertEquals(List.of(SIZE), x.gradient().shape());
    }

    /**
     * The end of a block is not computed again: c's gradient reads nothing, b's reads a's result, and nobody reads b's own. Without the rule, recompute would
     * run all three.
     */
    @Test
    void deferredRunsOnlyWhatSomeGradientReads() {
        Tape tape = Tape.deferred(rank, new KeptValues());
        Variable x = tape.input(tensor(), true);
        Variable a = tape.apply(op("a", 1), x);
        Variable b = tape.apply(op("b", 1, 0), a);
        Variable c = tape.apply(op("c", 1), b);
        assertEquals(List.of(), calls);
        tape.backward(c, tensor());
        assertEquals(List.of("+a", "-c", "-b", "-a"), calls);
    }

    @Test
    void deferredRunsWhatALaterForwardReadsAndWhatAnOperationLeavesInItself() {
        Tape tape = Tape.deferred(rank, new KeptValues());
        Variable x = tape.input(tensor(), true);
        Variable a = tape.apply(op("a", 1), x);
        Variable norm = tape.apply(new Noted("norm", 1, Set.of(), true), a);
        Variable last = tape.apply(op("last", 1), norm);
        tape.backward(last, tensor());
        assertEquals(List.of("+a", "+norm", "-last", "-norm", "-a"), calls);
    }

    @Test
    void whatTheOutputDoesNotDependOnHasNoBackward() {
        Tape tape = Tape.recording(rank, new KeptValues());
        Variable x = tape.input(tensor(), true);
        Variable side = tape.apply(op("side", 1, 0), x);
        Variable y = tape.apply(op("y", 1), x);
        tape.backward(y, tensor());
        assertEquals(List.of("+side", "+y", "-y"), calls);
        assertFalse(side.hasGradient());
        assertThrows(IllegalStateException.class, side::gradient);
    }

    /** The gradient that a sum passes on belongs to two readers: neither may add into it. */
    @Test
    void aPassedGradientIsNeverAddedInto() {
        Tape tape = Tape.recording(rank, new KeptValues());
        Variable x = tape.input(tensor(), true);
        Variable a = tape.apply(op("a", 1), x);
        Variable sum = tape.apply(new Noted("sum", 2, Set.of(), false) {
            @Override
            public void backward(Tape passing, Gradients gradients) {
                gradients.pass(0, gradients.ofOutput());
                gradients.pass(1, gradients.ofOutput());
            }
        }, a, x);
        Tensor gradient = tensor();
        tape.backward(sum, gradient);
        assertSame(gradient, a.gradient());
        assertNotSame(gradient, x.gradient());
    }

    @Test
    void anInputThatNeedsNoneGetsNoGradient() {
        Tape tape = Tape.recording(rank, new KeptValues());
        Variable fixed = tape.input(tensor(), false);
        Variable y = tape.apply(op("y", 1), fixed);
        tape.backward(y, tensor());
        assertFalse(fixed.hasGradient());
    }

    @Test
    void keptValuesAreComputedOnce() {
        KeptValues kept = new KeptValues();
        String first = Tape.immediate(rank, kept).kept(String.class, "routing", () -> "forward");
        String second = Tape.deferred(rank, kept).kept(String.class, "routing", () -> "recompute");
        assertEquals("forward", first);
        assertSame(first, second);
    }

    @Test
    void anImmediateTapeHasNoBackward() {
        Tape tape = Tape.immediate(rank, new KeptValues());
        Variable y = tape.apply(op("y", 1), tape.input(tensor(), true));
        assertThrows(IllegalStateException.class, () -> tape.backward(y, tensor()));
    }
}
