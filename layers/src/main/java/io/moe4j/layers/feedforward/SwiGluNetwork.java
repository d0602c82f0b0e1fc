package io.moe4j.layers.feedforward;

import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.unit.AdapterTargets;
import io.moe4j.layers.unit.Linear;
import java.util.List;

/**
 * down · (silu(gate · x) · (up · x)), with gate and up in one matrix (Shazeer, "GLU Variants Improve Transformer", 2020).
 *
 * @param gateUp_2FD the rows of gate, then those of up
 * @param down_DF back to the residual stream
 */
record SwiGluNetwork(Linear gateUp_2FD, Linear down_DF) {

    /** @param at start of its names in a checkpoint, after the block's prefix */
    static SwiGluNetwork of(BlockBuilder block, String name, String at, long hidden) {
        Linear gateUp = block.linear(block.dense().gateUp(name + ".gate_up", block.prefix() + at, block.outputStd(),
                hidden, block.dim()));
        return new SwiGluNetwork(gateUp, block.output(name + ".down", at + "down_proj.weight", hidden));
    }

    /** @param group see {@link AdapterTargets.Matrix#group()} */
    static List<AdapterTargets.Matrix> adapterMatrices(String group, long dim, long hidden, int count, int active) {
        return List.of(new AdapterTargets.Matrix(group, "gate_proj", hidden, dim, count, active),
                new AdapterTargets.Matrix(group, "up_proj", hidden, dim, count, active),
                new AdapterTargets.Matrix(group, "down_proj", dim, hidden, count, active));
    }

    Variable forward(Tape tape, Variable x_TD) {
        return down(tape, gateUp(tape, x_TD));
    }

    /** Its first half. */
    Variable gateUp(Tape tape, Variable x_TD) {
        return gateUp_2FD.forward(tape, x_TD);
    }

    /** Its second half. */
    Variable down(Tape tape, Variable gateUp_T2F) {
        return down_DF.forward(tape, Functions.swiglu(tape, gateUp_T2F));
    }
}
