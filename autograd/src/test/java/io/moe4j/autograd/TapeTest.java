package io.moe4j.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Optional;
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

    /** With a kind: its results can be kept. */
    private class Named extends Noted {
        private final String kind;

        Named(String name, String kind, int inputs, Integer... reads) {
            super(name, inputs, Set.of(reads), false);
            this.kind = kind;
        }

        @Override
        public Optional<String> kind() {
            return Optional.of(kind);
        }
    }

    /** Changes the value of its only input in place. */
    private final class InPlace extends Noted {
        private final Variable x;

        InPlace(String name, Variable x) {
            super(name, 1, Set.of(), false);
            this.x = x;
        }

        @Override
        public Tensor allocateOutput(Tape tape) {
            return x.tensor();
        }

        @Override
        public boolean changesInput() {
            return true;
        }
    }

    /** a → b → (c in b's place) → d, whose gradient reads c. */
    private Variable chain(Tape tape) {
        Variable a = tape.apply(new Named("a", "first", 1), tape.input(tensor(), true));
        Variable b = tape.apply(new Named("b", "first", 1), a);
        Variable c = tape.apply(new InPlace("c", b), b);
        return tape.apply(new Named("d", "last", 1, 0), c);
    }

    /** The second use of a kind has a number. What is kept lies at the same address in recompute, and does not run again; nor does what led to it. */
    @Test
    void whatIsKeptDoesNotRunAgain() {
        KeptValues kept = new KeptValues(Set.of("first 2"));
        Variable forward = chain(Tape.immediate(rank, kept));
        assertEquals(List.of("+a", "+b", "+c", "+d"), calls);
        calls.clear();
        Tape deferred = Tape.deferred(rank, kept);
        Variable x = deferred.input(tensor(), true);
        Variable a = deferred.apply(new Named("a", "first", 1), x);
        Variable b = deferred.apply(new Named("b", "first", 1), a);
        Variable c = deferred.apply(new InPlace("c", b), b);
        deferred.backward(deferred.apply(new Named("d", "last", 1, 0), c), tensor());
        assertEquals(List.of("-d", "-c", "-b", "-a"), calls);
        assertSame(b.tensor(), c.tensor());
        assertNotSame(forward.tensor(), c.tensor());
    }

    /** With nothing kept, or only the operation before, what changes a value in place runs again, exactly once, on a value that is new. */
    @Test
    void aChangeInPlaceRunsWithWhatItChanges() {
        for (Set<String> chosen : List.of(Set.<String>of(), Set.of("first"))) {
            KeptValues kept = new KeptValues(chosen);
            chain(Tape.immediate(rank, kept));
            calls.clear();
            Tape deferred = Tape.deferred(rank, kept);
            deferred.backward(chain(deferred), tensor());
            assertEquals(chosen.isEmpty() ? List.of("+a", "+b", "+c", "-d", "-c", "-b", "-a")
                    : List.of("+b", "+c", "-d", "-c", "-b", "-a"), calls);
        }
    }

    @Test
    void aProfileHasWhatIsReadAndWhatItTakes() {
        double[] cost = {0};
        Tape tape = Tape.profiling(rank, () -> cost[0] += 1);
        SegmentProfile profile = tape.profile("block", chain(tape));
        assertEquals(List.of(Optional.of("first"), Optional.of("first 2"), Optional.empty(), Optional.of("last")),
                profile.operations().stream().map(OperationProfile::key).toList());
        // 8 floats each, aligned to 256 bytes; the change in place takes nothing.
        assertEquals(List.of(256L, 256L, 0L, 256L),
                profile.operations().stream().map(OperationProfile::bytes).toList());
        assertEquals(4, profile.cost());
        assertEquals(3, profile.repeatedCost(Set.of()), "a, b and c, which d's gradient reads");
        assertEquals(2, profile.repeatedCost(Set.of("first")), "b and c");
        assertEquals(0, profile.repeatedCost(Set.of("first 2")));
        assertEquals(256, profile.bytes(Set.of("first 2", "no such")));
        assertThrows(IllegalStateException.class, () -> Tape.immediate(rank, new KeptValues()).profile("block",
                tape.input(tensor(), true)));
    }

    @Test
    void recomputeMustAllocateWhatForwardDid() {
        KeptValues kept = new KeptValues(Set.of("first"));
        Tape.immediate(rank, kept).apply(new Named("a", "first", 1), Tape.immediate(rank, kept).input(tensor(), true));
        Tape deferred = Tape.deferred(rank, kept);
        Variable x = deferred.input(tensor(), true);
        Named larger = new Named("a", "first", 1) {
            @Override
            public Tensor allocateOutput(Tape tape) {
                return tape.temporary("test", DType.F32, 2 * SIZE);
            }
        };
        String message = assertThrows(IllegalStateException.class, () -> deferred.apply(larger, x)).getMessage();
        assertTrue(message.contains("[16]") && message.contains("forward has kept"), message);
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
