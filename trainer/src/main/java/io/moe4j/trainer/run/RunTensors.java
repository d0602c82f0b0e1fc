package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.checkpoint.NameMap;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.session.TrainingSession;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of an open run by their Hugging Face names, or PEFT's: parameters, low-rank updates, and the experts' biases.
 * They may be read between steps, by the thread that makes the steps.
 *
 * <pre>{@code
 * NamedTensor norm = run.tensors().read("model.norm.weight");
 * }</pre>
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RunTensors {
    private final TrainingSession session;

    RunTensors(TrainingSession session) {
        this.session = session;
    }

    /** The shapes of all tensors of which this JVM's ranks hold a part, by name, in the order of the names. */
    public SortedMap<String, List<Long>> shapes() {
        Map<String, List<Long>> shapes = new ConcurrentHashMap<>();
        session.onRanks(rank -> {
            rank.model().checkpointNames().forEach((name, slice) -> shapes.put(name, slice.shape()));
            rank.model().adapterNames().forEach((name, slice) -> shapes.put(name, slice.shape()));
            rank.model().buffers().forEach((name, tensor) -> shapes.put(name, List.copyOf(tensor.shape())));
            return rank;
        });
        return new TreeMap<>(shapes);
    }

    /**
     * Reads a tensor as it is after the last step. Waits for the device.
     *
     * @throws InputException if there is no tensor of this name, or if ranks of other JVMs hold a part of it (a checkpoint has the whole tensor)
     */
    public NamedTensor read(String name) {
        List<Long> shape = shapes().get(name);
        if (shape == null) {
            throw new InputException("the model has no tensor \"" + name + "\"; it has " + shapes().size()
                    + ", such as " + shapes().keySet().stream().limit(3).toList() + ": choose one of shapes()");
        }
        float[] values = new float[Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact))];
        AtomicLong read = new AtomicLong();
        session.onRanks(rank -> {
            if (rank.groups().isFirstReplica()) {
                read.addAndGet(copy(rank, name, values));
            }
            return rank;
        });
        if (read.get() < values.length) {
            throw new InputException("this JVM holds " + read.get() + " of the " + values.length + " elements of "
                    + name + ", and ranks of other JVMs the rest; save a checkpoint, and read it there");
        }
        return new NamedTensor(name, shape, values);
    }

    /** Copies a rank's part of a tensor to its place. Ranks write to different places, or equal values to the same place. */
    private static long copy(RankSession rank, String name, float[] values) {
        Model model = rank.model();
        @Nullable Tensor buffer = model.buffers().get(name);
        if (buffer != null) {
            float[] host = new float[values.length];
            rank.context().stream().download(buffer, MemorySegment.ofArray(host));
            System.arraycopy(host, 0, values, 0, host.length);
            return host.length;
        }
        Map<String, Model.ParameterSlice> slices = new HashMap<>(model.checkpointNames());
        slices.putAll(model.adapterNames());
        Model.@Nullable ParameterSlice slice = slices.get(name);
        if (slice == null) {
            return 0;
        }
        NameMap names = new NameMap(model);
        AtomicLong copied = new AtomicLong();
        for (ParameterUnit unit : model.units()) {
            if (unit.parameters().contains(slice.parameter())) {
                unit.read(unit.shard(), (parameter, from, read, count) -> names.cut(parameter, from, count,
                        (range, offset) -> {
                            if (range.name().equals(name)) {
                                int length = Math.toIntExact(range.count());
                                System.arraycopy(read, offset, values, Math.toIntExact(range.from()), length);
                                copied.addAndGet(length);
                            }
                        }));
            }
        }
        return copied.get();
    }
}
