package io.moe4j.layers.attention;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.layers.rotary.Rotary;

/**
 * Rotates each head of queries or keys (T, n·Q) in place, from element {@code nope} of the head on. In place is safe because the norms and projections that
 * compute its input do not read it in backward. A recompute policy that keeps the input keeps the rotated values.
 */
final class Turned implements Operation {
    private final String what;
    private final Rotary rotary;
    private final Variable x;
    private final long heads;
    private final long nope;

    /**
     * A rotation.
     *
     * @param what what is rotated, such as {@code "queries"}
     * @param rotary with the positions of this pass
     * @param heads n
     * @param nope elements at the start of each head that are not rotated
     */
    Turned(String what, Rotary rotary, Variable x, long heads, long nope) {
        this.what = what;
        this.rotary = rotary;
        this.x = x;
        this.heads = heads;
        this.nope = nope;
    }

    @Override
    public String name() {
        return "rotation of " + what;
    }

    @Override
    public String span() {
        return "attention";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return x.tensor();
    }

    @Override
    public boolean changesInput() {
        return true;
    }

    @Override
    public boolean readsInput(int index) {
        return false;
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        Tensor part = turned(output);
        rotary.turn(tape, part, part);
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.passChanged(0, gradient -> {
            Tensor part = turned(gradient);
            rotary.turnBack(tape, part, part);
        });
    }

    /** The rotated elements, (T, n, Q - nope). */
    private Tensor turned(Tensor tensor) {
        long dim = tensor.dim(1) / heads;
        Tensor split = tensor.view(tensor.dim(0), heads, dim);
        return nope == 0 ? split : split.slice(2, nope, dim);
    }
}
