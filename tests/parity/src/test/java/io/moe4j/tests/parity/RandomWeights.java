package io.moe4j.tests.parity;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.generate.WeightSource;
import java.lang.foreign.MemorySegment;

/** Parameters that depend on the seed, the parameter and the element alone: weights of norms near 1, others large enough that tokens differ. */
record RandomWeights(long seed) implements WeightSource {

    @Override
    public void load(RankContext rank, Model model) {
        for (ParameterUnit unit : model.units()) {
            unit.write(unit.shard(), (parameter, from, into, count) -> {
                long[] shape = parameter.shape();
                double middle = shape.length == 1 ? 1 : 0;
                double spread = shape.length == 1 ? 0.2 : 2 / Math.sqrt(shape[shape.length - 1]);
                for (int i = 0; i < count; i++) {
                    into[i] = (float) (middle + spread * uniform(parameter.name(), from + i));
                }
            });
        }
        model.buffers().forEach((name, tensor) -> fill(name, tensor, rank.stream()));
        rank.stream().synchronize();
    }

    private void fill(String name, Tensor tensor, Stream stream) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.1 * uniform(name, i));
        }
        stream.upload(MemorySegment.ofArray(values), tensor);
    }

    /** In [-1, 1). */
    private double uniform(String name, long index) {
        return (ElementwiseOps
                .mix(ElementwiseOps.mix(seed * 31 + name.hashCode()) + index * 0x9E37_79B9_7F4A_7C15L) >> 11)
                * 0x1p-52;
    }
}
