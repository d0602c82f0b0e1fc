package io.moe4j.trainer.step;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * The device tensors with the number of tokens of each expert, in the order of the layers. Each step counts them anyway; this class only copies them.
 *
 * @param layers indices of the layers that have experts
 * @param counts one tensor for each layer, I32 (E)
 */
record ExpertTokens(List<Integer> layers, List<Tensor> counts) {

    /** The counts of a model; empty for one without experts. */
    static ExpertTokens of(Model model) {
        TreeMap<Integer, Tensor> byLayer = new TreeMap<>(model.tokensPerExpert());
        return new ExpertTokens(List.copyOf(byLayer.keySet()), List.copyOf(byLayer.values()));
    }

    /** No counts, for steps whose counts are never read. */
    static ExpertTokens none() {
        return new ExpertTokens(List.of(), List.of());
    }

    /** The number of counts, all layers together. */
    int size() {
        return Math.toIntExact(counts.stream().mapToLong(Tensor::elements).sum());
    }

    /** Enqueues the copy of all counts into one tensor, layer after layer. */
    void copyTo(Stream stream, Tensor all) {
        long from = 0;
        for (Tensor count_E : counts) {
            stream.copy(count_E, all.slice(0, from, from + count_E.elements()));
            from += count_E.elements();
        }
    }

    /**
     * Exchanges the counts that each rank has read; all ranks call it. Returns the counts of each expert-parallel group.
     *
     * @param mine this rank's counts, layer after layer; empty if another rank of the group sends them
     */
    static List<List<Integer>> exchange(RankContext rank, int[] mine) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * mine.length);
        bytes.asIntBuffer().put(mine);
        List<List<Integer>> groups = new ArrayList<>();
        for (byte[] told : rank.rendezvous().exchange(rank.world(), "tokens of experts", bytes.array())) {
            if (told.length > 0) {
                int[] counts = new int[told.length / Integer.BYTES];
                ByteBuffer.wrap(told).asIntBuffer().get(counts);
                groups.add(Arrays.stream(counts).boxed().toList());
            }
        }
        return groups;
    }

    /** Splits counts that were copied by {@link #copyTo} into layers. */
    List<List<Integer>> byLayer(List<Integer> all) {
        List<List<Integer>> parts = new ArrayList<>();
        int from = 0;
        for (Tensor count_E : counts) {
            int to = from + Math.toIntExact(count_E.elements());
            parts.add(all.subList(from, to));
            from = to;
        }
        return parts;
    }
}
