package io.moe4j.app.parity;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.checkpoint.NameMap;
import io.moe4j.trainer.session.RankSession;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A rank's part of the tensors of a golden file: loads its parameters from there, and compares tensors that are sharded like them. Used by the rank's thread.
 */
final class CheckpointValues {
    private final Golden golden;
    private final RankSession rank;
    private final NameMap names;

    CheckpointValues(Golden golden, RankSession rank) {
        this.golden = golden;
        this.rank = rank;
        this.names = new NameMap(rank.model());
    }

    /** Sets parameters and biases to those of the golden file; biases that the file does not have stay as they are. */
    void load() {
        Model model = rank.model();
        model.checkpointNames()
                .forEach((name, slice) -> golden.requireShape(Golden.PARAMETER + name, slice.shape()));
        model.units().forEach(unit -> unit.write(unit.shard(), (parameter, from, into, count) -> names.cut(parameter,
                from, count, (range, offset) -> {
                    int length = Math.toIntExact(range.count());
                    System.arraycopy(golden.floats(Golden.PARAMETER + range.name(), range.from(), length), 0, into,
                            offset, length);
                })));
        model.buffers().forEach((name, tensor) -> {
            if (!golden.has(Golden.PARAMETER + name)) {
                return;
            }
            golden.requireShape(Golden.PARAMETER + name, tensor.shape());
            rank.context().stream().upload(MemorySegment.ofArray(golden.floats(Golden.PARAMETER + name)), tensor);
        });
        rank.context().stream().synchronize();
    }

    /** Compares this rank's part of all tensors with a prefix; tensors that the golden file does not have are skipped. */
    void compare(String prefix, Function<ParameterUnit, Tensor> shard, Comparison comparison) {
        if (!rank.groups().isFirstReplica()) {
            return;
        }
        for (ParameterUnit unit : rank.model().units()) {
            unit.read(shard.apply(unit), (parameter, from, values, count) -> names.cut(parameter, from, count,
                    (range, offset) -> {
                        String name = prefix + range.name();
                        if (golden.has(name)) {
                            float[] expected = golden.floats(name, range.from(), Math.toIntExact(range.count()));
                            comparison.of(range.name()).add(values, offset, expected);
                        }
                    }));
        }
    }

    /** The experts' biases by layer. */
    void compareBiases(Comparison comparison) {
        if (rank.context().rank() != 0) {
            return;
        }
        Map<String, Tensor> buffers = rank.model().buffers();
        for (String layer : golden.names(Golden.BIAS)) {
            Tensor bias = buffers.get("model.layers." + layer + ".mlp.gate.e_score_correction_bias");
            if (bias == null) {
                throw golden.refusal(Golden.BIAS + layer + " is of a layer without experts");
            }
            float[] values = new float[Math.toIntExact(bias.elements())];
            golden.requireShape(Golden.BIAS + layer, List.of((long) values.length));
            rank.context().stream().download(bias, MemorySegment.ofArray(values));
            comparison.of("layer " + layer).add(values, 0, golden.floats(Golden.BIAS + layer));
        }
    }
}
