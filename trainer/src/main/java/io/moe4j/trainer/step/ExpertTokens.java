package io.moe4j.trainer.step;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Where the counts of tokens for each expert lie on the device, in the order of the layers. The step counts them anyway; they are only copied.
 *
 * @param layers indices of the layers that have experts
 * @param counts one tensor a layer, I32 (E)
 */
record ExpertTokens(List<Integer> layers, List<Tensor> counts) {

    /** Those of a model; empty for one without experts. */
    static ExpertTokens of(Model model) {
        TreeMap<Integer, Tensor> byLayer = new TreeMap<>(model.tokensPerExpert());
        return new ExpertTokens(List.copyOf(byLayer.keySet()), List.copyOf(byLayer.values()));
    }

    /** For a step whose counts are never read. */
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

    /** Takes counts apart that were copied by {@link #copyTo}. */
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
