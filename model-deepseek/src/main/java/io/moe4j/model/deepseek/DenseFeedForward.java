package io.moe4j.model.deepseek;

import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.sharding.Parameter;

/**
 * down · (silu(gate · x) · (up · x)), with gate and up in one matrix (Shazeer, "GLU Variants Improve Transformer", 2020).
 *
 * @param gateUp_2FD gate above up
 * @param down_DF back to the residual stream
 */
record DenseFeedForward(Parameter gateUp_2FD, Parameter down_DF) implements FeedForwardLayer {

    static DenseFeedForward of(UnitBuilder unit, String name, String checkpointPrefix, double outputStd, long hidden,
            long dim) {
        return new DenseFeedForward(unit.gateUp(name + ".gate_up", checkpointPrefix, outputStd, hidden, dim),
                unit.matrix(name + ".down", checkpointPrefix + "down_proj.weight", outputStd, dim, hidden));
    }

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        Variable gateUp = Functions.linear(tape, x_TD, gateUp_2FD);
        return Functions.linear(tape, Functions.swiglu(tape, gateUp), down_DF);
    }
}
