package io.moe4j.tests.gpu;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.session.RankSession;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;

/** What each block of an open model computes for some tokens. All ranks ask at the same time. */
final class BlockOutputs {

    private BlockOutputs() {}

    /** Values by the name of the block. */
    static Map<String, float[]> of(RankSession session, int[] ids) {
        RankContext rank = session.context();
        Map<String, float[]> outputs = new TreeMap<>();
        try (Scope step = rank.memory().openStep()) {
            Tensor ids_T = rank.memory().allocate("test", DType.I32, ids.length);
            rank.stream().upload(MemorySegment.ofArray(ids), ids_T);
            Tensor x_TD = ids_T;
            for (Stage stage : session.model().stages()) {
                switch (stage) {
                    case Stage.First first -> x_TD = first.forward(Tape.inference(rank), ids_T).tensor();
                    case Stage.Inner block -> outputs.put(block.name(), run(rank, block, x_TD));
                    case Stage.Last last -> {}
                }
            }
        }
        return outputs;
    }

    /** Computes the next x in the place of x. */
    private static float[] run(RankContext rank, Stage.Inner block, Tensor x_TD) {
        Deque<ParameterUnit.Gathered> gathered = new ArrayDeque<>();
        try (Scope scope = rank.memory().open()) {
            block.units().forEach(unit -> gathered.push(unit.gather()));
            Tape tape = Tape.inference(rank);
            Tensor y_TD = block.forward(tape, tape.input(x_TD, false)).tensor();
            rank.device().ops().elementwise().copy(rank.stream(), y_TD, x_TD);
            gathered.forEach(ParameterUnit.Gathered::close);
        }
        return values(rank, x_TD);
    }

    private static float[] values(RankContext rank, Tensor x_TD) {
        float[] values = new float[Math.toIntExact(x_TD.elements())];
        if (x_TD.dtype() == DType.F32) {
            rank.stream().download(x_TD, MemorySegment.ofArray(values));
            return values;
        }
        short[] bits = new short[values.length];
        rank.stream().download(x_TD, MemorySegment.ofArray(bits));
        for (int i = 0; i < values.length; i++) {
            values[i] = BFloat16.widen(bits[i]);
        }
        return values;
    }
}
