package io.moe4j.trainer.step;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compares data that ranks should hold equal, so that a device that corrupts data without an error is found. Digests are computed on the device, and only
 * they are sent.
 *
 * <p>These are compared, bit by bit: among replicas, each unit's parameters, moments and reduced gradients; among the shards of a unit, its parameters as
 * each rank has gathered them; among all ranks, what the model keeps beside parameters (the experts' biases), the step and the learning rate. A shard with
 * only one copy cannot be compared: corruption of it in its rank's memory is not detected.
 */
final class ReplicaCheck implements AutoCloseable {
    private final RankContext rank;
    private final Optimizer optimizer;
    private final List<ParameterUnit> units;
    private final List<Held> held = new ArrayList<>();
    private final Memory digests;

    /** A tensor of which other ranks have a copy; {@code group} is the first of these ranks. */
    private record Held(String what, int group, Tensor tensor, boolean gradient) {}

    ReplicaCheck(RankContext rank, Model model, Optimizer optimizer) {
        this.rank = rank;
        this.optimizer = optimizer;
        units = model.units();
        units.stream().filter(ParameterUnit::isFrozen).forEach(unit -> shared(unit.group().replicas()).ifPresent(
                group -> held.add(new Held("parameters of unit " + unit.name(), group, unit.shard(), false))));
        for (Optimizer.Shard shard : optimizer.shards()) {
            shared(shard.unit().group().replicas()).ifPresent(group -> {
                String of = " of unit " + shard.unit().name();
                held.add(new Held("parameters" + of, group, shard.unit().shard(), false));
                held.add(new Held("first moments" + of, group, shard.firstMoment(), false));
                held.add(new Held("second moments" + of, group, shard.secondMoment(), false));
                held.add(new Held("reduced gradients" + of, group, shard.unit().gradientShard(), true));
            });
        }
        if (rank.world().size() > 1) {
            model.buffers().entrySet().stream().sorted(java.util.Map.Entry.comparingByKey())
                    .forEach(buffer -> held.add(new Held(buffer.getKey(), 0, buffer.getValue(), false)));
        }
        digests = rank.device().allocate(Tensor.bytes(DType.I64, held.size() + units.size()), "step report");
    }

    private static Optional<Integer> shared(Optional<Collectives> over) {
        return over.map(Collectives::group).filter(group -> group.size() > 1).map(group -> group.ranks().getFirst());
    }

    /**
     * Compares, and waits for the device and for all ranks. All ranks call it at the same point between the work of two steps, outside a scope.
     *
     * @param withGathered whether parameters are also gathered from all shards and compared, which takes longer than copying them
     * @param withGradients whether the units' gradients are those of one step on all ranks
     * @return a description of what differs, the same on every rank; empty if nothing does
     */
    Optional<String> compare(long step, double learningRate, boolean withGradients,
            boolean withGathered) {
        Tensor all = all();
        optimizer.settle();
        rank.stream().fill(all, 0);
        for (int i = 0; i < held.size(); i++) {
            if (withGradients || !held.get(i).gradient()) {
                digest(held.get(i).tensor(), all.slice(0, i, i + 1));
            }
        }
        if (withGathered) {
            digestGathered(all);
        }
        long[] values = new long[Math.toIntExact(all.elements())];
        rank.stream().download(all, MemorySegment.ofArray(values));
        return DigestReport.differences(rank.rendezvous()
                .exchange(rank.world(), "comparison of copies, step " + step,
                        new DigestReport(entries(values, step, learningRate)).encode())
                .stream().map(DigestReport::decode).toList());
    }

    private List<DigestReport.Entry> entries(long[] values, long step, double learningRate) {
        List<DigestReport.Entry> entries = new ArrayList<>();
        entries.add(new DigestReport.Entry("step", 0, step));
        entries.add(new DigestReport.Entry("learning rate", 0, Double.doubleToLongBits(learningRate)));
        for (int i = 0; i < held.size(); i++) {
            entries.add(new DigestReport.Entry(held.get(i).what(), held.get(i).group(), values[i]));
        }
        for (int i = 0; i < units.size(); i++) {
            ParameterUnit unit = units.get(i);
            long value = values[held.size() + i];
            shared(unit.group().shards()).ifPresent(group -> entries
                    .add(new DigestReport.Entry("gathered parameters of unit " + unit.name(), group, value)));
        }
        return entries;
    }

    /** Gathers the units that a comparison gathers, so that its memory can be counted on a device that computes nothing. */
    void rehearse() {
        digestGathered(all());
    }

    private Tensor all() {
        return Tensor.of(digests, 0, DType.I64, held.size() + units.size());
    }

    private void digestGathered(Tensor all) {
        for (int i = 0; i < units.size(); i++) {
            if (shared(units.get(i).group().shards()).isPresent()) {
                digestGathered(units.get(i), all.slice(0, held.size() + i, held.size() + i + 1));
            }
        }
    }

    /** Digests freshly gathered values: a unit may still hold values from before its last change. */
    private void digestGathered(ParameterUnit unit, Tensor into) {
        unit.prepare();
        try (Scope scope = rank.memory().openStep(); ParameterUnit.Gathered gathered = unit.gather()) {
            unit.parameters().forEach(parameter -> digest(parameter.value(), into));
        }
    }

    private void digest(Tensor tensor, Tensor into) {
        rank.device().ops().elementwise().digest(rank.stream(), tensor, into);
    }

    @Override
    public void close() {
        digests.close();
    }
}
